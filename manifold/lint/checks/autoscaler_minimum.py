"""Autoscalers that go low."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a minReplicas below `least`; with `implied` also where it is left out, which means 1."""
    spec = subject.body.get("spec") or {}
    least, low = spec.get("minReplicas"), parameters["least"]
    if (least is None and parameters["implied"]) or (isinstance(least, int) and least < low):
        yield Finding(
            ("spec", "minReplicas") if least is not None else ("spec",), {"value": 1 if least is None else least}
        )
