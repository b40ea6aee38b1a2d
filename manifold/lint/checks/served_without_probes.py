"""Pods that get traffic unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame Pods that a Service selects where no container has a readiness or liveness probe."""
    if subject.pod is None or not bundle.services_of(subject):
        return
    bodies = [c for c, _ in subject.containers]
    missing = [p for p in ("readinessProbe", "livenessProbe") if not any(p in c for c in bodies)]
    if missing:
        yield Finding(subject.pod_path, {"value": " and no ".join(missing)})
