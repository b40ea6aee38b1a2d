"""One object in several versions of its kind: what a server that stores one version answers in another.

Of the built-in kinds only autoscalers are served in two forms (autoscaling/v1 and v2); what v1 has no fields for lives in
annotations (kubernetes v1.37.2 pkg/apis/autoscaling/v1/conversion.go). Other kinds, and custom resources without a
webhook, differ in the name of the version alone.
"""

from __future__ import annotations

import json
from typing import Any

from manifold.apiserver.decode import copy

Body = dict[str, Any]

NOTES = "autoscaling.alpha.kubernetes.io/"
ROUND_TRIP = tuple(f"{NOTES}{name}" for name in ("metrics", "behavior", "conditions", "current-metrics"))


def convert(body: Body, api_version: str) -> Body:
    """A stored object as it is answered in another version of its kind; a fresh one where they differ."""
    if body.get("apiVersion") == api_version:
        return body
    if body.get("kind") == "HorizontalPodAutoscaler":
        if api_version == "autoscaling/v1":
            return _autoscaler_v1(body)
        if body.get("apiVersion") == "autoscaling/v1":
            return {**_autoscaler_v2(body), "apiVersion": api_version}
    return {**body, "apiVersion": api_version}


def _without(given: Any, notes: Body) -> Body:
    """Metadata with these annotations in place of those that only carry what v1 has no fields for."""
    meta: Body = dict(given or {})
    kept = {k: v for k, v in (meta.get("annotations") or {}).items() if k not in ROUND_TRIP} | notes
    if kept:
        meta["annotations"] = kept
    else:
        meta.pop("annotations", None)
    return meta


def _status(body: Body, *, zero: bool) -> Body:
    """Of the status what both versions have; the rest is nobody's to apply. `zero`: v1 writes no replicas as 0."""
    if "status" not in body:
        return {}
    both = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
    status = {k: v for k, v in (body["status"] or {}).items() if k in both and (zero or v != 0 or k != both[2])}
    if zero:
        status.setdefault("currentReplicas", 0)
    return {"status": status}


def _utilization(metric: Body) -> Any:
    """The share of the CPU requests that a metric aims at, or None."""
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("target") or {}).get("averageUtilization")


def _autoscaler_v1(body: Body) -> Body:
    spec = copy(body.get("spec") or {})
    metrics = spec.pop("metrics", None) or []
    behavior = spec.pop("behavior", None)
    shares = [share for m in metrics if (share := _utilization(m)) is not None]
    if shares:
        spec["targetCPUUtilizationPercentage"] = shares[0]
    others = [_metric_v1(m) for m in metrics if _utilization(m) is None]
    notes: Body = {}
    if others:
        notes[f"{NOTES}metrics"] = json.dumps(others, separators=(",", ":"), ensure_ascii=False)
    if behavior is not None:
        notes[f"{NOTES}behavior"] = json.dumps(_upper(behavior), separators=(",", ":"), ensure_ascii=False)
    meta = _without(body.get("metadata"), notes)
    return {**body, "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, **_status(body, zero=True)}


def _autoscaler_v2(body: Body) -> Body:
    spec = copy(body.get("spec") or {})
    notes = (body.get("metadata") or {}).get("annotations") or {}
    share = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_metric_v2(m) for m in _read(notes, "metrics", list) if isinstance(m, dict)]
    if share is not None or not metrics:
        target = {"type": "Utilization", "averageUtilization": 80 if share is None else share}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics
    behavior = _read(notes, "behavior", dict)
    if behavior:
        spec["behavior"] = _lower(behavior)
    return {**body, "metadata": _without(body.get("metadata"), {}), "spec": spec, **_status(body, zero=False)}


def _read(notes: Body, name: str, shape: type) -> Any:
    try:
        found = json.loads(notes.get(f"{NOTES}{name}") or "null")
    except ValueError:  # as the server: what cannot be read is dropped
        return shape()
    return found if isinstance(found, shape) else shape()


