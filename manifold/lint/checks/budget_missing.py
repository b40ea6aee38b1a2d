"""Workloads without a disruption budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload that no PodDisruptionBudget among the objects covers."""
    replicas = (subject.body.get("spec") or {}).get("replicas")
    if isinstance(replicas, int) and (replicas < 2) != parameters["single"]:
        return
    if replicas is None and parameters["single"]:
        return
    if not bundle.selecting(subject, "PodDisruptionBudget", "selector"):
        yield Finding(())
