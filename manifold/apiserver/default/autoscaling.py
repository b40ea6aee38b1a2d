"""Defaults of autoscalers: kubernetes v1.37.2 pkg/apis/autoscaling/v2/defaults.go."""

from __future__ import annotations

import json
from typing import Any

from manifold.apiserver.context import Context
from manifold.k8s.pods import amount

Body = dict[str, Any]

UP: tuple[Body, ...] = (
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
)
DOWN: tuple[Body, ...] = ({"type": "Percent", "value": 100, "periodSeconds": 15},)


def autoscaler_spec(value: Body) -> None:
    """Without metrics it scales by 80 % of the CPU requests."""
    if not value.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        value["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def behavior(value: Body) -> None:
    """Both directions have rules as soon as one is spoken of."""
    up, down = value.setdefault("scaleUp", {}), value.setdefault("scaleDown", {})
    up.setdefault("stabilizationWindowSeconds", 0)
    for rules, policies in ((up, UP), (down, DOWN)):
        rules.setdefault("selectPolicy", "Max")
        if rules.get("policies") is None:
            rules["policies"] = [dict(p) for p in policies]


TYPES = {
    "autoscaling.v2.HorizontalPodAutoscalerSpec": autoscaler_spec,
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": behavior,
}
_NOTES = "autoscaling.alpha.kubernetes.io/"


def _read(text: str, shape: type) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, shape) and found else None


def _cpu(metric: Body) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    found = resource.get("targetAverageUtilization")
    return found if isinstance(found, int) else None


_AMOUNTS = ("targetValue", "targetAverageValue", "averageValue")


def _readable(metric: Any) -> bool:
    """Whether Go can read a metric of the annotation: if not, it reads none of them."""
    if not isinstance(metric, dict):
        return metric is None
    for source in metric.values():
        for name in _AMOUNTS if isinstance(source, dict) else ():
            value = source.get(name)
            try:
                fits = value is None or (isinstance(value, str | int | float) and amount(value) is not None)
            except ValueError:
                fits = False
            if not fits:
                return False
    return True


def autoscaler(body: Body, context: Context) -> None:
    """What autoscaling/v1 has no fields for lives in annotations; the server reads them and writes them anew.

    kubernetes v1.37.2 pkg/apis/autoscaling/v1/conversion.go: metrics and behaviour that can be read stay, CPU
    utilisation becomes the field, 80 % without any metric; what the status says goes with the status.
    """
    if context.kind.version != "v1":
        return
    spec = body.setdefault("spec", {})
    notes = (body.get("metadata") or {}).get("annotations") or {}
    others: list[Body] = []
    if any(key.startswith(_NOTES) for key in notes):
        kept = {k: v for k, v in notes.items() if k.removeprefix(_NOTES) not in _ROUND_TRIP}
        metrics = _read(notes.get(f"{_NOTES}metrics", ""), list) or []
        if not all(map(_readable, metrics)):
            metrics = []
        metrics = [m for m in metrics if isinstance(m, dict)]
        cpu = next((found for m in metrics if (found := _cpu(m)) is not None), None)
        if cpu is not None:
            spec["targetCPUUtilizationPercentage"] = cpu
        others = [m for m in metrics if _cpu(m) is None]
        if others:
            kept[f"{_NOTES}metrics"] = json.dumps(others, separators=(",", ":"), ensure_ascii=False)
        behavior = f"{_NOTES}behavior"
        if _read(notes.get(behavior, ""), dict):
            kept[behavior] = notes[behavior]
        if context.operation == "update":
            kept.update({k: v for k, v in notes.items() if k.removeprefix(_NOTES) in _STATUS})
        body["metadata"]["annotations"] = kept
    if spec.get("targetCPUUtilizationPercentage") is None and not others:
        spec["targetCPUUtilizationPercentage"] = 80


_STATUS = frozenset(("conditions", "current-metrics"))
_ROUND_TRIP = _STATUS | {"metrics", "behavior"}
DEFAULTS = {"HorizontalPodAutoscaler": autoscaler}
