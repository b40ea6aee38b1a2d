"""HorizontalPodAutoscalers.

Follows kubernetes v1.37.2 pkg/apis/autoscaling/validation and pkg/registry/autoscaling/horizontalpodautoscaler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.autoscalers import modern
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod import resources
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.model import Path

Body = dict[str, Any]

SPEC: Path = ("spec",)
MOST_PERIOD, MOST_WINDOW = 1800, 3600
SELECT_POLICIES = ("Disabled", "Max", "Min")
POLICY_TYPES = ("Percent", "Pods")
TARGET_TYPES = ("Utilization", "Value", "AverageValue")
# type -> the field that says more, in the order in which the server looks at them
SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _named(value: str, path: Path, faults: Faults) -> None:
    if not value:
        faults.required(path)
    for message in formats.path_segment(value) if value else ():
        faults.invalid(path, message)


def _api_version(ref: Body, path: Path, faults: Faults, *, core: bool) -> None:
    """An apiVersion that can be read; `core` lets one without a group pass."""
    version = ref.get("apiVersion") or ""
    if version.count("/") > 1:
        faults.invalid(path, f"{version!r} is no apiVersion: group/version, or the version alone")
    elif not core and not version.rpartition("/")[0]:
        faults.invalid(path, f"the apiVersion must name a group, {version!r} does not", "for instance apps/v1")


def _reference(ref: Body, path: Path, faults: Faults, *, version: bool, core: bool) -> None:
    _named(ref.get("kind") or "", (*path, "kind"), faults)
    _named(ref.get("name") or "", (*path, "name"), faults)
    if version:
        _api_version(ref, (*path, "apiVersion"), faults, core=core)


def _metric(source: Body, path: Path, faults: Faults) -> None:
    _named((source.get("metric") or {}).get("name") or "", (*path, "metric", "name"), faults)


def _target(target: Body, path: Path, faults: Faults) -> None:
    kind = target.get("type") or ""
    if not kind:
        faults.required((*path, "type"), f"one of: {', '.join(TARGET_TYPES)}")
    if kind not in TARGET_TYPES:
        faults.invalid((*path, "type"), f"{kind!r} is not one of: {', '.join(TARGET_TYPES)}")
    for name in ("value", "averageValue"):
        found = target.get(name)
        if found is not None and amount(found).sign != 1:
            faults.invalid((*path, name), f"{found} must be more than 0")
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        faults.invalid((*path, "averageUtilization"), f"{share} must be at least 1")


def _object(source: Body, path: Path, faults: Faults, *, version: bool) -> None:
    described = (*path, "describedObject")
    _reference(source.get("describedObject") or {}, described, faults, version=version, core=True)
    _metric(source, path, faults)
    target = source.get("target") or {}
    _target(target, (*path, "target"), faults)
    if target.get("value") is None and target.get("averageValue") is None:
        faults.required((*path, "target", "averageValue"), "set value or averageValue")


def _external(source: Body, path: Path, faults: Faults) -> None:
    _metric(source, path, faults)
    target = source.get("target") or {}
    _target(target, (*path, "target"), faults)
    if target.get("value") is None and target.get("averageValue") is None:
        faults.required((*path, "target", "averageValue"), "set value or averageValue")
    if target.get("value") is not None and target.get("averageValue") is not None:
        faults.forbidden((*path, "target", "value"), "value goes without averageValue only")


def _pods(source: Body, path: Path, faults: Faults) -> None:
    _metric(source, path, faults)
    target = source.get("target") or {}
    _target(target, (*path, "target"), faults)
    if target.get("averageValue") is None:
        faults.required((*path, "target", "averageValue"))


def _resource_target(source: Body, path: Path, faults: Faults) -> None:
    target = source.get("target") or {}
    _target(target, (*path, "target"), faults)
    value, share = target.get("averageValue"), target.get("averageUtilization")
    if value is None and share is None:
        faults.required((*path, "target", "averageUtilization"), "set averageUtilization or averageValue")
    if value is not None and share is not None:
        faults.forbidden((*path, "target", "averageValue"), "averageValue goes without averageUtilization only")


def _resource(source: Body, path: Path, faults: Faults) -> None:
    if not source.get("name"):
        faults.required((*path, "name"), "the name of a resource, such as cpu")
    _resource_target(source, path, faults)


def _container_resource(source: Body, path: Path, faults: Faults) -> None:
    name, container = source.get("name"), source.get("container")
    if not name:
        faults.required((*path, "name"), "the name of a resource, such as cpu")
    else:
        resources.container_name(name, (*path, "name"), faults)
    if not container:
        faults.required((*path, "container"))
    else:
        for message in formats.dns_label(container):
            faults.invalid((*path, "container"), message)
    _resource_target(source, path, faults)


_CHECKS: dict[str, Callable[[Body, Path, Faults], None]] = {
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def _metric_spec(spec: Body, path: Path, faults: Faults, *, version: bool) -> None:
    kind = spec.get("type") or ""
    if not kind:
        faults.required((*path, "type"), f"one of: {', '.join(SOURCES)}")
    if kind not in SOURCES:
        faults.not_supported((*path, "type"), kind, SOURCES)
    present = [name for name in SOURCES.values() if spec.get(name) is not None]
    if present:
        first = present[0]
        if first == "object":
            _object(spec[first], (*path, first), faults, version=version)
        else:
            _CHECKS[first](spec[first], (*path, first), faults)
    wanted = SOURCES.get(kind, "")
    if wanted and wanted not in present:
        faults.required((*path, wanted), f"a metric of type {kind} says more in `{wanted}`")
    if len(present) != 1:
        for name in present:
            if name != wanted:
                faults.forbidden((*path, name), f"a metric has one source only, and its type is {kind or 'not set'}")


def _rules(rules: Body, path: Path, faults: Faults) -> None:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and not 0 <= window <= MOST_WINDOW:
        faults.invalid((*path, "stabilizationWindowSeconds"), f"{window} must be 0 to {MOST_WINDOW}")
    select = rules.get("selectPolicy")
    if select is not None and select not in SELECT_POLICIES:
        faults.not_supported((*path, "selectPolicy"), select, SELECT_POLICIES)
    policies = rules.get("policies") or ()
    if not policies:
        faults.required((*path, "policies"), "at least one policy is needed")
    for i, policy in enumerate(policies):
        here = (*path, "policies", i)
        kind = policy.get("type") or ""
        if kind not in POLICY_TYPES:
            faults.not_supported((*here, "type"), kind, POLICY_TYPES)
        value, period = policy.get("value") or 0, policy.get("periodSeconds") or 0
        if value <= 0:
            faults.invalid((*here, "value"), f"{value} must be more than 0")
        if not 0 < period <= MOST_PERIOD:
            faults.invalid((*here, "periodSeconds"), f"{period} must be 1 to {MOST_PERIOD}")
    tolerance = rules.get("tolerance")
    if tolerance is not None and amount(tolerance).nanos < 0:
        faults.invalid((*path, "tolerance"), f"{tolerance} must not be negative")


def _spec(spec: Body, context: Context, faults: Faults, *, least: int, version: bool, metric_versions: bool) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if low is not None and low < least:
        faults.invalid((*SPEC, "minReplicas"), f"{low} must be at least {least}")
    if not high and context.since(1, 36):
        faults.required((*SPEC, "maxReplicas"), "must be set, and more than 0")
    elif high <= 0:
        faults.invalid((*SPEC, "maxReplicas"), f"{high} must be at least 1")
    if low is not None and high < low:
        faults.invalid((*SPEC, "maxReplicas"), f"{high} must not be less than minReplicas, which is {low}")
    ref = spec.get("scaleTargetRef") or {}
    core = ref.get("kind") == "ReplicationController"
    _reference(ref, (*SPEC, "scaleTargetRef"), faults, version=version, core=core)
    metrics = spec.get("metrics") or ()
    for i, metric in enumerate(metrics):
        _metric_spec(metric, (*SPEC, "metrics", i), faults, version=metric_versions)
    if low == 0 and not any(m.get("type") in ("Object", "External") for m in metrics):
        faults.forbidden((*SPEC, "metrics"), "scaling to zero needs a metric of type Object or External")
    behavior = spec.get("behavior") or {}
    for name in ("scaleUp", "scaleDown"):
        rules = behavior.get(name)
        if rules is not None:
            _rules(rules, (*SPEC, "behavior", name), faults)


def _spec_of(body: Body, context: Context) -> Body:
    return (modern(body) if context.kind.version == "v1" else body).get("spec") or {}


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new autoscaler."""
    least = 0 if context.since(1, 37) else 1
    _spec(
        _spec_of(body, context),
        context,
        faults,
        least=least,
        version=context.since(1, 34),
        metric_versions=context.since(1, 34),
    )


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """An autoscaler keeps what it was stored with though it would be refused by now."""
    after, before = _spec_of(new, context), _spec_of(old, context)
    least = 0 if context.since(1, 37) or before.get("minReplicas") == 0 else 1
    ref, had = after.get("scaleTargetRef") or {}, before.get("scaleTargetRef") or {}
    same = all((ref.get(k) or "") == (had.get(k) or "") for k in ("apiVersion", "kind"))
    odd = Faults()
    for metric in before.get("metrics") or ():
        if metric.get("type") == "Object" and metric.get("object") is not None:
            _api_version(metric["object"].get("describedObject") or {}, (), odd, core=True)
    modern = context.since(1, 34)
    _spec(after, context, faults, least=least, version=modern and not same, metric_versions=modern and not odd)


CREATE = {"HorizontalPodAutoscaler": create}
UPDATE = {"HorizontalPodAutoscaler": update}
