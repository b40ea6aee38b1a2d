"""Two objects that want to have the last word over the same Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject, together


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame an autoscaler whose target another one has, or a budget of which another covers the same Pods."""
    spec = subject.body.get("spec") or {}
    if subject.kind == "HorizontalPodAutoscaler":
        ref = spec.get("scaleTargetRef") or {}
        kind, name = str(ref.get("kind")), str(ref.get("name"))
        other = _other(bundle.scalers.get((kind, name), ()), subject, bundle)
        if other is not None:
            yield Finding(("spec", "scaleTargetRef"), {"other": f"{other.kind} {other.name}", "what": f"{kind} {name}"})
        return
    selector = spec.get("selector")
    for w in bundle.selected(subject, selector) if isinstance(selector, dict) else ():
        other = _other(bundle.budgets.get(id(w.document), ()), subject, bundle)
        if other is not None:
            words = {"other": f"{other.kind} {other.name}", "what": f"the Pods of {w.kind} {w.name}"}
            yield Finding(("spec", "selector"), words)
            return


def _other(found: Sequence[Subject], subject: Subject, bundle: Bundle) -> Subject | None:
    """One that is applied with an object, and is another."""
    units = (CLUSTER, bundle.unit(subject.document))
    for s in found:
        if s.name != subject.name and bundle.unit(s.document) in units and together(s, subject):
            return s
    return None
