"""Rules of roles that name nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame `*` among the resources or verbs of a rule."""
    for i, rule in enumerate(subject.body.get("rules") or ()):
        for field in ("resources", "verbs"):
            if "*" in ((rule or {}).get(field) or ()):
                yield Finding(("rules", i, field), {"value": field})
