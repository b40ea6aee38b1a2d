"""Bindings that give access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a binding to a role at hand that allows one of the `verbs` on one of the `resources`.

    `role` is the kind of role; without it a binding to a role of its own scope.
    """
    ref = subject.body.get("roleRef") or {}
    if parameters["role"] == "" and subject.kind == "RoleBinding" and ref.get("kind") == "ClusterRole":
        return
    role = bundle.role(subject, ref)
    if role is None or parameters["role"] not in ("", role.kind):
        return
    for rule in role.body.get("rules") or ():
        resources, verbs = (rule or {}).get("resources") or (), (rule or {}).get("verbs") or ()
        if {"*", *parameters["resources"]} & set(resources) and (
            not parameters["verbs"] or {"*", *parameters["verbs"]} & set(verbs)
        ):
            yield Finding(("roleRef",), {"value": f"{ref.get('kind')} {ref.get('name')}"})
            return
