"""Budgets that ask for more than an autoscaler keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a minAvailable above the minReplicas of the autoscaler of the same workload."""
    spec = subject.body.get("spec") or {}
    least = spec.get("minAvailable")
    if not isinstance(least, int):
        return
    selector = spec.get("selector")
    for workload in bundle.candidates(subject.namespace, (selector or {}).get("matchLabels") or {}):
        scaler = bundle.scaled(workload)
        if scaler is None or not matches(selector, workload.labels):
            continue
        kept = (scaler.body.get("spec") or {}).get("minReplicas", 1)
        if isinstance(kept, int) and least > kept:
            yield Finding(("spec", "minAvailable"), {"value": least, "kept": kept})
            return
