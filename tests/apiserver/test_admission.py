"""Admission with a cluster at hand: each plug-in's answer on a small case of its own."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver import admission

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}


def pod(**spec: Any) -> dict[str, Any]:
    """A small Pod in the namespace of the cluster."""
    body = {"containers": [{"name": "web", "image": "web:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": body}


def namespace(**labels: str) -> dict[str, Any]:
    """The namespace with labels of Pod Security."""
    named = {f"pod-security.kubernetes.io/{k.replace('_', '-')}": v for k, v in labels.items()}
    return {**SHOP, "metadata": {"name": "shop", "labels": named}}


def refused(body: dict[str, Any], *cluster: dict[str, Any]) -> list[str]:
    """The messages of what is refused with this cluster."""
    return [d.message for d in api.validate([body], cluster=cluster) if d.rejects]


def stored(body: dict[str, Any], *cluster: dict[str, Any]) -> dict[str, Any]:
    """The object as it is stored with this cluster."""
    return api.preview([body], cluster=cluster)[0]


def test_plugins_declare_their_place() -> None:
    """Each has a name and a place of its own, and they run in that order."""
    places = [p.PLACE for p in admission.plugins()]

    assert len(set(places)) == len(places)
    assert places == sorted(places)
    assert len({p.NAME for p in admission.plugins()}) == len(places)


def test_missing_namespace_is_refused_only_where_the_cluster_is_whole() -> None:
    """A cluster without any Namespace is part of one."""
    other = {**SHOP, "metadata": {"name": "other"}}

    assert "no namespace shop" in refused(pod(), other)[0]
    assert refused(pod(), ACCOUNT) == []
    assert refused(pod(), SHOP) == []


def test_namespace_of_the_same_run_counts_as_there() -> None:
    """It may come with the bundle."""
    other = {**SHOP, "metadata": {"name": "other"}}

    assert not [d for d in api.validate([SHOP, pod()], cluster=[other]) if d.rejects]


def test_terminating_namespace_takes_nothing_new() -> None:
    """It is blamed at metadata.namespace, as by the server."""
    going = {**SHOP, "status": {"phase": "Terminating"}}

    found = [d for d in api.validate([pod()], cluster=[going]) if d.rejects]

    assert [d.path for d in found] == ["metadata.namespace"]


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"serviceAccountName": "ghost"}, "service account"),
        ({"priorityClassName": "ghost"}, "PriorityClass"),
        ({"runtimeClassName": "ghost"}, "RuntimeClass"),
    ],
)
def test_what_a_pod_names_must_exist(spec: dict[str, Any], word: str) -> None:
    """Accounts and classes."""
    assert word in refused(pod(**spec), SHOP, ACCOUNT)[0]


def test_limit_range_fills_in_and_holds() -> None:
    """Defaults first, bounds on the result."""
    limits = [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "500m"}, "max": {"cpu": "2"}}]
    ranges = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"limits": limits},
    }

    filled = stored(pod(), SHOP, ranges)
    big = pod(containers=[{"name": "web", "image": "web:1", "resources": {"limits": {"cpu": "3"}}}])

    assert filled["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}}
    assert filled["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container web; cpu limit for container web"
    )
    assert "at most 2" in refused(big, SHOP, ranges)[0]


def test_quota_counts_the_objects_of_a_run_in_order() -> None:
    """Two Pods fit, the third does not."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "shop"},
        "spec": {"hard": {"pods": "3"}},
    }
    there = pod()
    there["metadata"] = {"name": "there", "namespace": "shop"}
    bodies = [{**pod(), "metadata": {"name": f"web-{i}", "namespace": "shop"}} for i in range(3)]

    found = [d for d in api.validate(bodies, cluster=[SHOP, quota, there]) if d.rejects]

    assert [d.object.name for d in found] == ["web-2"]
    assert "pods would be 4, with 3 used, of 3" in found[0].message


def test_quota_counts_what_is_there_once() -> None:
    """A manifest of an object that the cluster has already changes it, and needs no more room."""
    spec = {"hard": {"configmaps": "1"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": spec}
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": n, "namespace": "shop"}} for n in "ab"]

    assert refused(maps[0], SHOP, quota, maps[0]) == []
    assert "configmaps would be 2" in refused(maps[1], SHOP, quota, maps[0])[0]


def test_quota_asks_for_what_it_counts() -> None:
    """A container without a request of cpu is refused where a quota counts cpu."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "shop"},
        "spec": {"hard": {"requests.cpu": "3"}},
    }

    assert "must say requests.cpu" in refused(pod(), SHOP, quota)[0]


def test_pod_security_refuses_pods_and_warns_of_workloads() -> None:
    """What is enforced for Pods is a warning for what makes them."""
    labels = namespace(enforce="baseline")
    bad = pod(hostNetwork=True)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": bad["spec"]}
    workload = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }  # fmt: skip

    assert "hostNetwork" in refused(bad, labels)[0]
    assert refused(workload, labels) == []
    assert any("hostNetwork" in d.message for d in api.validate([workload], cluster=[labels]))


@pytest.mark.parametrize(("version", "count"), [("latest", 0), ("v1.34", 1)])
def test_pod_security_spares_own_users_from_a_version_on(version: str, count: int) -> None:
    """runAsNonRoot does not matter from 1.35 on where the Pod has users of its own."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    body = pod(
        hostUsers=False,
        securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
        containers=[{"name": "web", "image": "web:1", "securityContext": security}],
    )

    assert len(refused(body, namespace(enforce="restricted", enforce_version=version))) == count


def test_default_classes_are_filled_in() -> None:
    """Of two default classes the newest counts."""
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    classes = [
        {
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "x",
            "metadata": {"name": name, "annotations": mark, "creationTimestamp": time},
        }
        for name, time in (("old", "2026-01-01T00:00:00Z"), ("new", "2026-02-01T00:00:00Z"))
    ]  # fmt: skip
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "shop"},
        "spec": spec,
    }

    assert stored(claim, SHOP, *classes)["spec"]["storageClassName"] == "new"


def test_runtime_class_brings_overhead_and_scheduling() -> None:
    """Both are written into the Pod."""
    runtime = {
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "vm"}, "handler": "vm",
        "overhead": {"podFixed": {"cpu": "250m"}}, "scheduling": {"nodeSelector": {"vm": "yes"}},
    }  # fmt: skip

    spec = stored(pod(runtimeClassName="vm"), SHOP, runtime)["spec"]

    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"vm": "yes"}


@pytest.mark.parametrize(
    "odd",
    [
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": []},
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": {"cpu": [1]}}},
        {"apiVersion": [1], "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": True}},
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l", "namespace": "shop"}, "spec": {"limits": [None]}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/warn-version": 1}}},
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "c"}, "spec": []},
    ],
)  # fmt: skip
def test_what_no_server_can_hold_is_passed_over(odd: dict[str, Any]) -> None:
    """Fields of wrong types around the object at hand count as not there; what is right besides still counts."""
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "shop"},
        "spec": {"hard": {"pods": "0"}},
    }  # fmt: skip

    assert refused(pod(), SHOP, ACCOUNT, odd) == []
    assert len(refused(pod(), SHOP, ACCOUNT, odd, quota)) == 1
    assert api.plan([pod()], [SHOP, odd], cluster=[SHOP, ACCOUNT, odd]).waves
