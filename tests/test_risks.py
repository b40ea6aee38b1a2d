"""What a plan says of rollouts, budgets and what goes with a replacement."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api, risks
from manifold.model import Change, Key

TEMPLATE = [Change("spec.template.spec.containers", None, [])]


def workload(kind: str, **spec: Any) -> dict[str, Any]:
    """A workload whose Pods are labelled app: web."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    selector = {"matchLabels": {"app": "web"}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": selector, "template": template, **spec},
    }


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("Deployment", {"replicas": 3}, "3 Pods restart, none is missing at a time"),
        ("Deployment", {"replicas": 8}, "8 Pods restart, at most 2 are missing at a time"),
        (
            "Deployment",
            {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}},
            "2 Pods restart, at most 1 are missing at a time",
        ),
        ("Deployment", {"replicas": 1, "strategy": {"type": "Recreate"}}, "1 Pod restart, all are missing in between"),
        ("Deployment", {"replicas": 0}, "no Pod restarts, for there are none"),
        ("StatefulSet", {"replicas": 3}, "3 Pods restart, one at a time from the last"),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "its Pods stay as they are until somebody deletes them"),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "1 Pod restart, those before 2 stay, one at a time from the last",
        ),
    ],
)  # fmt: skip
def test_rollout(kind: str, spec: dict[str, Any], said: str) -> None:
    """How many Pods restart, and how many may be missing."""
    assert risks.rollout(Key("apps", kind, "default", "web"), workload(kind, **spec), None, TEMPLATE) == said


def test_no_rollout_without_a_change_of_the_template() -> None:
    """Scaling restarts nothing."""
    changes = [Change("spec.replicas", 1, 2)]

    assert risks.rollout(Key("apps", "Deployment", "default", "web"), workload("Deployment"), None, changes) == ""


@pytest.mark.parametrize(
    ("spec", "status", "said"),
    [
        (
            {"minAvailable": 1},
            {"expectedPods": 3, "disruptionsAllowed": 0, "currentHealthy": 2},
            ["PodDisruptionBudget web allows no disruption while 2 of 3 are ready"],
        ),
        ({"maxUnavailable": 0}, {}, ["PodDisruptionBudget web never allows a disruption: nodes cannot be drained"]),
        ({"minAvailable": 1}, {}, []),
    ],
)
def test_budgets(spec: dict[str, Any], status: dict[str, Any], said: list[str]) -> None:
    """Those over the workload's Pods that leave no room."""
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": status,
    }
    key = Key("apps", "Deployment", "default", "web")

    assert risks.budgets(key, workload("Deployment", replicas=3), [budget]) == said


def test_plan_tells_values_rollouts_and_who_reads() -> None:
    """In the summary of each step, and in its risks."""
    old, new = workload("Deployment", replicas=3), workload("Deployment", replicas=3)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    for body in (old, new):
        variable = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}
        body["spec"]["template"]["spec"]["containers"][0]["env"] = [variable]
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": {"a": v}}
        for v in "xy"
    ]
    live = api.applied([old, maps[0]], api.server())

    plan = api.plan([new, maps[1]], live)
    steps = {s.key.kind: s for wave in plan.waves for s in wave}

    assert steps["Deployment"].summary == (
        'containers[name="web"].image: web:1 → web:2',
        "3 Pods restart, none is missing at a time",
    )
    assert steps["ConfigMap"].summary == ("data.a: x → y",)
    assert "keep the old values" in steps["ConfigMap"].risks[0]
    assert "because Deployment web reads it" in steps["ConfigMap"].because
