"""Requests and limits to begin with: measured values should take their place."""

from __future__ import annotations

from collections.abc import Iterator

from manifold.fix import opinions
from manifold.fix.operations import Repair
from manifold.fix.subject import Subject

SAFE, ORDER, WHOLE = False, 6, False


def find(subject: Subject) -> Iterator[Repair]:
    yield from opinions.find(subject.document, subject.found, "resources")
