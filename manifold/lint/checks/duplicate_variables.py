"""Variables that a container sets twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame the second of two variables of one name."""
    for container, path in subject.containers:
        seen: set[Any] = set()
        for i, variable in enumerate(container.get("env") or ()):
            name = (variable or {}).get("name")
            if name in seen:
                yield Finding((*path, "env", i, "name"), {"value": name, "name": container.get("name")})
            seen.add(name)
