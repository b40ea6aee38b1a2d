"""Pods are found, added up and classed as Kubernetes does."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.k8s import pods


def container(**resources: Any) -> dict[str, Any]:
    """A container with these resources."""
    return {"name": "c", "resources": resources}


def test_template_of_each_kind() -> None:
    """Every kind that makes Pods says where its template is."""
    cron: dict[str, Any] = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}}}
    found = pods.spec({"apiVersion": "batch/v1", "kind": "CronJob", **cron})
    assert found is not None
    assert found[1] == ("spec", "jobTemplate", "spec", "template", "spec")
    assert pods.template({"apiVersion": "v1", "kind": "Service"}) is None
    assert pods.template({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}) is None


def test_requests_with_sidecars_and_init_containers() -> None:
    """Init containers count at their hungriest moment, sidecars always, overhead on top."""
    spec = {
        "containers": [container(requests={"cpu": "1"}), container(requests={"cpu": "500m"})],
        "initContainers": [
            {**container(requests={"cpu": "200m"}), "restartPolicy": "Always"},
            container(requests={"cpu": "3", "memory": "1Gi"}),
        ],
        "overhead": {"cpu": "100m"},
    }
    assert {name: str(q) for name, q in pods.requests(spec).items()} == {"cpu": "3300m", "memory": "1Gi"}


def test_pod_level_resources_win() -> None:
    """What the Pod itself asks for replaces the sum of its containers."""
    spec = {"containers": [container(requests={"cpu": "1"})], "resources": {"requests": {"cpu": "2"}}}
    assert str(pods.requests(spec)["cpu"]) == "2"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}}, "Guaranteed"),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"example.com/gpu": "1"}}, "BestEffort"),
    ],
)
def test_qos_class(resources: dict[str, Any], expected: str) -> None:
    """The QoS class follows from cpu and memory of every container."""
    assert pods.qos_class({"containers": [{"name": "c", "resources": resources}]}) == expected
