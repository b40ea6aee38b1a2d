"""What workloads are blamed for: the paths and reasons of kube-apiserver 1.37.2."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold import api
from manifold.apiserver.faults import FORBIDDEN, INVALID, NOT_SUPPORTED, REQUIRED
from manifold.apiserver.server import Server
from manifold.model import spell

Body = dict[str, Any]
Blamed = list[tuple[str, str]]


def workload(kind: str, **spec: Any) -> Body:
    """A workload that is fine but for what is given."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "w"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template, **spec},
    }


def blamed(body: Body, version: str | None = None) -> Blamed:
    """The faults of a create, as (path, reason), sorted; warnings left out."""
    faults = Server(version).create(body).faults
    return sorted((spell(f.path), f.reason) for f in faults if not f.warning)


LABELS = "spec.template.metadata.labels"


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
def test_all_workloads(kind: str) -> None:
    """What holds of every workload."""
    assert blamed(workload(kind)) == []
    assert blamed(workload(kind, minReadySeconds=-1)) == [("spec.minReadySeconds", INVALID)]
    assert blamed(workload(kind, selector={"matchLabels": {"app": "b"}})) == [(LABELS, INVALID)]
    assert ("spec.selector", INVALID) in blamed(workload(kind, selector={}))
    stops = workload(kind)
    stops["spec"]["template"]["spec"].update(restartPolicy="Never", activeDeadlineSeconds=5)
    assert blamed(stops) == [
        ("spec.template.spec.activeDeadlineSeconds", FORBIDDEN),
        ("spec.template.spec.restartPolicy", NOT_SUPPORTED),
    ]


def test_missing_selector() -> None:
    """A missing selector selects nothing, which the template is blamed for as well."""
    body = workload("Deployment")
    del body["spec"]["selector"]
    assert blamed(body) == [("spec.selector", REQUIRED), (LABELS, INVALID)]


def test_unreadable_selector_leaves_the_template_alone() -> None:
    """With a selector that cannot be read the server looks no further."""
    body = workload("Deployment", selector={"matchExpressions": [{"key": "app", "operator": "Is"}]})
    body["spec"]["template"]["spec"]["dnsConfig"] = {"options": [{}]}
    assert blamed(body) == [("spec.selector", INVALID), ("spec.selector.matchExpressions[0].operator", INVALID)]


SPECS: list[tuple[str, Body, Blamed]] = [
    ("Deployment", {"strategy": {"type": "Recreate", "rollingUpdate": {}}}, [("strategy.rollingUpdate", FORBIDDEN)]),
    ("Deployment", {"strategy": {"type": "Blue"}}, [("strategy", NOT_SUPPORTED)]),
    (
        "Deployment",
        {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}},
        [("strategy.rollingUpdate.maxUnavailable", INVALID)],
    ),
    (
        "Deployment",
        {"strategy": {"rollingUpdate": {"maxUnavailable": "101%", "maxSurge": "200%"}}},
        [("strategy.rollingUpdate.maxUnavailable", INVALID)],
    ),
    ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": "1"}}}, [("strategy.rollingUpdate.maxSurge", INVALID)]),
    ("Deployment", {"minReadySeconds": 700}, [("progressDeadlineSeconds", INVALID)]),
    ("DaemonSet", {"updateStrategy": {"type": "Recreate"}}, [("updateStrategy", NOT_SUPPORTED)]),
    (
        "DaemonSet",
        {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}},
        [("updateStrategy.rollingUpdate.maxSurge", INVALID)],
    ),
    (
        "DaemonSet",
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
        [("updateStrategy.rollingUpdate.maxUnavailable", REQUIRED)],
    ),
    ("DaemonSet", {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}}, []),
    (
        "StatefulSet",
        {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
        [("updateStrategy.rollingUpdate", INVALID)],
    ),
    (
        "StatefulSet",
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
        [("updateStrategy.rollingUpdate.maxUnavailable", INVALID)],
    ),
    ("StatefulSet", {"podManagementPolicy": "Random"}, [("podManagementPolicy", INVALID)]),
    ("StatefulSet", {"serviceName": "a.b"}, [("serviceName", INVALID)]),
    ("StatefulSet", {"ordinals": {"start": -1}}, [("ordinals.start", INVALID)]),
    (
        "StatefulSet",
        {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}},
        [("persistentVolumeClaimRetentionPolicy.whenScaled", NOT_SUPPORTED)],
    ),
    (
        "StatefulSet",
        {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
        [
            ("volumeClaimTemplates[0].spec.accessModes", REQUIRED),
            ("volumeClaimTemplates[0].spec.resources[storage]", REQUIRED),
        ],
    ),
]


