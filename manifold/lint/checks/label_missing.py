"""Objects that lack a label or annotation that a team asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a `wanted` key that is missing or whose value does not have the pattern."""
    where = parameters["where"]
    there = (subject.body.get("metadata") or {}).get(where) or {}
    for key, pattern in parameters["wanted"].items():
        if re.search(pattern, str(there.get(key, "") if key in there else "")) is None or key not in there:
            yield Finding(("metadata",), {"value": key})
