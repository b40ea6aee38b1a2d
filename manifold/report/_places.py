"""Findings at one place: their line is quoted once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from manifold.model import Diagnostic


def places(found: Iterable[Diagnostic]) -> list[list[Diagnostic]]:
    """The findings by their place and path, in the order of the first of each."""
    groups: dict[tuple[Any, ...], list[Diagnostic]] = {}
    for i, d in enumerate(found):
        groups.setdefault((d.document, d.span, d.path, d.object) if d.span.line else (i,), []).append(d)
    return list(groups.values())


def mended(d: Diagnostic) -> str:
    """That `manifold fix` mends a finding, in brackets; empty where it does not."""
    return f"(`manifold fix{'' if d.fix.safe else ' --unsafe'}` does it)" if d.fix else ""
