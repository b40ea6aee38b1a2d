"""Replicas that may share a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame two or more replicas without an anti-affinity to their like by one of the `keys`.

    `spread` wants topology spread constraints by such a key, or none.
    """
    if subject.pod is None:
        return
    spec = subject.body.get("spec") or {}
    replicas = spec.get("replicas", parameters["implied"])
    if not isinstance(replicas, int) or replicas < 2:
        return
    if "spread" in parameters and parameters["spread"] != any(
        c.get("topologyKey") in parameters["keys"] for c in subject.pod.get("topologySpreadConstraints") or ()
    ):
        return
    terms: list[Any] = []
    anti = (subject.pod.get("affinity") or {}).get("podAntiAffinity") or {}
    terms += [t.get("podAffinityTerm") or {} for t in anti.get("preferredDuringSchedulingIgnoredDuringExecution") or ()]
    terms += anti.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    for term in terms:
        if term.get("topologyKey") in parameters["keys"] and matches(term.get("labelSelector"), subject.labels):
            return
    yield Finding(subject.pod_path)
