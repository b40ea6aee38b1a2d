"""Amounts of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame containers whose `which` (requests, limits) say that `resource` is 0; init containers are for `amount-missing`."""
    which, name = parameters["which"], parameters["resource"]
    for container, path in subject.main:
        resources = container.get("resources") or {}
        try:
            amount = amounts(resources, which).get(name)
        except ValueError:  # a quantity that is none: the server says so
            continue
        if amount is not None and not amount:
            yield Finding((*path, "resources", which, name), {"name": container.get("name"), "value": name})
