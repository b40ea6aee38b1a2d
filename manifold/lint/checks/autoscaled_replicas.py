"""Workloads whose replicas two parties set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame spec.replicas of a workload that an autoscaler targets."""
    if "replicas" not in (subject.body.get("spec") or {}):
        return
    scaler = bundle.scaled(subject)
    if scaler is not None and bundle.unit(scaler.document) in (CLUSTER, bundle.unit(subject.document)):
        yield Finding(("spec", "replicas"))
