"""What becomes of a new Pod before and after it is validated (pkg/registry/core/pod)."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.apiserver.server import Server

Body = dict[str, Any]


def created(spec: Body, version: str | None = None, **meta: Any) -> Body:
    """The Pod as the server takes it."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", **meta},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }
    answer = Server(version).create(body)
    assert not answer.faults.refused
    assert answer.object is not None
    return answer.object


def test_label_keys_are_written_into_selectors() -> None:
    """The Pod's own labels become requirements, on create only."""
    spread = {"topologyKey": "z", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["app", "none"]}
    made = created(
        {"topologySpreadConstraints": [{**spread, "labelSelector": {"matchLabels": {"a": "b"}}}]}, labels={"app": "x"}
    )
    selector = made["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert selector["matchExpressions"] == [{"key": "app", "operator": "In", "values": ["x"]}]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.33", None),
        ("1.36", {"limits": {"cpu": "2"}, "requests": {"cpu": "2", "memory": "1Gi"}}),
        ("1.37", {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "2", "memory": "1Gi"}}),
    ],
)
def test_resources_of_the_whole_pod(version: str, expected: Body | None) -> None:
    """What the Pod does not say of itself comes from its containers; before 1.34 it says nothing."""
    container = {"name": "c", "image": "i", "resources": {"limits": {"memory": "1Gi"}}}
    made = created({"containers": [container], "resources": {"limits": {"cpu": "2"}}}, version)
    assert made["spec"].get("resources") == expected


def test_gated_pods_say_so() -> None:
    """A Pod that waits at a gate is not scheduled, and says why."""
    conditions = created({"schedulingGates": [{"name": "g"}]})["status"]["conditions"]
    assert [(c["type"], c["status"], c["reason"]) for c in conditions] == [("PodScheduled", "False", "SchedulingGated")]


def test_negative_grace_period() -> None:
    """A Pod gets one second."""
    assert created({"terminationGracePeriodSeconds": -1})["spec"]["terminationGracePeriodSeconds"] == 1
