"""Capabilities that open the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame each of the `capabilities` that a container adds."""
    for container, path in subject.containers:
        for i, name in enumerate(((container.get("securityContext") or {}).get("capabilities") or {}).get("add") or ()):
            if str(name).upper().removeprefix("CAP_") in parameters["capabilities"]:
                yield Finding((*path, "securityContext", "capabilities", "add", i), {"value": name})
