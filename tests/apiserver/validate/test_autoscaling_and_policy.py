"""Autoscalers, disruption budgets and events."""

import json
from typing import Any

import pytest
from manifold import api
from manifold.model import Severity

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def causes(version: str, kind: str, meta: dict[str, Any] | None = None, **fields: Any) -> set[tuple[str, str]]:
    """(reason, path) of what the server refuses."""
    text = json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": "a", **(meta or {})}, **fields})
    return {(d.reason, d.path) for d in api.validate(text) if d.severity is Severity.ERROR}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"maxReplicas": 0}, ("FieldValueRequired", "spec.maxReplicas")),
        ({"minReplicas": 3, "maxReplicas": 2}, ("FieldValueInvalid", "spec.maxReplicas")),
        ({"minReplicas": 0, "maxReplicas": 2}, ("FieldValueForbidden", "spec.metrics")),
        (
            {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
            ("FieldValueInvalid", "spec.scaleTargetRef.apiVersion"),
        ),
        ({"metrics": [{"type": "Pods"}]}, ("FieldValueRequired", "spec.metrics[0].pods")),
        (
            {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]},
            ("FieldValueRequired", "spec.metrics[0].resource.target.averageUtilization"),
        ),
        (
            {"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 1}]}}},
            ("FieldValueInvalid", "spec.behavior.scaleUp.policies[0].value"),
        ),
    ],
)
def test_autoscalers(spec: dict[str, Any], found: tuple[str, str]) -> None:
    """Bounds, targets, metrics and behaviour."""
    given = {"maxReplicas": 3, "scaleTargetRef": TARGET, **spec}

    assert found in causes("autoscaling/v2", "HorizontalPodAutoscaler", spec=given)


def test_metrics_of_the_first_version_live_in_an_annotation() -> None:
    """They are validated as those of the second."""
    metrics = json.dumps([{"type": "Resource", "resource": {"name": "memory", "targetAverageUtilization": 0}}])
    found = causes(
        "autoscaling/v1",
        "HorizontalPodAutoscaler",
        {"annotations": {"autoscaling.alpha.kubernetes.io/metrics": metrics}},
        spec={"maxReplicas": 3, "scaleTargetRef": TARGET},
    )

    assert found == {("FieldValueInvalid", "spec.metrics[0].resource.target.averageUtilization")}


@pytest.mark.parametrize(
    ("behavior", "found"),
    [
        ('{"ScaleUp":{"Policies":null}}', {("FieldValueRequired", "spec.behavior.scaleUp.policies")}),
        ('{"scaledown":{"policies":[]}}', {("FieldValueRequired", "spec.behavior.scaleDown.policies")}),
        ('{"ScaleUp":{"Policies":1}}', set()),
        ("no JSON", set()),
        ("{}", set()),
    ],
)
def test_behaviour_of_the_first_version_lives_in_an_annotation(behavior: str, found: set[tuple[str, str]]) -> None:
    """It is validated before it has defaults; what cannot be read is dropped."""
    notes = {"annotations": {"autoscaling.alpha.kubernetes.io/behavior": behavior}}
    spec = {"maxReplicas": 3, "scaleTargetRef": TARGET}

    assert causes("autoscaling/v1", "HorizontalPodAutoscaler", notes, spec=spec) == found


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"minAvailable": 1, "maxUnavailable": 1}, {("FieldValueInvalid", "spec")}),
        ({"minAvailable": "101%"}, {("FieldValueInvalid", "spec.minAvailable")}),
        (
            {"minAvailable": 1, "unhealthyPodEvictionPolicy": "Never"},
            {("FieldValueNotSupported", "spec.unhealthyPodEvictionPolicy")},
        ),
        ({"minAvailable": "50%"}, set()),
    ],
)
def test_disruption_budgets(spec: dict[str, Any], found: set[tuple[str, str]]) -> None:
    """One bound, of all Pods at most."""
    assert causes("policy/v1", "PodDisruptionBudget", spec=spec) == found


def test_an_event_of_the_new_group_has_a_time() -> None:
    """The old group's events need none."""
    regarding = {"kind": "Pod", "name": "a", "namespace": "default"}

    assert ("FieldValueRequired", "eventTime") in causes(
        "events.k8s.io/v1", "Event", type="Normal", regarding=regarding
    )
    assert causes("v1", "Event", involvedObject=regarding) == set()
