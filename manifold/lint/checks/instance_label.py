"""Instance labels that do not say the name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame an app.kubernetes.io/instance label that is not the name of the object."""
    meta = subject.body.get("metadata") or {}
    if subject.containers and (meta.get("labels") or {}).get("app.kubernetes.io/instance") != meta.get("name"):
        yield Finding(("metadata", "labels") if meta.get("labels") else ("metadata",))
