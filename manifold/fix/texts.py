"""Texts read once, however often a repair looks at them: before it, for it, after it, and by each round of the others."""

from __future__ import annotations

from functools import partial

from manifold.model import Source
from manifold.read import Reading
from manifold.read import read as anew
from manifold.read.recent import Recent

_readings: Recent[tuple[Source, bool], Reading] = Recent(1024 * 1024)
"""Readings of texts of so many bytes together: with nodes they take some forty times as much room."""


def read(source: Source, *, fast: bool = True) -> Reading:
    """What a source holds; nobody may change it, for others are given the same."""
    make = partial(anew, source, fast=fast)
    size = len(source.data)
    return make() if size > _readings.room else _readings.of((source, fast), size, make)
