"""References to ports that a Service does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a port, by name or number, that the Service, which is given, lacks."""
    for reference in subject.references:
        if reference.port is None:
            continue
        target = bundle.find(reference.target)
        if target is None:
            continue
        ports = (target.get("spec") or {}).get("ports") or ()
        there = {p.get("name") for p in ports} | {p.get("port") for p in ports}
        if reference.port not in there:
            shown = ", ".join(str(p.get("name") or p.get("port")) for p in ports) or "none"
            yield Finding(
                (*reference.path[:-1], "port"), {"value": reference.port, "name": reference.target.name, "there": shown}
            )
