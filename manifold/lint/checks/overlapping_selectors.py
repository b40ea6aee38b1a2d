"""Workloads that count one another's Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload whose selector also matches the template of another of its kind and namespace that is applied with it."""
    selector = (subject.body.get("spec") or {}).get("selector")
    if not isinstance(selector, dict) or not selector or not matches(selector, subject.labels):
        return
    for other in bundle.candidates(subject.namespace, selector.get("matchLabels") or {}):
        if other.kind != subject.kind or other.name == subject.name or not matches(selector, other.labels):
            continue
        if bundle.unit(other.document) in (CLUSTER, bundle.unit(subject.document)):
            yield Finding(("spec", "selector"), {"other": f"{other.kind} {other.name}"})
            return
