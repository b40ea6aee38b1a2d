"""Custom resources that hold a Pod template: one line of a table, and rules over Pods look into them."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api, assets
from manifold.k8s import pods
from manifold.lint.shape import straight
from manifold.model import Document

KINDS = assets.table("rules", "pod-kinds.yaml")["kinds"]
POD: dict[str, Any] = {"containers": [{"name": "web", "image": "web", "securityContext": {"privileged": True}}]}


def _object(line: dict[str, Any], pod: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object of a kind of the table, with a Pod where the table says."""
    value = _at(line["at"], {"metadata": {"labels": {"app": "web"}}, "spec": pod or POD})
    return {"apiVersion": f"{line['group']}/v1", "kind": line["kind"], "metadata": {"name": "web"}, **value}


def _at(path: str, value: Any) -> dict[str, Any]:
    """A value within objects."""
    for part in reversed(path.split(".")):
        value = {part: value}
    made: dict[str, Any] = value
    return made


def test_each_kind_stands_there_once() -> None:
    """A second line would win, or not, without a word."""
    names = [(line["group"], line["kind"]) for line in KINDS]

    assert len(names) == len(set(names))


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


@pytest.mark.parametrize("line", KINDS, ids=lambda line: f"{line['group']}/{line['kind']}")
@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {"labels": ["a"]}},
        {"metadata": "abc"},
        {"metadata": {"annotations": 5}},
        {"spec": 5},
        {"spec": {"containers": 5}},
        {"spec": {"containers": [{"name": "web", "resources": 5}]}},
        {"spec": {"containers": [None, {"name": "web", "env": {"a": "b"}, "volumeMounts": "x"}], "volumes": 5}},
    ],
    ids=str,
)
def test_a_misshapen_template_brings_no_rule_down(line: dict[str, Any], wrong: dict[str, Any]) -> None:
    """The template is read as the server reads those of its own kinds, and others are still looked at."""
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
    bad = {**_object(line), **_at(line["at"], {**pod, **wrong})}
    plain = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}}
    other = {**plain, "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": pod}}
    found = api.lint([bad, other], profile="all")

    assert "internal-error" not in {d.rule for d in found}
    assert "other" in {d.object.name for d in found if d.rule == "privileged-container"}
    if "spec" not in wrong:
        assert "web" in {d.object.name for d in found if d.rule == "privileged-container"}


@pytest.mark.parametrize("wrong", [5, "x", [], None])
def test_what_is_in_the_place_of_a_template_and_no_object_is_left_out(wrong: object) -> None:
    """Also on the way to it."""
    fleet = next(line for line in KINDS if line["kind"] == "Fleet")
    for at in ("spec.template.spec.template", "spec.template.spec", "spec.template"):
        bad = {**_object(fleet), **_at(at, wrong), "metadata": {"name": "web", "labels": 5}}
        document = Document("f", 0, bad)
        (made,) = straight([document], api.server(None))
        holder: Any = made.body
        for part in at.split(".")[:-1]:
            holder = holder[part]

        assert holder == {}
        assert made.body["metadata"] == {"name": "web"}


def test_what_a_namesake_has_of_another_type_brings_no_rule_down() -> None:
    """Rules that look for Services come upon Knative's as well, and its Pod template is still looked at."""
    knative = next(line for line in KINDS if (line["group"], line["kind"]) == ("serving.knative.dev", "Service"))
    bad = _object(knative)
    bad["spec"]["selector"] = "x"
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    other = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}, "spec": spec}
    found = api.lint([bad, other], profile="all")

    assert "internal-error" not in {d.rule for d in found}
    assert {d.object.name for d in found if d.rule == "privileged-container"} == {"web", "other"}
