"""StatefulSets without their headless Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a serviceName that no headless Service among the objects has that selects the Pods."""
    name = (subject.body.get("spec") or {}).get("serviceName")
    for service in bundle.services_of(subject):
        if service.name == name and (service.body.get("spec") or {}).get("clusterIP") == "None":
            return
    yield Finding(("spec", "serviceName") if name else ("spec",), {"value": name or ""})
