"""Budgets that forbid every eviction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame one `limit`: maxUnavailable of nothing, minAvailable of all, one of no Pods, or one that all replicas at hand make up."""
    spec = subject.body.get("spec") or {}
    limit, least = parameters["limit"], spec.get("minAvailable")
    if limit == "unavailable":
        if spec.get("maxUnavailable") in (0, "0", "0%"):
            yield Finding(("spec", "maxUnavailable"), {"value": spec["maxUnavailable"]})
        return
    if limit == "all":
        if least == "100%":
            yield Finding(("spec", "minAvailable"), {"value": least})
        return
    if least is None or least == "100%":
        return
    selector = spec.get("selector")
    if limit == "unselected":
        if selector is None:
            yield Finding(("spec",))
        return
    labels = (selector or {}).get("matchLabels") or {}
    for workload in bundle.candidates(subject.namespace, labels):
        if bundle.unit(workload.document) not in (CLUSTER, bundle.unit(subject.document)):
            continue
        replicas = bundle.least_replicas(workload)
        if replicas is not None and matches(selector, workload.labels) and _needed(least, replicas) >= replicas:
            yield Finding(("spec", "minAvailable"), {"value": least, "replicas": replicas})
            return


def _needed(least: Any, replicas: int) -> int:
    """How many Pods must stay, percentages rounded up as the disruption controller does."""
    if isinstance(least, int):
        return least
    if isinstance(least, str) and least.endswith("%") and least[:-1].isdigit():
        return -(-int(least[:-1]) * replicas // 100)
    return 0
