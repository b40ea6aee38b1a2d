"""Defaults of RBAC subjects: kubernetes v1.37.2 pkg/apis/rbac/v1/defaults.go."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def subject(value: Body) -> None:
    """Users and groups belong to the RBAC group."""
    if not value.get("apiGroup") and value.get("kind") in ("User", "Group"):
        value["apiGroup"] = "rbac.authorization.k8s.io"


TYPES = {"rbac.v1.Subject": subject}
DEFAULTS: dict[str, Any] = {}
