"""Pods that ask for the QoS class Guaranteed and miss it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts, qos_class
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Where at least one container has equal requests and limits, name the first that spoils the class."""
    if subject.pod is None:
        return
    try:
        if qos_class(subject.pod) != "Burstable":
            return
        reasons = [(_reason(c), c, p) for c, p in subject.containers]
    except ValueError:  # a quantity that is none: the server says so
        return
    spoiled = [bool(reason) for reason, _, _ in reasons]
    if all(spoiled) or not any(spoiled):  # none asks for it, or the Pod's own resources decide
        return
    reason, container, path = next(r for r in reasons if r[0])
    yield Finding(
        (*path, "resources") if "resources" in container else path,
        {"reason": f"container `{container.get('name')}` {reason}"},
    )


def _reason(container: Mapping[str, Any]) -> str:
    """Why a container is not guaranteed, empty when it is."""
    resources = container.get("resources")
    requests, limits = amounts(resources, "requests"), amounts(resources, "limits")
    for name in ("cpu", "memory"):
        if name not in limits:
            return f"has no {name} limit"
        if name in requests and requests[name] != limits[name]:
            return f"requests less {name} than its limit"
    return ""
