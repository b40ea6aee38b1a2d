"""Containers without a seccomp profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container for which neither it nor its Pod sets a seccomp profile."""
    if subject.pod is None:
        return
    whole = (subject.pod.get("securityContext") or {}).get("seccompProfile")
    for container, path in subject.containers:
        if (
            path[-2] == "containers"
            and not whole
            and not (container.get("securityContext") or {}).get("seccompProfile")
        ):
            yield Finding(path, {"name": container.get("name")})
