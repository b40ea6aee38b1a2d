"""HorizontalPodAutoscalers in autoscaling/v1 and v2: what v1 has no fields for lives in annotations, as Go's JSON.

Source: kubernetes v1.37.2 pkg/apis/autoscaling/v1/conversion.go; names, order and zero values of the annotations' fields:
k8s.io/api v0.37.2 autoscaling/v1/types.go and, of the behaviour, pkg/apis/autoscaling/types.go (which has no JSON names).
"""

from __future__ import annotations

import json
from typing import Any

from manifold.apiserver.decode import copy
from manifold.k8s.gojson import dumps
from manifold.k8s.quantity import parse

Body = dict[str, Any]
# A text, a whole number, "quantity", a list of what it holds, or a struct: field -> shape.
Shape = Any

NOTES = "autoscaling.alpha.kubernetes.io/"
STATUS = frozenset((f"{NOTES}conditions", f"{NOTES}current-metrics"))
"""The annotations that carry a status, which nobody but the status endpoint writes."""
CARRIED = STATUS | {f"{NOTES}{n}" for n in ("metrics", "behavior", "scale-down-tolerance", "scale-up-tolerance")}
"""All that carry what v1 has no fields for: they never stay as they were written."""
_LEAST, _MOST = -(2**31), 2**31 - 1
# The share of CPU requests that an autoscaler without metrics aims at.
USUAL = 80

# A field with `!` is written where it is absent, too, as its zero value; one with `?` as null.
_REFERENCE = {"kind!": str, "name!": str, "apiVersion": str}
_LABELS: Shape = {"*": str}
_SELECTOR = {"matchLabels": _LABELS, "matchExpressions": [{"key!": str, "operator!": str, "values": [str]}]}
_METRICS: Shape = [{
    "type!": str,
    "object": {
        "target!": _REFERENCE, "metricName!": str, "targetValue!": "quantity", "selector": _SELECTOR,
        "averageValue": "quantity",
    },
    "pods": {"metricName!": str, "targetAverageValue!": "quantity", "selector": _SELECTOR},
    "resource": {"name!": str, "targetAverageUtilization": int, "targetAverageValue": "quantity"},
    "containerResource": {
        "name!": str, "targetAverageUtilization": int, "targetAverageValue": "quantity", "container!": str,
    },
    "external": {
        "metricName!": str, "metricSelector": _SELECTOR, "targetValue": "quantity", "targetAverageValue": "quantity",
    },
}]  # fmt: skip
_CURRENT: Shape = [{
    "type!": str,
    "object": {
        "target!": _REFERENCE, "metricName!": str, "currentValue!": "quantity", "selector": _SELECTOR,
        "averageValue": "quantity",
    },
    "pods": {"metricName!": str, "currentAverageValue!": "quantity", "selector": _SELECTOR},
    "resource": {"name!": str, "currentAverageUtilization": int, "currentAverageValue!": "quantity"},
    "containerResource": {
        "name!": str, "currentAverageUtilization": int, "currentAverageValue!": "quantity", "container!": str,
    },
    "external": {
        "metricName!": str, "metricSelector": _SELECTOR, "currentValue!": "quantity", "currentAverageValue": "quantity",
    },
}]  # fmt: skip
_RULES = {
    "stabilizationWindowSeconds?": int, "selectPolicy?": str,
    "policies?": [{"type!": str, "value!": int, "periodSeconds!": int}], "tolerance?": "quantity",
}  # fmt: skip
_BEHAVIOR: Shape = {"scaleUp?": _RULES, "scaleDown?": _RULES}
_CONDITIONS: Shape = [{
    "type!": str, "status!": str, "lastTransitionTime?": str, "reason": str, "message": str, "observedGeneration": int,
}]  # fmt: skip
# What v2 calls value, averageValue and averageUtilization, in v1, by the kind of metric: as targets and as they are now.
_TARGET = {
    "object": ("targetValue", "averageValue", ""), "pods": ("", "targetAverageValue", ""),
    "resource": ("", "targetAverageValue", "targetAverageUtilization"),
    "containerResource": ("", "targetAverageValue", "targetAverageUtilization"),
    "external": ("targetValue", "targetAverageValue", ""),
}  # fmt: skip
_NOW = {
    "object": ("currentValue", "averageValue", ""), "pods": ("", "currentAverageValue", ""),
    "resource": ("", "currentAverageValue", "currentAverageUtilization"),
    "containerResource": ("", "currentAverageValue", "currentAverageUtilization"),
    "external": ("currentValue", "currentAverageValue", ""),
}  # fmt: skip
_AMOUNTS = ("value", "averageValue", "averageUtilization")


