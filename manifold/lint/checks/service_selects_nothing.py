"""Services without endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import MADE
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a selector that no Pod at hand has, where workloads are applied together with the Service."""
    selector = (subject.body.get("spec") or {}).get("selector")
    if not isinstance(selector, dict):
        return
    selector = {k: v for k, v in selector.items() if k not in MADE}
    if not selector:
        return
    if bundle.selected(subject, {"matchLabels": selector}):
        return
    there = bundle.peers(subject)
    if not there:
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
