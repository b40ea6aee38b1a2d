"""Roles that let others into Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a role that allows pods/exec or pods/attach, or a binding to one."""
    body = subject.body
    if "roleRef" in body:
        ref = body["roleRef"] or {}
        if (
            subject.name == "cluster-admin"
            or subject.name.startswith("system:")
            or ref.get("kind") != parameters["role"]
        ):
            return
        role = bundle.role(subject, ref)
        if role is None:
            if parameters["unknown"] and (ref.get("kind") == "Role" or ref.get("name") != "view"):
                yield Finding(("roleRef",), {"value": ref.get("name")})
            return
        if any(_lets_in(r) for r in role.body.get("rules") or ()):
            yield Finding(("roleRef",), {"value": ref.get("name")})
        return
    for i, rule in enumerate(body.get("rules") or ()):
        if _lets_in(rule):
            yield Finding(("rules", i), {"value": subject.name})
            return


def _lets_in(rule: Any) -> bool:
    groups, resources, verbs = (set((rule or {}).get(k) or ()) for k in ("apiGroups", "resources", "verbs"))
    return bool(
        groups & {"", "*"}
        and resources & {"*", "pods/exec", "pods/attach", "*/exec", "*/attach"}
        and verbs & {"*", "create", "get"}
    )
