"""Services without endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import plain_matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a selector that no Pod of its namespace has, where the bundle has Pods there at all."""
    selector = (subject.body.get("spec") or {}).get("selector")
    there = bundle.workloads.get(subject.namespace, [])
    if not isinstance(selector, dict) or not selector or not there:
        return
    if any(plain_matches(selector, w.labels) for w in bundle.candidates(subject.namespace, selector)):
        return
    best = max(
        there,
        key=lambda w: (
            sum(1 for k, v in selector.items() if w.labels.get(k) == v) + sum(1 for k in selector if k in w.labels) / 10
        ),
    )
    shown = (
        ", ".join(f"{k}={best.labels[k]}" for k in selector if k in best.labels)
        or ", ".join(f"{k}={v}" for k, v in best.labels.items())
        or "no labels"
    )
    yield Finding(("spec", "selector"), {"nearest": f"{best.kind} {best.name} with {shown}"})
