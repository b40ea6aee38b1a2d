"""Containers that may gain privileges, said in so many words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame allowPrivilegeEscalation; with `implied` privileged and SYS_ADMIN in its place, which mean it."""
    for container, path in subject.containers:
        own = container.get("securityContext")
        if not own:
            continue
        added = (own.get("capabilities") or {}).get("add") or ()
        implied = bool(own.get("privileged")) or "SYS_ADMIN" in added or "CAP_SYS_ADMIN" in added
        if implied if parameters["implied"] else own.get("allowPrivilegeEscalation") and not implied:
            yield Finding((*path, "securityContext"), {"name": container.get("name")})
