"""Limits far above their requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container whose limit of a resource is more than so many times its request (`most`, by resource)."""
    for container, path in subject.containers:
        resources = container.get("resources") or {}
        if not resources.get("limits") or not resources.get("requests"):
            continue
        try:
            requests, limits = amounts(resources, "requests"), amounts(resources, "limits")
        except ValueError:  # a quantity that is none: the server says so
            continue
        for name, most in parameters["most"].items():
            asked, limit = requests.get(name), limits.get(name)
            if asked and limit is not None and limit.nanos > most * asked.nanos:
                yield Finding(
                    (*path, "resources", "limits", name),
                    {
                        "name": container.get("name"),
                        "value": name,
                        "times": f"{limit.nanos / asked.nanos:.3g}",
                        "limit": limit,
                        "request": asked,
                    },
                )
