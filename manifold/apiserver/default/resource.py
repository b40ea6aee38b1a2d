"""Defaults of resource claims: kubernetes v1.37.2 pkg/apis/resource/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.decode import ALLOCATED

Body = dict[str, Any]


def request(value: Body) -> None:
    """An exact count is one unless it says how many."""
    if value.get("allocationMode") in (None, "ExactCount") and not value.get("count"):
        value["count"] = 1


def taint(value: Body) -> None:
    """The time from which a taint counts is the server's to write."""
    if value.get("timeAdded") is None:
        value["timeAdded"] = f"{ALLOCATED}>"


TYPES = {
    "resource.v1.DeviceTaint": taint,
    "resource.v1.ExactDeviceRequest": request,
    "resource.v1.DeviceSubRequest": request,
}
DEFAULTS: dict[str, Any] = {}
