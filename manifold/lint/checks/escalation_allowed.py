"""Containers that may gain privileges, said in so many words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame allowPrivilegeEscalation, privileged or SYS_ADMIN."""
    for container, path in subject.containers:
        own = container.get("securityContext") or {}
        added = (own.get("capabilities") or {}).get("add") or ()
        if (
            own.get("allowPrivilegeEscalation")
            or own.get("privileged")
            or "SYS_ADMIN" in added
            or "CAP_SYS_ADMIN" in added
        ):
            yield Finding((*path, "securityContext"), {"name": container.get("name")})
