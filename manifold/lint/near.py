"""Names that are a slip of the keyboard away from one another."""

from __future__ import annotations

import re
from collections.abc import Iterable

from manifold.patterns import late

_PARTS = late(r"[^A-Za-z0-9]+")


def slip(name: str, others: Iterable[str]) -> str:
    """The other name that was likely meant, empty when none was.

    One letter more, less, other, or two exchanged; two such slips in names from eight letters on. Names that differ in
    a number or in a part of one letter (web-1 and web-2, shard-a and shard-b) are different things.
    """
    best, least = "", 3
    for other in others:
        most = 2 if min(len(name), len(other)) >= 8 else 1
        if other == name or abs(len(other) - len(name)) > most or _counted(name, other):
            continue
        steps = _steps(name, other)
        if steps <= most and steps < least:
            best, least = other, steps
    return best


def _counted(a: str, b: str) -> bool:
    """Whether the difference is a number or a part of one letter."""
    parts, more = _PARTS.split(a), _PARTS.split(b)
    if len(parts) != len(more):
        return True
    return any(
        x != y and (min(len(x), len(y)) < 3 or re.sub(r"\d", "", x) == re.sub(r"\d", "", y))
        for x, y in zip(parts, more, strict=True)
    )


def _steps(a: str, b: str) -> int:
    """Insertions, deletions, substitutions and exchanges of neighbours (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        two, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two[j - 2] + 1)
            row.append(cost)
    return row[-1]
