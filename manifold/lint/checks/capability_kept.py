"""Capabilities that a container keeps although it touches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame capabilities that do not drop `capability`, nor ALL."""
    for container, path in subject.containers:
        capabilities = (container.get("securityContext") or {}).get("capabilities")
        if not isinstance(capabilities, dict):
            continue
        dropped = {str(c).upper().removeprefix("CAP_") for c in capabilities.get("drop") or ()}
        if not dropped & {parameters["capability"], "ALL"}:
            yield Finding((*path, "securityContext", "capabilities"), {"name": container.get("name")})
