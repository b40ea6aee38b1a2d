"""Defaults of CustomResourceDefinitions: k8s.io/apiextensions-apiserver v0.37.2 pkg/apis/apiextensions/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context

Body = dict[str, Any]


def definition(body: Body, context: Context) -> None:
    """Names from the kind, no conversion, the storage version."""
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    if not names.get("singular") and names.get("kind"):
        names["singular"] = names["kind"].lower()
    if not names.get("listKind") and names.get("kind"):
        names["listKind"] = names["kind"] + "List"
    if spec.get("conversion") is None and "spec" in body:
        spec["conversion"] = {"strategy": "None"}


DEFAULTS = {"CustomResourceDefinition": definition}
