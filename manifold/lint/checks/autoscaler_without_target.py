"""Autoscalers that scale nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a target that the bundle lacks, where it has workloads in that namespace at all."""
    target = (subject.body.get("spec") or {}).get("scaleTargetRef")
    there = bundle.workloads.get(subject.namespace, [])
    if (
        not isinstance(target, dict)
        or not there
        or target.get("kind") not in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
    ):
        return
    if not any((w.kind, w.name) == (target.get("kind"), target.get("name")) for w in there):
        yield Finding(("spec", "scaleTargetRef", "name"), {"kind": target.get("kind"), "target": target.get("name")})
