"""What merely follows from a fault of decoding.

The server stops at a strict error. People want everything at once, but not `image` called missing because it was written
`imgae`: a misspelled field that is surely recognised is judged under its right name, and what is still blamed for the
sake of an unknown field or a wrong type is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.faults import Fault, Faults
from manifold.model import Path

Body = dict[str, Any]


class Mended:
    """A written object whose misspelled fields bear the names that they mean; `body` is a copy where there are any."""

    def __init__(self, body: Body, strict: Iterable[Fault]) -> None:
        self.body = body
        self._strict = list(strict)
        self._written: dict[Path, Path] = {}
        for fault in self._strict:
            if fault.meant:
                self._rename(fault.path, fault.meant)

    def __bool__(self) -> bool:
        return bool(self._written)

    def _rename(self, path: Path, meant: str) -> None:
        if not self._written:
            self.body = deepcopy(self.body)
        holder = _at(self.body, path[:-1])
        wrong = str(path[-1])
        if isinstance(holder, dict) and wrong in holder and meant not in holder:
            items = [(meant if k == wrong else k, v) for k, v in holder.items()]
            holder.clear()
            holder.update(items)
            self._written[(*path[:-1], meant)] = path

    def more(self, strict: Iterable[Fault]) -> Faults:
        """What decoding the mended object blames besides: within fields that had been left out as unknown."""
        known = {f.path for f in self._strict}
        new = Faults(self._later(f) for f in strict if f.path not in known)
        self._strict += new
        return new

    def follow(self, found: Faults) -> Faults:
        """The faults that do not merely follow from strict ones, each with its place in the text as it is written.

        What is missing beside or within an unknown field's object, what is blamed for that, and what lies at or below a
        wrong type, are left out.
        """
        if not self._strict:
            return found
        names = {self._written.get((*f.path[:-1], f.meant)) for f in self._strict if f.meant}
        unknown = {f.path[:-1] for f in self._strict if f.reason == reasons.UNKNOWN_FIELD and f.path not in names}
        wrong = [f.path for f in self._strict if f.reason != reasons.UNKNOWN_FIELD]
        kept = Faults()
        left_out: set[Path] = set()
        for fault in found:
            path = fault.path
            if not fault.warning and _missing(path, unknown, self.body):
                left_out.add(path)
                continue
            if fault.reason in (reasons.REQUIRED, reasons.INVALID) and path in unknown:
                left_out.add(path)
                continue
            if fault.at is not None and fault.at in left_out:
                continue
            if any(path[: len(there)] == there or there[: len(path)] == path for there in wrong):
                continue
            kept.append(self._later(fault))
        return kept

    def _later(self, fault: Fault) -> Fault:
        """The fault at its place in the text; the server says it only once it can decode the object."""
        return self._place(_later(fault))

    def _place(self, fault: Fault) -> Fault:
        at = fault.at or fault.path
        for i in range(len(at), 0, -1):
            written = self._written.get(at[:i])
            if written is not None:
                return fault._replace(at=(*written, *at[i:]))
        return fault


def _later(fault: Fault) -> Fault:
    return fault if fault.warning else fault._replace(later=True)


def later(found: Iterable[Fault]) -> Faults:
    """The faults as such that the server comes to only when others are mended."""
    return Faults(_later(fault) for fault in found)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _missing(path: Path, unknown: set[Path], written: Body) -> bool:
    """Whether what is missing at `path` is missing because a field next to it, or to one above it, has a wrong name."""
    if not unknown:
        return False
    value: Any = written
    for i, part in enumerate(path):
        value = _at(value, (part,))
        if value is None:
            return path[:i] in unknown
    return False
