"""Pods that get traffic unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame Pods that a Service selects where no container has one of the `probes`."""
    bodies = [c for c, _ in subject.containers]
    missing = [p for p in parameters["probes"] if not any(p in c for c in bodies)]
    if missing and subject.pod is not None and bundle.services_of(subject):
        yield Finding(subject.pod_path, {"value": " and no ".join(missing)})
