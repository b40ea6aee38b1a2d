"""Fields that the type does not have, where only one that it has can be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from manifold.apiserver import faults as reasons
from manifold.fix.operations import Rename, Repair, at
from manifold.fix.subject import Subject
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 1, False


def find(subject: Subject) -> Iterator[Repair]:
    for fault in subject.faults:
        if fault.reason != reasons.UNKNOWN_FIELD or not fault.path or not isinstance(fault.path[-1], str):
            continue
        path: Path = fault.path
        holder = subject.type_at(path[:-1])
        there = at(subject.body, path[:-1])
        if holder is None or not isinstance(there, dict) or path[-1] not in there:
            continue
        name = str(path[-1])
        meant = nearest(name, [f for f in holder.fields if f not in there])
        if not meant or nearest(name, holder.fields) != meant:
            continue
        rename = Rename(path, meant)
        new = (*path[:-1], meant)
        # The name is right only if what it holds is.
        if any(
            f.reason in (reasons.TYPE, reasons.UNKNOWN_FIELD) and f.path[: len(new)] == new
            for f in subject.after((rename,))
        ):
            continue
        yield Repair("api/unknown-field", f"`{name}` is spelled {meant}", path, (rename,))


def nearest(name: str, known: Iterable[str]) -> str:
    """The one name that is surely meant, empty where there is none or more than one.

    Sure is: the same letters in other cases or with separators, or one slip (a letter missing, too many, wrong, or two
    exchanged) in a name of five letters or more, two in one of ten or more.
    """
    names = list(known)
    bare = _bare(name)
    same = [n for n in names if _bare(n) == bare]
    if same:
        return same[0] if len(same) == 1 else ""
    if len(bare) < 5:
        return ""
    slips = 2 if len(bare) >= 10 else 1
    near = sorted((distance(bare, _bare(n), slips), n) for n in names if abs(len(n) - len(bare)) <= slips)
    near = [(d, n) for d, n in near if d <= slips]
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return ""
    return near[0][1]


def _bare(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def distance(one: str, other: str, most: int) -> int:
    """How many letters are missing, too many, wrong or exchanged with their neighbour; `most` + 1 stands for more."""
    earlier: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        earlier, last = last, row
    return last[-1]
