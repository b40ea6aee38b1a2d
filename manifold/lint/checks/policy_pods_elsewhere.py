"""NetworkPolicies whose Pods are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a podSelector that no Pod at hand has."""
    selector = (subject.body.get("spec") or {}).get("podSelector")
    if isinstance(selector, dict) and not any(
        matches(selector, w.labels) for w in bundle.workloads.get(subject.namespace, ())
    ):
        yield Finding(("spec", "podSelector"))