# ── Go's JSON, by shape ──────────────────────────────────────────────────────────────────────────────────────────────


def _read(value: Any, shape: Shape) -> Any:
    """A value as Go's decoder takes it: names in any case, unknown ones passed over, null as absent.

    Raises ValueError for what does not fit.
    """
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise ValueError("no object")
        if "*" in shape:
            return {k: "" if v is None else _read(v, shape["*"]) for k, v in value.items()}
        names = {n.rstrip("!?").lower(): n for n in shape}
        found = {}
        for name, inner in value.items():
            known = names.get(name.lower())
            if known is not None and inner is not None:
                found[known.rstrip("!?")] = _read(inner, shape[known])
        return found
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ValueError("no list")
        return [_zero(shape[0]) if v is None else _read(v, shape[0]) for v in value]
    if shape == "quantity":
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("no quantity")
        return str(parse(str(value).strip()))
    if not isinstance(value, shape) or isinstance(value, bool):
        raise ValueError("of another type")
    if shape is int and not _LEAST <= value <= _MOST:
        raise ValueError("too large a number")
    return value


def _zero(shape: Shape) -> Any:
    if isinstance(shape, dict):
        return {}
    return "0" if shape == "quantity" else shape()


def _written(value: Any, shape: Shape, *, capital: bool = False) -> Any:
    """A value as Go's encoder writes it: its fields in order, zero values where they are not left out."""
    if isinstance(shape, list):
        return [_written(v, shape[0], capital=capital) for v in value]
    if not isinstance(shape, dict) or "*" in shape:
        return value
    out: Body = {}
    for marked, inner in shape.items():
        name = marked.rstrip("!?")
        found = value.get(name)
        if found is None and marked[-1] == "!":
            found = _zero(inner)
        elif (found is None and marked[-1] != "?") or (found == "" and marked[-1] not in "!?"):
            continue
        spelled = name[:1].upper() + name[1:] if capital else name
        out[spelled] = None if found is None else _written(found, inner, capital=capital)
    return out


def _note(notes: Body, name: str, shape: Shape) -> Any:
    """What an annotation carries; None where there is none, or one that the server cannot read and drops."""
    text = notes.get(f"{NOTES}{name}")
    if not isinstance(text, str):
        return None
    try:
        found = json.loads(text)
        return None if found is None else _read(found, shape)
    except (ValueError, RecursionError):
        return None


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _kind_of_target(name: str, target: Body) -> str:
    if name in ("resource", "containerResource"):
        return "Utilization" if "averageUtilization" in target else "AverageValue"
    if name == "object":
        return "AverageValue" if "averageValue" in target else "Value"
    return "Value" if name == "external" and "value" in target else "AverageValue"


def _modern(metric: Body, names: dict[str, tuple[str, str, str]], field: str) -> Body:
    """A metric of v1 in the shape of v2; `field` is `target`, or `current` for what a status says."""
    out: Body = {"type": metric.get("type", "")}
    for source, spelled in names.items():
        if source not in metric:
            continue
        old = metric[source]
        new: Body = {k: old[k] for k in ("name", "container") if k in old}
        target = {n: old[o] for n, o in zip(_AMOUNTS, spelled, strict=True) if o and o in old}
        if source == "pods":
            target.setdefault("averageValue", "0")
        elif source == "object" and "averageValue" not in target:
            target.setdefault("value", "0")
        elif source == "object" and parse(target.get("value", "0")).nanos == 0:
            target.pop("value", None)
        if field == "target":
            target["type"] = _kind_of_target(source, target)
        new[field] = target
        if source not in ("resource", "containerResource"):
            new["metric"] = {"name": old.get("metricName", "")}
            selector = old.get("metricSelector" if source == "external" else "selector")
            if selector is not None:
                new["metric"]["selector"] = selector
        if source == "object":
            new["describedObject"] = old.get("target", {})
        out[source] = new
    return out


def _former(metric: Body, names: dict[str, tuple[str, str, str]], field: str) -> Body:
    """A metric of v2 in the shape of v1."""
    out: Body = {"type": metric.get("type") or ""}
    for source, spelled in names.items():
        new = metric.get(source)
        if not isinstance(new, dict):
            continue
        old: Body = {k: new[k] for k in ("name", "container") if new.get(k) is not None}
        amounts, what = _map(new.get(field)), _map(new.get("metric"))
        for name, former_name in zip(_AMOUNTS, spelled, strict=True):
            found = amounts.get(name)
            if former_name and found is not None:
                old[former_name] = found if name == "averageUtilization" else _quantity(found)
        if source not in ("resource", "containerResource"):
            old["metricName"] = what.get("name") or ""
            if what.get("selector") is not None:
                old["metricSelector" if source == "external" else "selector"] = what["selector"]
        if source == "object":
            old["target"] = _map(new.get("describedObject"))
        out[source] = old
    return out


