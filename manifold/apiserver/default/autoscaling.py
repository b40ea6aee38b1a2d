"""Defaults of autoscalers: kubernetes v1.37.2 pkg/apis/autoscaling/v2/defaults.go."""

from __future__ import annotations

from typing import Any

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
