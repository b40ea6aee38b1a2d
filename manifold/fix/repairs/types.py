"""Scalars of the wrong type: a boolean or a number where a text is wanted, a quoted number where a number is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.schema import Type
from manifold.fix.operations import Repair, Set, at
from manifold.fix.subject import Subject
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 1, False

_WORD = re.compile(r"[A-Za-z0-9_./:=@*-]+", re.ASCII)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


def find(subject: Subject) -> Iterator[Repair]:
    seen: set[Path] = set()
    for path in _texts(subject.body):
        seen.add(path)
        yield from _as_text(subject, path)
    for fault in subject.faults:
        if fault.reason in (reasons.TYPE, reasons.INVALID) and fault.path and fault.path not in seen:
            seen.add(fault.path)
            yield from _mend(subject, fault.path, fault.rule)


def _texts(body: dict[str, Any]) -> Iterator[Path]:
    """Labels and annotations that kubectl itself refuses."""
    meta = body.get("metadata")
    for name in ("labels", "annotations"):
        entries = meta.get(name) if isinstance(meta, dict) else None
        for key, value in entries.items() if isinstance(entries, dict) else ():
            if isinstance(value, (bool, int, float)):
                yield ("metadata", name, key)


def _as_text(subject: Subject, path: Path) -> Iterator[Repair]:
    written = subject.written(path)
    if written and written[0] not in "\"'&!*|>":
        yield Repair(
            "api/type",
            f"`{written}` is quoted: a text is wanted here, and YAML 1.1 reads {_kind(at(subject.body, path))}",
            path,
            (Set(path, written),),
        )


def _kind(value: Any) -> str:
    return "a boolean" if isinstance(value, bool) else "a number"


def _mend(subject: Subject, path: Path, rule: str) -> Iterator[Repair]:
    value, wanted = at(subject.body, path), subject.type_at(path)
    if wanted is None:
        return
    if wanted.shape == "int-or-string" and isinstance(value, str) and _INTEGER.fullmatch(value):
        # A name of digits alone is no name: the number is meant.
        yield Repair(rule, f"the quotes go: the number {value} is meant", path, (Set(path, int(value)),))
        return
    if rule != "api/type":
        return
    if wanted.shape == "string" and isinstance(value, (bool, int, float)):
        yield from _as_text(subject, path)
    elif wanted.shape == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        number = int(value)
        yield Repair("api/type", f"the quotes go: a number is wanted here, {number}", path, (Set(path, number),))
    elif wanted.shape == "list" and isinstance(value, str) and _alone(wanted, value):
        yield Repair("api/type", f"a list is wanted here: [{value}]", path, (Set(path, [value]),))
    elif wanted.shape == "boolean" and isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        truth = _BOOLEANS[value.strip().lower()]
        yield Repair("api/type", f"the quotes go: {str(truth).lower()} is wanted here", path, (Set(path, truth),))


def _alone(wanted: Type, value: str) -> bool:
    """Whether a word is surely the one item of a list of texts: what holds blanks or commas may be several."""
    return wanted.items is not None and wanted.items.shape == "string" and bool(_WORD.fullmatch(value))
