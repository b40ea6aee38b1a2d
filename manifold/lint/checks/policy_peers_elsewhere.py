"""NetworkPolicies whose peers are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame the podSelector of a peer in the same namespace that no Pod at hand has."""
    spec = subject.body.get("spec") or {}
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction) or ()):
            for j, peer in enumerate((rule or {}).get(side) or ()):
                selector = peer.get("podSelector")
                if not isinstance(selector, dict) or "namespaceSelector" in peer:
                    continue
                if not any(matches(selector, w.labels) for w in bundle.workloads.get(subject.namespace, ())):
                    yield Finding(("spec", direction, i, side, j, "podSelector"))
