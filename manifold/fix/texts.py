"""Texts read once, however often a repair looks at them: before it, for it, after it, and by each round of the others."""

from __future__ import annotations

from manifold.model import Source
from manifold.read import Reading
from manifold.read import read as anew

KEPT = 1024 * 1024
"""Readings are kept of texts of so many bytes together: with nodes they take some forty times as much room."""
_readings: dict[tuple[Source, bool], Reading] = {}
_kept = 0


def read(source: Source, *, fast: bool = True) -> Reading:
    """What a source holds; nobody may change it, for others are given the same."""
    global _kept
    key = source, fast
    found = _readings.get(key)
    if found is None:
        found = anew(source, fast=fast)
        size = len(source.data)
        if size > KEPT:
            return found
        if _kept + size > KEPT:
            _readings.clear()
            _kept = 0
        _kept += size
        _readings[key] = found
    return found
