"""Monitors that watch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame the selector of a ServiceMonitor or PodMonitor that nothing at hand has, where there is something beside it."""
    spec = subject.body.get("spec") or {}
    selector, spaces = spec.get("selector"), spec.get("namespaceSelector") or {}
    if not isinstance(selector, dict) or not selector or bundle.making(subject.document):
        return
    there: Iterable[Subject]
    if subject.kind == "PodMonitor":
        there = [w for found in bundle.workloads.values() for w in found if _near(w, subject, spaces)]
        if any(matches(selector, w.labels) for w in there):
            return
    else:
        if any(
            _near(s, subject, spaces) and matches(selector, (s.body.get("metadata") or {}).get("labels") or {})
            for s in bundle.services_labelled(selector)
        ):
            return
        there = (s for s in bundle.of("Service") if _near(s, subject, spaces))
    ours = bundle.unit(subject.document)
    if bundle.whole or any(bundle.unit(s.document) == ours for s in there):
        yield Finding(("spec", "selector"), {"what": "Pod" if subject.kind == "PodMonitor" else "Service"})


def _near(s: Subject, monitor: Subject, spaces: Mapping[str, Any]) -> bool:
    """Whether a monitor looks into the namespace of an object; where that is not written, nobody can tell."""
    if spaces.get("any"):
        return True
    names = spaces.get("matchNames") or [monitor.written or None]
    return not s.written or None in names or s.written in names
