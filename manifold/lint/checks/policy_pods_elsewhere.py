"""NetworkPolicies whose Pods are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a podSelector that no Pod at hand has."""
    spec = subject.body.get("spec")
    if not isinstance(spec, dict):
        return
    selector = spec.get("podSelector") or {}  # all of the namespace
    if isinstance(selector, dict) and not any(
        matches(selector, w.labels) for w in bundle.workloads.get(subject.namespace, ())
    ):
        yield Finding(("spec", "podSelector") if "podSelector" in spec else ("spec",))
