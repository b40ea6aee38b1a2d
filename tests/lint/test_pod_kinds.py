"""Custom resources that hold a Pod template: one line of a table, and rules over Pods look into them."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api, assets
from manifold.k8s import pods

KINDS = assets.table("rules", "pod-kinds.yaml")["kinds"]
POD: dict[str, Any] = {"containers": [{"name": "web", "image": "web", "securityContext": {"privileged": True}}]}


def _object(line: dict[str, Any], pod: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object of a kind of the table, with a Pod where the table says."""
    value: dict[str, Any] = {"metadata": {"labels": {"app": "web"}}, "spec": pod or POD}
    for part in reversed(line["at"].split(".")):
        value = {part: value}
    return {"apiVersion": f"{line['group']}/v1", "kind": line["kind"], "metadata": {"name": "web"}, **value}


@pytest.mark.parametrize("line", KINDS, ids=lambda line: f"{line['group']}/{line['kind']}")
def test_rules_over_pods_look_into_each_kind(line: dict[str, Any]) -> None:
    """At the place in the object, with its source named in the table."""
    found = {(d.rule, d.path) for d in api.lint([_object(line)], profile="all")}

    place = f"{line['at']}.spec.containers[0]"
    assert {("privileged-container", f"{place}.securityContext.privileged"), ("memory-limit-missing", place)} <= found
    assert line["source"].startswith("https://")
    assert not {rule for rule, _ in found} & {"selector-missing", "internal-error"}


def test_what_only_has_its_name_from_kubernetes_is_another_kind() -> None:
    """Rules over Services are not for Knative's, and rules over StatefulSets not for those of others."""
    knative = next(line for line in KINDS if (line["group"], line["kind"]) == ("serving.knative.dev", "Service"))
    kruise = next(line for line in KINDS if (line["group"], line["kind"]) == ("apps.kruise.io", "StatefulSet"))

    assert not api.lint([_object(knative)], select=["selectors"])
    assert not api.lint([_object(kruise)], select=["governing-service-missing"])
    assert not pods.custom("v1", "Service")
    assert pods.custom("serving.knative.dev/v1", "Service")


def test_services_know_the_pods_of_custom_kinds() -> None:
    """And plans know what they point at."""
    rollout = _object(KINDS[0], {**POD, "volumes": [{"name": "a", "configMap": {"name": "settings"}}]})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    served = {d.rule for d in api.lint([rollout, service], profile="all")}
    steps = {s.key.kind: s for wave in api.plan([rollout, service, settings]).waves for s in wave}

    assert "service-selects-nothing" not in served
    assert "because Rollout web mounts it" in steps["ConfigMap"].because


def test_a_template_elsewhere_is_no_empty_one() -> None:
    """A Rollout may take the Pods of a Deployment."""
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "a"},
        "spec": {"workloadRef": {}},
    }

    assert not [d for d in api.lint([body], profile="all") if d.path.startswith("spec")]
