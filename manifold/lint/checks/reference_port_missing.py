"""References to ports that the Service does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a port, by name or number, that no Service of that name applied with the object has."""
    for reference in subject.references:
        if reference.port is None or reference.target.kind != "Service":
            continue
        targets = [t for t in bundle.targets(reference) if (t.get("spec") or {}).get("type") != "ExternalName"]
        ports = [p for t in targets for p in (t.get("spec") or {}).get("ports") or ()]
        if targets and not any(reference.port in (p.get("name"), p.get("port")) for p in ports):
            shown = ", ".join(str(p.get("name") or p.get("port")) for p in ports) or "none"
            yield Finding(
                (*reference.path[:-1], "port"), {"value": reference.port, "name": reference.target.name, "there": shown}
            )