# Go's names of the internal type, which the annotation has, in the order of its fields; absent ones are null.
_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
_POLICY = ("type", "value", "periodSeconds")


def _named(value: Any, names: tuple[str, ...]) -> Any:
    if value is None:
        return None
    return {n[:1].upper() + n[1:]: value.get(n) for n in names}


def _upper(behavior: Body) -> Body:
    """The behaviour as the annotation spells it: `ScaleUp` for `scaleUp`."""
    out: Body = {}
    for direction in ("scaleUp", "scaleDown"):
        rules = behavior.get(direction)
        if rules is not None and rules.get("policies") is not None:
            rules = {**rules, "policies": [_named(p, _POLICY) for p in rules["policies"]]}
        out[direction[:1].upper() + direction[1:]] = _named(rules, _RULES)
    return out


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {k[:1].lower() + k[1:]: _lower(v) for k, v in value.items() if v is not None}
    return [_lower(v) for v in value] if isinstance(value, list) else value


# A kind of metric -> its field.
_SOURCES = {
    "Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods", "Object": "object",
    "External": "external",
}  # fmt: skip
# A kind of metric -> the names that v1 has for what v2 calls target.value, .averageValue and .averageUtilization.
_TARGETS = {
    "Resource": ("", "targetAverageValue", "targetAverageUtilization"),
    "ContainerResource": ("", "targetAverageValue", "targetAverageUtilization"),
    "Pods": ("", "targetAverageValue", ""),
    "Object": ("targetValue", "averageValue", ""),
    "External": ("targetValue", "targetAverageValue", ""),
}
# The order of v1's fields in Go, so that the text of the annotation is the same.
_WRITTEN = (
    "name", "target", "metricName", "metricSelector", "targetAverageUtilization", "targetValue", "targetAverageValue",
    "selector", "averageValue", "container",
)  # fmt: skip
_VALUES = ("value", "averageValue", "averageUtilization")


def _metric_v1(metric: Body) -> Body:
    sort = str(metric.get("type"))
    field = _SOURCES.get(sort, "")
    source = metric.get(field)
    if not isinstance(source, dict):
        return metric
    out = {k: v for k, v in source.items() if k not in ("target", "metric", "describedObject")}
    if "metric" in source:
        out["metricName"] = source["metric"].get("name")
        if source["metric"].get("selector") is not None:
            out["metricSelector" if sort == "External" else "selector"] = source["metric"]["selector"]
    if "describedObject" in source:
        out["target"] = source["describedObject"]
    for name, old in zip(_VALUES, _TARGETS[sort], strict=True):
        if old and (source.get("target") or {}).get(name) is not None:
            out[old] = source["target"][name]
    if sort == "Object":
        out.setdefault("targetValue", "0")
    return {"type": sort, field: {n: out[n] for n in _WRITTEN if n in out and (n != "target" or sort == "Object")}}


def _metric_v2(metric: Body) -> Body:
    sort = str(metric.get("type"))
    field = _SOURCES.get(sort, "")
    source = metric.get(field)
    if not isinstance(source, dict):
        return metric
    out: Body = {k: source[k] for k in ("name", "container") if k in source}
    if "metricName" in source:
        selector = source.get("metricSelector" if sort == "External" else "selector")
        out["metric"] = {"name": source["metricName"], **({"selector": selector} if selector is not None else {})}
    if sort == "Object" and "target" in source:
        out["describedObject"] = source["target"]
    target: Body = {}
    for name, old in zip(_VALUES, _TARGETS[sort], strict=True):
        if old and source.get(old) is not None:
            target[name] = source[old]
    if "averageUtilization" in target:
        target["type"] = "Utilization"
    elif "averageValue" in target:
        target["type"] = "AverageValue"
        target.pop("value", None)
    else:
        target["type"] = "Value"
    out["target"] = target
    return {"type": sort, field: out}
