"""Services that stop at each update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a strategy that stops all Pods of a Service at once."""
    strategy = (subject.body.get("spec") or {}).get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" and bundle.services_of(subject):
        yield Finding(("spec", "strategy", "type"), {"value": strategy.get("type")})
