"""Services whose Pods are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import plain_matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a selector that no Pod at hand has; with `selectorless` only a Service that has none.

    Such a Service is `alone` where no Pod at all is at hand. With `unsure` only one whose Pods name `default` and it none, or
    the other way round.
    """
    spec = subject.body.get("spec") or {}
    selector = spec.get("selector")
    if spec.get("type") == "ExternalName" or not isinstance(spec, dict):
        return
    if not selector:
        if parameters["selectorless"] and parameters["alone"] == (not bundle.workloads):
            yield Finding(("spec",))
        return
    if parameters["selectorless"]:
        return
    found = [w for w in bundle.candidates(subject.namespace, selector) if plain_matches(selector, w.labels)]
    if parameters.get("unsure"):
        if found and all(w.written != subject.written for w in found):
            yield Finding(("spec", "selector"))
    elif not found:
        yield Finding(("spec", "selector"))
