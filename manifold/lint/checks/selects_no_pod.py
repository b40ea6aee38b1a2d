"""Selectors of policies that match no Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject

FIELDS = {"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector"}


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a selector that no Pod of its namespace has, where the bundle has Pods there at all."""
    name = FIELDS[subject.kind]
    selector = (subject.body.get("spec") or {}).get(name)
    there = bundle.workloads.get(subject.namespace, [])
    if (
        isinstance(selector, dict)
        and selector
        and there
        and not any(
            matches(selector, w.labels) for w in bundle.candidates(subject.namespace, selector.get("matchLabels") or {})
        )
    ):
        yield Finding(("spec", name))
