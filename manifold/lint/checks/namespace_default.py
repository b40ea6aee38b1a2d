"""Objects in the namespace default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame an object that is, or may land, in the namespace default."""
    if ((subject.body.get("metadata") or {}).get("namespace") or "default") == "default":
        yield Finding(("metadata",))
