"""Bindings to roles that allow everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject

KNOWN = ("cluster-admin", "view")
"""ClusterRoles that every cluster has, of which one allows all."""


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a binding to cluster-admin or to a role at hand that allows all; with `unknown` also to one not at hand."""
    ref = subject.body.get("roleRef") or {}
    if subject.name == "cluster-admin" or subject.name.startswith("system:") or ref.get("kind") != parameters["role"]:
        return
    role = bundle.role(subject, ref)
    if (
        ref.get("name") == "cluster-admin"
        if role is None
        else any(_everything(r) for r in role.body.get("rules") or ())
    ) or (role is None and parameters["unknown"] and (ref.get("kind") == "Role" or ref.get("name") not in KNOWN)):
        yield Finding(("roleRef",), {"value": ref.get("name")})


def _everything(rule: Any) -> bool:
    every = {"get", "list", "watch", "create", "update", "patch", "delete"}
    verbs = set(rule.get("verbs") or ())
    return (
        "*" in (rule.get("apiGroups") or ())
        and "*" in (rule.get("resources") or ())
        and ("*" in verbs or every <= verbs)
    )