def _quantity(value: Any) -> Any:
    try:
        return str(parse(str(value)))
    except ValueError:  # validation blames it
        return value


def _map(value: Any) -> Body:
    """The value where it is a map: what was not stored by a server may be anything."""
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> list[Body]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _share(metric: Body) -> Any:
    """The share of the CPU requests that a metric of v2 aims at, or None."""
    resource = _map(metric.get("resource"))
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return _map(resource.get("target")).get("averageUtilization")


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_notes(given: Any, notes: Body) -> Body:
    """Metadata with these annotations in place of those that only carry what v1 has no fields for."""
    meta: Body = dict(_map(given))
    kept = {k: v for k, v in _map(meta.get("annotations")).items() if k not in CARRIED} | notes
    if kept:
        meta["annotations"] = kept
    else:
        meta.pop("annotations", None)
    return meta


def _status(given: Body, *, zero: bool) -> Body:
    """Of the status what both versions have. `zero`: v1 writes no replicas as 0."""
    both = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
    status = {k: v for k, v in given.items() if k in both and (zero or v != 0 or k != both[2])}
    if zero:
        status.setdefault("currentReplicas", 0)
    return status


def former(body: Body) -> Body:
    """An object of autoscaling/v2 as autoscaling/v1 shows it; a fresh one."""
    spec = copy(_map(body.get("spec")))
    metrics, behavior = _maps(spec.pop("metrics", None)), spec.pop("behavior", None)
    shares = [share for m in metrics if (share := _share(m)) is not None]
    if shares:
        spec["targetCPUUtilizationPercentage"] = shares[0]
    notes: Body = {}
    others = [_former(m, _TARGET, "target") for m in metrics if _share(m) is None]
    if others:
        notes[f"{NOTES}metrics"] = dumps(_written(others, _METRICS))
    if isinstance(behavior, dict):
        notes[f"{NOTES}behavior"] = dumps(_written(_tidy(behavior), _BEHAVIOR, capital=True))
    out = {**body, "apiVersion": "autoscaling/v1", "spec": spec}
    if "status" in body:
        status = _map(body["status"])
        out["status"] = _status(status, zero=True)
        current = [_former(m, _NOW, "current") for m in _maps(status.get("currentMetrics"))]
        if current:
            notes[f"{NOTES}current-metrics"] = dumps(_written(current, _CURRENT))
            for metric in current:
                resource = metric.get("resource") or {}
                if metric["type"] == "Resource" and resource.get("name") == "cpu":
                    if "currentAverageUtilization" in resource:
                        out["status"]["currentCPUUtilizationPercentage"] = resource["currentAverageUtilization"]
        conditions = _maps(status.get("conditions"))
        if conditions:
            notes[f"{NOTES}conditions"] = dumps(_written(conditions, _CONDITIONS))
    out["metadata"] = _with_notes(body.get("metadata"), notes)
    return out


def _tidy(behavior: Body) -> Body:
    """A behaviour with its quantities as Go writes them."""
    out = {n: rules for n, rules in behavior.items() if isinstance(rules, dict)}
    for name, rules in out.items():
        if rules.get("tolerance") is not None:
            out[name] = {**rules, "tolerance": _quantity(rules["tolerance"])}
        if rules.get("policies") is not None:
            out[name] = {**out[name], "policies": _maps(rules["policies"])}
    return out


def modern(body: Body) -> Body:
    """An object of autoscaling/v1 in the shape of autoscaling/v2; a fresh one."""
    spec = copy(_map(body.get("spec")))
    notes = _map(_map(body.get("metadata")).get("annotations"))
    share = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_modern(m, _TARGET, "target") for m in _note(notes, "metrics", _METRICS) or ()]
    if share is not None or not metrics:
        target = {"type": "Utilization", "averageUtilization": USUAL if share is None else share}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics
    behavior = _note(notes, "behavior", _BEHAVIOR)
    if behavior:
        spec["behavior"] = behavior
    out = {**body, "metadata": _with_notes(body.get("metadata"), {}), "spec": spec}
    if "status" in body:
        status = _map(body["status"])
        out["status"] = _status(status, zero=False)
        now, share = _note(notes, "current-metrics", _CURRENT), status.get("currentCPUUtilizationPercentage")
        if now:
            out["status"]["currentMetrics"] = [_modern(m, _NOW, "current") for m in now]
        elif share is not None:
            current = {"averageUtilization": share}
            out["status"]["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
        conditions = _note(notes, "conditions", _CONDITIONS)
        if conditions:
            out["status"]["conditions"] = conditions
    return out
