"""Budgets that forbid every eviction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame maxUnavailable of nothing, or a minAvailable that takes all replicas of a workload at hand."""
    spec = subject.body.get("spec") or {}
    if spec.get("maxUnavailable") in (0, "0", "0%"):
        yield Finding(("spec", "maxUnavailable"), {"value": spec["maxUnavailable"]})
    least = spec.get("minAvailable")
    if least is None:
        return
    if least == "100%":
        yield Finding(("spec", "minAvailable"), {"value": least})
        return
    selector = spec.get("selector")
    labels = (selector or {}).get("matchLabels") or {}
    for workload in bundle.candidates(subject.namespace, labels):
        replicas = bundle.least_replicas(workload)
        if replicas is not None and matches(selector, workload.labels) and _needed(least, replicas) >= replicas:
            yield Finding(("spec", "minAvailable"), {"value": least})
            return


def _needed(least: Any, replicas: int) -> int:
    """How many Pods must stay, percentages rounded up as the disruption controller does."""
    if isinstance(least, int):
        return least
    if isinstance(least, str) and least.endswith("%") and least[:-1].isdigit():
        return -(-int(least[:-1]) * replicas // 100)
    return 0
