"""Pods that anybody may talk to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame Pods that no NetworkPolicy at hand selects, in any direction or in `both`."""
    if subject.pod is None:
        return
    found: set[str] = set()
    for policy in bundle.by_kind.get("NetworkPolicy", ()):
        spec = policy.body.get("spec") or {}
        if policy.namespace == subject.namespace and matches(spec.get("podSelector"), subject.labels):
            found |= set(spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])])
    wanted = parameters["directions"]
    if not found if wanted == "any" else not {"Ingress", "Egress"} <= found:
        yield Finding(subject.pod_path)
