"""Resources that are limited without being requested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Name each resource that a container limits and does not request."""
    for container, path in subject.containers:
        resources = container.get("resources") or {}
        requested = resources.get("requests") or {}
        for name in resources.get("limits") or {}:
            if name not in requested:
                yield Finding((*path, "resources", "limits", name), {"name": container.get("name"), "value": name})
