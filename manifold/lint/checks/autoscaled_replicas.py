"""Workloads whose replicas two parties set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame spec.replicas of a workload that an autoscaler targets."""
    if "replicas" in (subject.body.get("spec") or {}) and bundle.scaled(subject):
        yield Finding(("spec", "replicas"))
