"""Defaults of NetworkPolicies: kubernetes v1.37.2 pkg/apis/networking/v1/defaults.go."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def network_policy_spec(value: Body) -> None:
    """A policy is for ingress, and for egress where it has such rules."""
    if not value.get("policyTypes"):
        value["policyTypes"] = ["Ingress", "Egress"] if value.get("egress") else ["Ingress"]


TYPES = {"networking.v1.NetworkPolicySpec": network_policy_spec}
DEFAULTS: dict[str, Any] = {}
