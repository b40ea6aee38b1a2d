"""Where the fields of stored objects come from."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.origin import origins
from manifold.apiserver.server import Server


def of(body: dict[str, Any]) -> dict[tuple[str | int, ...], str]:
    """The origin of each leaf of a created object."""
    return origins(Server(), body)[2]


def pod(**spec: Any) -> dict[str, Any]:
    """A small Pod."""
    body = {"containers": [{"name": "web", "image": "web:1", **spec}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}, "spec": body}


def test_each_stage_is_named() -> None:
    """What is written, what is a default, what a plug-in adds, what the server picks."""
    found = of(pod())

    assert found["spec", "containers", 0, "image"] == "written"
    assert found["spec", "containers", 0, "imagePullPolicy"] == "default"
    assert found["spec", "serviceAccountName"] == "ServiceAccount"
    assert found["spec", "tolerations", 0, "key"] == "DefaultTolerationSeconds"
    assert found["metadata", "name"] == "allocated"
    assert found["status", "phase"] == "server"


def test_another_spelling_of_a_quantity_is_still_written() -> None:
    """0.5 is stored as 500m."""
    found = of(pod(resources={"requests": {"cpu": 0.5}}))

    assert found["spec", "containers", 0, "resources", "requests", "cpu"] == "written"


def test_every_leaf_has_an_origin() -> None:
    """None is left out, and none is empty."""
    answer, body, found = origins(Server(), pod())

    def leaves(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        inner = [leaves(v, (*path, k)) for k, v in items]
        return set().union(*inner) if inner else {path}

    assert not answer.faults.refused
    assert set(found) == leaves(body)
    assert all(found.values())
