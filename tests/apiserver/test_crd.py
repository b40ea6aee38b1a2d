"""Definitions of custom kinds are looked at when somebody asks for one of theirs."""

from __future__ import annotations

from typing import Any

from manifold import api
from manifold.apiserver.crd import Kinds, Unread
from manifold.apiserver.server import Server
from manifold.k8s import others
from manifold.model import Document

from tests.definitions import definition


def unread(body: dict[str, Any], opened: list[str]) -> Unread:
    """A definition that notes when it is read."""

    def read() -> dict[str, Any]:
        opened.append(body["metadata"]["name"])
        return body

    return Unread(others.defined(body), read)


def test_only_what_is_asked_for_is_read() -> None:
    """And that once; a kind of Kubernetes itself opens none."""
    opened: list[str] = []
    server = Server(crds=[unread(definition(kind=k), opened) for k in ("X", "Y")])
    assert server.kind("v1", "Pod") is not None
    assert server.kind("example.org/v1", "X") is None
    assert opened == []
    for _ in range(2):
        found = server.kind("example.com/v1", "X")
        assert found is not None
        assert found.plural == "xs"
        assert server.kind("example.com/v2", "X") is None
    assert opened == ["xs.example.com"]
    assert [k.kind for k in server.kinds() if k.custom] == ["X", "Y"]


def test_the_last_definition_of_a_kind_counts() -> None:
    """Whether it has been read or not, and with what it does not have taken from those before."""
    first, last = definition(), definition()
    last["spec"]["scope"] = "Cluster"
    second = {**first["spec"]["versions"][0], "name": "v2"}
    first["spec"]["versions"].append(second)
    for given in ([first, last], [unread(first, []), last], [first, unread(last, [])]):
        known = Kinds(given)
        kinds = [known.get("example.com/v1", "X"), known.get("example.com/v2", "X")]
        assert [k and k.namespaced for k in kinds] == [False, True]
        assert {(k.version, k.namespaced) for k in Kinds(given).all()} == {("v1", False), ("v2", True)}


def test_definitions_that_say_nothing_define_nothing() -> None:
    """Misshapen ones, too: the server would not have taken them."""
    bodies: list[dict[str, Any]] = [{"spec": 1}, {"spec": {"names": []}}, {}, definition()]
    bodies[-1]["spec"]["versions"][0]["served"] = "yes"
    known = Kinds([{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **b} for b in bodies])
    assert known.all() == []
    assert known.get("example.com/v1", "X") is None


def test_what_a_definition_defines_is_noted_when_it_is_read() -> None:
    """So that it needs no opening to be told apart from others."""
    body = definition(kind="Widget")
    glance = others.glance(body)
    assert glance.defines == ("example.com", "Widget")
    assert (glance.pod, glance.labels, glance.ports) == (False, {}, ())
    assert others.glance({"apiVersion": "v1", "kind": "Pod", "spec": {}}).defines is None


def test_a_kind_that_only_some_servers_have() -> None:
    """One that is assumed besides leaves the server that it is assumed for as it was."""
    server = Server(crds=[definition()])
    other = server.kind("example.com/v1", "X")
    assert other is not None
    assuming = server.assuming([type(other)("z.io", "v1", "Z", "zs", True, other.type)])
    assert assuming.kind("z.io/v1", "Z") is not None
    assert assuming.kind("example.com/v1", "X") is not None
    assert server.kind("z.io/v1", "Z") is None
    found = api.verdict(
        [Document("", 0, {"apiVersion": "example.com/v1", "kind": "X", "metadata": {"name": "a"}})], server
    )
    assert found == []
