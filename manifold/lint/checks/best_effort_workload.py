"""Pods that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import qos_class
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a Pod spec of the QoS class BestEffort."""
    if subject.pod is None or not subject.containers:
        return
    try:
        best_effort = qos_class(subject.pod) == "BestEffort"
    except ValueError:  # a quantity that is none: the server says so
        return
    if best_effort:
        yield Finding((*subject.pod_path, "containers"))
