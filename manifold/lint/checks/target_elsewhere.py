"""Autoscalers whose target is not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a target that the objects at hand do not include."""
    target = (subject.body.get("spec") or {}).get("scaleTargetRef") or {}
    if not bundle.called(target.get("kind"), subject.namespace, target.get("name")):
        yield Finding(("spec", "scaleTargetRef"), {"kind": target.get("kind"), "target": target.get("name")})
