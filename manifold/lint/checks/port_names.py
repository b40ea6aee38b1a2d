"""Ports with impossible names or numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame target ports and names of container ports that cannot be, or that a container gives twice."""
    if subject.kind == "Service":
        for i, port in enumerate((subject.body.get("spec") or {}).get("ports") or ()):
            target = (port or {}).get("targetPort")
            if target not in (None, 0, "") and not _possible(target):  # the server takes the port for nothing and 0
                yield Finding(("spec", "ports", i, "targetPort"), {"value": target})
        return
    for container, path in subject.containers:
        seen: set[Any] = set()
        for i, port in enumerate(container.get("ports") or ()):
            name = (port or {}).get("name")
            if name is not None and (name in seen or not _possible(name)):
                yield Finding((*path, "ports", i, "name"), {"value": name})
            if (port or {}).get("containerPort") == 0:
                yield Finding((*path, "ports", i, "containerPort"), {"value": 0})
            seen.add(name)


def _possible(value: Any) -> bool:
    """Whether it can be a port: a number from 1 to 65535, or a service name of RFC 6335."""
    if isinstance(value, int):
        return 0 < value < 65536
    return (
        isinstance(value, str)
        and len(value) < 16
        and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) is not None
        and not value.isdigit()
    )
