"""Selectors of policies that match no Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject

FIELDS = {"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector"}


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a selector that no Pod at hand has, where workloads are applied together with the policy."""
    name = FIELDS[subject.kind]
    selector = (subject.body.get("spec") or {}).get(name)
    if not isinstance(selector, dict) or not selector:
        return
    if not bundle.selected(subject, selector) and bundle.peers(subject):
        yield Finding(("spec", name))
