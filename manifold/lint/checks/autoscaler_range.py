"""Autoscalers that cannot scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a maximum that is not above the minimum."""
    spec = subject.body.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and most <= least:
        yield Finding(("spec", "maxReplicas"), {"value": most})
