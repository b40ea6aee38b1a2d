"""Pods that anybody may talk to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame Pods that no NetworkPolicy at hand selects, in any direction or in `both`."""
    if subject.pod is None:
        return
    found: set[str] = set()
    for policy in bundle.selecting(subject, "NetworkPolicy", "podSelector"):
        spec = policy.body.get("spec") or {}
        found |= set(spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])])
    wanted = parameters["directions"]
    if not found if wanted == "any" else not {"Ingress", "Egress"} <= found:
        yield Finding(subject.pod_path)
