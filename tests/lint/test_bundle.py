"""What a bundle finds by index is what a look at all objects would find."""

from __future__ import annotations

from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Subject, subject
from manifold.model import Document

SELECTORS: list[Any] = [
    {"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "b"}}, {"matchLabels": {"app": "a", "tier": "x"}}, {}, None,
    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, {"matchLabels": {"app": 1, "tier": "x"}},
    {"matchLabels": None}, {"matchLabels": {"tier": "x"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]},
]  # fmt: skip


def _document(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> Document:
    versions = {
        "Deployment": "apps/v1",
        "PodDisruptionBudget": "policy/v1",
        "Pod": "v1",
        "NetworkPolicy": "networking.k8s.io/v1",
    }
    meta = {"name": name, "namespace": namespace}
    return Document("", 0, {"apiVersion": versions[kind], "kind": kind, "metadata": meta, "spec": spec})


def test_selecting_finds_what_matches() -> None:
    """Of the same namespace, whichever way the selector is written."""
    budgets = [
        _document("PodDisruptionBudget", str(i), space, {"selector": s})
        for i, s in enumerate(SELECTORS)
        for space in ("one", "two")
    ]
    workloads = [
        _document("Deployment", name, "one", {"template": {"metadata": {"labels": labels}, "spec": {}}})
        for name, labels in (
            ("a", {"app": "a"}),
            ("b", {"app": "b", "tier": "x"}),
            ("c", {"app": "a", "tier": "x"}),
            ("d", {}),
        )
    ]
    bundle = Bundle([*budgets, *workloads])
    for workload in map(Subject, workloads):
        wanted = {str(i) for i, s in enumerate(SELECTORS) if matches(s, workload.labels)}
        found = bundle.selecting(workload, "PodDisruptionBudget", "selector")
        assert {s.name for s in found} == wanted
        assert {s.namespace for s in found} == {"one"}


def test_objects_are_found_by_name() -> None:
    """Of a kind and a namespace; what is no name finds nothing."""
    bundle = Bundle([_document("Deployment", "a", "one", {}), _document("Deployment", "a", "two", {})])

    assert [s.namespace for s in bundle.called("Deployment", "two", "a")] == ["two"]
    assert not bundle.called("Deployment", "two", None)
    assert not bundle.called(["Deployment"], "two", "a")


def test_a_network_policy_without_a_pod_selector_selects_all() -> None:
    """The field is no pointer in the API: to leave it out is to leave it empty."""
    policy = _document("NetworkPolicy", "all", "a", {"ingress": [{}]})
    pod = _document("Pod", "web", "a", {"containers": [{"name": "web", "image": "web"}]})
    bundle = Bundle([policy, pod])

    assert [s.name for s in bundle.selecting(subject(pod), "NetworkPolicy", "podSelector")] == ["all"]


def test_a_cluster_role_is_found_whatever_namespace_it_writes() -> None:
    """kubectl takes no notice of it."""
    role = Document("", 0, {"kind": "ClusterRole", "metadata": {"name": "all", "namespace": "kube-system"}})
    binding = Document("", 1, {"kind": "ClusterRoleBinding", "metadata": {"name": "a"}})

    found = Bundle([role, binding]).role(subject(binding), {"kind": "ClusterRole", "name": "all"})

    assert found is not None
    assert found.name == "all"
