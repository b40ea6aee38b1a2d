"""Workloads without a selector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload whose selector is absent or empty."""
    spec = subject.body.get("spec")
    if isinstance(spec, dict) and not spec.get("selector"):
        yield Finding(("spec",))
