"""Requests that differ from their limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container that requests another amount of `resource` than it is limited to."""
    name = parameters["resource"]
    for container, path in subject.containers:
        resources = container.get("resources") or {}
        try:
            asked, limited = amounts(resources, "requests").get(name), amounts(resources, "limits").get(name)
        except ValueError:  # a quantity that is none: the server says so
            continue
        asked, limited = asked or None, limited or None  # nothing is as good as not said
        if asked == limited or (parameters["both"] and (asked is None or limited is None)):
            continue
        yield Finding((*path, "resources"), {"name": container.get("name"), "value": name})
