"""Names that are looked up five times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a Pod that lacks one of the resolver `options`."""
    if subject.pod is None:
        return
    wanted = parameters["options"]
    there = {(o.get("name"), str(o.get("value"))) for o in (subject.pod.get("dnsConfig") or {}).get("options") or ()}
    for name, value in wanted.items():
        if (name, str(value)) not in there:
            yield Finding(subject.pod_path, {"value": f"{name}:{value}"})
