"""Security contexts where nothing is set: a Pod that may do less."""

from __future__ import annotations

from collections.abc import Iterator

from manifold.fix import opinions
from manifold.fix.operations import Repair
from manifold.fix.subject import Subject

SAFE, ORDER, WHOLE = False, 6, False


def find(subject: Subject) -> Iterator[Repair]:
    yield from opinions.find(subject.document, subject.found, "security-contexts")
