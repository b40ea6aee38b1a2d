"""Quantities in spellings that Kubernetes does not read but nobody can misread: 512MB, 1GiB, 100 Mi."""

from __future__ import annotations

import re
from collections.abc import Iterator

from manifold.apiserver import faults as reasons
from manifold.fix.operations import Repair, Set, at
from manifold.fix.subject import Subject
from manifold.k8s.quantity import parse
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 2, False

_SPELLING = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*([kmgtpe])(i?)(b?)", re.IGNORECASE | re.ASCII)


def find(subject: Subject) -> Iterator[Repair]:
    for fault in subject.faults:
        if fault.reason not in (reasons.TYPE, reasons.INVALID) or not fault.path:
            continue
        path: Path = fault.path
        value = at(subject.body, path)
        wanted = subject.type_at(path)
        if isinstance(value, str) and wanted is not None and wanted.shape == "quantity":
            meant = spelled(value)
            if meant:
                yield Repair(
                    fault.rule, f"{value!r} is written {meant}, as Kubernetes reads it", path, (Set(path, meant),)
                )


def spelled(text: str) -> str:
    """How Kubernetes writes a quantity that is surely meant; empty where it is not sure, or already so."""
    match = _SPELLING.fullmatch(text.strip())
    if not match:
        stripped = text.strip()
        return stripped if stripped != text and _reads(stripped) else ""
    number, letter, binary, byte = match.groups()
    if letter == "m" and not binary and not byte:
        return ""  # thousandths, or a mistyped M
    if letter in "eE" and not binary and not byte:
        return ""  # an exponent without its digits, or exa
    unit = letter.upper() if binary or letter not in "kK" else "k"
    meant = f"{number.replace(',', '.')}{unit}{'i' if binary else ''}"
    return meant if meant != text and _reads(meant) else ""


def _reads(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
