"""User and group ids that may be those of a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a runAsUser or runAsGroup that is unset or below `least`."""
    if subject.pod is None:
        return
    whole = subject.pod.get("securityContext") or {}
    for container, path in subject.containers:
        own = container.get("securityContext") or {}
        for field in ("runAsUser", "runAsGroup"):
            value = own.get(field, whole.get(field))
            if not isinstance(value, int) or value < parameters["least"]:
                yield Finding(path, {"name": container.get("name"), "value": field, "least": parameters["least"]})
                break
