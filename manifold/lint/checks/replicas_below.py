"""Too few replicas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame fewer replicas than `least`; with `served` only where a Service sends traffic and no autoscaler counts.

    `scaled` wants an autoscaler at hand, or none.
    """
    spec = subject.body.get("spec") or {}
    replicas = spec.get("replicas", 1)
    least = parameters["least"]
    if (
        not isinstance(replicas, int)
        or replicas >= least
        or ("replicas" not in spec and not parameters.get("implied", True))
    ):
        return
    if parameters.get("whole") and not subject.containers:  # a patch, which leaves out what stands elsewhere
        return
    if "scaled" in parameters and parameters["scaled"] != (bundle.scaled(subject) is not None):
        return
    if parameters.get("served") and (not bundle.services_of(subject) or bundle.scaled(subject)):
        return
    yield Finding(("spec", "replicas") if "replicas" in spec else ("spec",), {"value": replicas, "least": least})
