"""Workloads without a selector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload whose selector is absent or empty; early versions of the API took it from the template."""
    spec = subject.body.get("spec") or {}
    if subject.document.api_version not in ("extensions/v1beta1", "apps/v1beta1") and not spec.get("selector"):
        yield Finding(("spec",))
