"""ServiceMonitors whose Services are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a ServiceMonitor that selects no Service at hand."""
    spec = subject.body.get("spec") or {}
    selector = spec.get("selector")
    spaces = spec.get("namespaceSelector") or {}
    for service in bundle.services_labelled(selector or {}):
        labels = (service.body.get("metadata") or {}).get("labels") or {}
        names = spaces.get("matchNames")
        near = spaces.get("any") or service.namespace in (names or [subject.namespace])
        if near and selector and matches(selector, labels):
            return
    yield Finding(("spec", "selector"))
