"""Containers that do not say how much they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame containers of the list `of` whose `which` (requests, limits) lack `resource` or set it to nothing.

    With `implied` only those that are limited, so that the server takes the limit for the request.
    """
    which, name = parameters["which"], parameters["resource"]
    for container, path in subject.containers:
        if path[-2] != parameters["of"]:
            continue
        resources = container.get("resources") or {}
        try:
            if amounts(resources, which).get(name):
                continue
        except ValueError:  # a quantity that is none: the server says so
            continue
        if not parameters.get("implied") or name in (resources.get("limits") or {}):
            place = (*path, "resources") if "resources" in container else path
            yield Finding(place, {"name": container.get("name"), "value": name})
