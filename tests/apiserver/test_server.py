"""What the server says of several mistakes at once."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver.server import Server
from manifold.model import spell


def blamed(body: dict[str, Any]) -> list[str]:
    """The paths of all faults, in order."""
    return [spell(f.path) for f in Server().create(body).faults]


def deployment(selector: str = "selector", labels: str = "labels", containers: str = "containers") -> dict[str, Any]:
    """A Deployment with some fields perhaps misspelled."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {
            selector: {"matchLabels": {"a": "b"}},
            "template": {"metadata": {labels: {"a": "b"}}, "spec": {containers: [{"name": "c", "image": "i"}]}},
        },
    }


@pytest.mark.parametrize(
    ("misspelled", "path"),
    [
        ({"selector": "selectorr"}, "spec.selectorr"),
        ({"labels": "label"}, "spec.template.metadata.label"),
        ({"containers": "container"}, "spec.template.spec.container"),
    ],
)
def test_a_misspelled_field_is_one_fault(misspelled: dict[str, str], path: str) -> None:
    """What is missing for its sake, and what is blamed for that, goes unsaid."""
    assert blamed(deployment(**misspelled)) == [path]


def test_other_faults_are_told_with_it() -> None:
    """People want everything at once."""
    body = deployment()
    body["spec"]["template"]["spec"]["containers"][0] = {"name": "Not A Name", "imgae": "i", "image": "i"}
    assert blamed(body) == [
        "spec.template.spec.containers[0].imgae",
        "spec.template.spec.containers[0].name",
    ]


def test_the_same_fault_is_told_once() -> None:
    """The server leaves out causes that repeat another."""
    body = deployment()
    body["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{}, {}]
    assert blamed(body) == ["spec.template.spec.containers[0].envFrom"]


def test_an_update_is_one_of_the_version_that_is_stored() -> None:
    """A stale one is refused; one that does not say is refused where the kind asks for it."""
    old = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "a", "namespace": "default", "resourceVersion": "7"},
    }

    def after(**meta: str) -> set[str]:
        new = {**old, "metadata": {"name": "a", "namespace": "default", **meta}}
        return {d.rule for d in api.update(old, new)}

    assert after(resourceVersion="7") == set()
    assert after(resourceVersion="6") == {"api/conflict"}
    assert after() == {"api/invalid"}


def test_an_update_cannot_make_another_kind_of_it() -> None:
    """Neither can it change the API version."""
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}

    assert {d.path for d in api.update(old, {**old, "kind": "Secret"})} == {"kind"}