@pytest.mark.parametrize(("kind", "spec", "expected"), SPECS)
def test_specs(kind: str, spec: Body, expected: Blamed) -> None:
    """One workload, one mistake; paths are below `spec`."""
    assert blamed(workload(kind, **spec)) == [(f"spec.{path}", reason) for path, reason in expected]


def test_claims_are_volumes() -> None:
    """A StatefulSet's containers may mount its claims, and its template's hostname does not count."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = workload("StatefulSet", volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": claim}])
    spec = body["spec"]["template"]["spec"]
    spec["hostname"] = "Any Thing"
    spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    assert blamed(body) == []


def test_older_stateful_sets() -> None:
    """Before 1.34 nobody looked into the Pod template of a StatefulSet."""
    body = workload("StatefulSet")
    body["spec"]["template"]["spec"]["containers"][0]["name"] = "Not A Name"
    assert blamed(body) == [("spec.template.spec.containers[0].name", INVALID)]
    assert blamed(body, "1.33") == []


def test_template_labels_are_blamed_without_metadata() -> None:
    """The server leaves `metadata` out of the path."""
    body = workload("Deployment")
    body["spec"]["template"]["metadata"]["labels"]["a b"] = "x"
    assert blamed(body) == [("spec.template.labels", INVALID)]


def test_replication_controller_takes_its_selector_from_the_template() -> None:
    """It needs none of its own, but one that fits."""
    body = workload("ReplicationController") | {"apiVersion": "v1"}
    del body["spec"]["selector"]
    assert blamed(body) == []
    body["spec"]["selector"] = {"app": "b"}
    assert blamed(body) == [(LABELS, INVALID)]


def test_controller_revision_needs_an_object() -> None:
    """Its data is an object and never changes."""
    body = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "r"}, "revision": 1}
    assert blamed(body) == [("data", REQUIRED)]
    assert blamed({**body, "data": {"a": 1}}) == []
    faults = Server().update({**body, "data": {"a": 1}}, {**body, "data": {"a": 2}}).faults
    assert [(spell(f.path), f.reason) for f in faults] == [("data", INVALID)]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Deployment", "selector", {"matchLabels": {"app": "a", "x": "y"}}),
        ("StatefulSet", "serviceName", "other"),
        ("StatefulSet", "podManagementPolicy", "Parallel"),
        ("DaemonSet", "selector", {"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
    ],
)
def test_immutable(kind: str, field: str, value: Any) -> None:
    """What never changes once the object exists."""
    old = workload(kind)
    old["spec"]["template"]["metadata"]["labels"]["x"] = "y"
    new = copy.deepcopy(old)
    new["spec"][field] = value
    faults = Server().update(old, new).faults
    assert [(spell(f.path), f.reason) for f in faults if not f.warning] == [(f"spec.{field}", INVALID)]


def test_invalid_stored_template_of_a_stateful_set() -> None:
    """An update passes whose Pod template was stored invalid, before anybody looked."""
    old = workload("StatefulSet")
    old["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "none", "mountPath": "/x"}]
    new = copy.deepcopy(old)
    new["spec"]["replicas"] = 3
    assert [f for f in Server().update(old, new).faults if not f.warning] == []


def test_claims_come_before_the_volumes_of_a_template() -> None:
    """The server names a volume's place in the list that the controller makes; a claim replaces one of its name."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {
        "selector": {"matchLabels": {"a": "b"}},
        "serviceName": "a",
        "volumeClaimTemplates": [claim],
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [{"name": "a", "image": "a"}],
                "volumes": [{"name": "data", "nfs": {}}, {"name": "other", "secret": {}}],
            },
        },
    }
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}, "spec": spec}

    found = [d.path for d in api.validate([body]) if d.rejects]
    assert found == ["spec.template.spec.volumes[1].secret.secretName"]
