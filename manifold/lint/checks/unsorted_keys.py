"""Maps whose keys are not in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject
from manifold.model import Path


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame the first object with a key that comes after one that should follow it."""
    found = _first(subject.body, ())
    if found is not None:
        yield Finding(found[0], {"value": found[1]})


def _first(value: Any, path: Path) -> tuple[Path, str] | None:
    """Where the first such object is, and the key."""
    if isinstance(value, dict):
        for key, following in pairwise(map(str, value)):
            if following < key:
                return path, following
        inner: Any = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return None
    for part, item in inner:
        found = _first(item, (*path, part))
        if found is not None:
            return found
    return None
