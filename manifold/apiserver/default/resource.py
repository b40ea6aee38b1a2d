"""Defaults of resource claims: kubernetes v1.37.2 pkg/apis/resource/v1/defaults.go."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def request(value: Body) -> None:
    """An exact count is one unless it says how many."""
    if value.get("allocationMode") in (None, "ExactCount") and not value.get("count"):
        value["count"] = 1


TYPES = {"resource.v1.ExactDeviceRequest": request, "resource.v1.DeviceSubRequest": request}
DEFAULTS: dict[str, Any] = {}
