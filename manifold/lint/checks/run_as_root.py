"""Containers that may run as root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container for which neither it nor its Pod rules root out."""
    if subject.pod is None:
        return
    pod = subject.pod.get("securityContext") or {}
    for container, path in subject.containers:
        own = container.get("securityContext") or {}
        non_root = own.get("runAsNonRoot", pod.get("runAsNonRoot"))
        user = own.get("runAsUser", pod.get("runAsUser"))
        if user == 0 or (not non_root and not user):
            yield Finding((*path, "securityContext") if own else path, {"name": container.get("name")})
