"""Defaults of the apps group that depend on more than one field: kubernetes v1.37.2 pkg/apis/apps/v1/defaults.go."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def deployment_strategy(value: Body) -> None:
    """A rolling update has its two limits."""
    if (value.get("type") or "RollingUpdate") == "RollingUpdate":
        rolling = value.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def daemon_set_strategy(value: Body) -> None:
    """A rolling update has its two limits."""
    if (value.get("type") or "RollingUpdate") == "RollingUpdate":
        rolling = value.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    elif value.get("rollingUpdate") is not None:  # kept though it does not matter, and its fields are no pointers
        value["rollingUpdate"].setdefault("maxUnavailable", 0)
        value["rollingUpdate"].setdefault("maxSurge", 0)


def stateful_set_strategy(value: Body) -> None:
    """The rolling update's partition and limit; an object for it only where no type was given."""
    if not value.get("type"):
        value["type"] = "RollingUpdate"
        value.setdefault("rollingUpdate", {})
    if value["type"] == "RollingUpdate" and value.get("rollingUpdate") is not None:
        value["rollingUpdate"].setdefault("partition", 0)
        value["rollingUpdate"].setdefault("maxUnavailable", 1)


def stateful_set_spec(value: Body) -> None:
    """Claim templates are claims: their kind is written, whatever it said."""
    for claim in value.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        claim.setdefault("status", {}).setdefault("phase", "Pending")


TYPES = {
    "apps.v1.DeploymentStrategy": deployment_strategy,
    "apps.v1.DaemonSetUpdateStrategy": daemon_set_strategy,
    "apps.v1.StatefulSetUpdateStrategy": stateful_set_strategy,
    "apps.v1.StatefulSetSpec": stateful_set_spec,
}
DEFAULTS: dict[str, Any] = {}
