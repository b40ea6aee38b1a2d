"""Capabilities that a container keeps although it touches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame capabilities that do not drop `capability`, nor ALL, or add it again."""
    for container, path in subject.containers:
        capabilities = (container.get("securityContext") or {}).get("capabilities")
        if not isinstance(capabilities, dict):
            continue
        added, dropped = (
            {str(c).upper().removeprefix("CAP_") for c in capabilities.get(which) or ()} for which in ("add", "drop")
        )
        if parameters["capability"] in added or not dropped & {parameters["capability"], "ALL"}:
            yield Finding((*path, "securityContext", "capabilities"), {"name": container.get("name")})
