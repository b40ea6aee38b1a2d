"""Workloads that count one another's Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload whose selector also matches the template of another of its kind and namespace."""
    selector = (subject.body.get("spec") or {}).get("selector")
    if not isinstance(selector, dict) or not selector or not matches(selector, subject.labels):
        return
    for other in bundle.candidates(subject.namespace, selector.get("matchLabels") or {}):
        if other.kind == subject.kind and other.name != subject.name and matches(selector, other.labels):
            yield Finding(("spec", "selector"), {"other": f"{other.kind} {other.name}"})
            return
