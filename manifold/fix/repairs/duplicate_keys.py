"""Fields that stand twice: kubectl reads the last and says nothing, so the others can go."""

from __future__ import annotations

from collections.abc import Iterator

from manifold.fix.operations import Repair, Unduplicate
from manifold.fix.subject import Subject

SAFE, ORDER, WHOLE = True, 0, False


def find(subject: Subject) -> Iterator[Repair]:
    for path, count in subject.duplicates:
        what = "the first one goes" if count == 2 else f"the first {count - 1} go"
        yield Repair(
            "duplicate-key",
            f"`{path[-1]}` stands here {count} times and the last one counts: {what}",
            path,
            (Unduplicate(path),),
        )
