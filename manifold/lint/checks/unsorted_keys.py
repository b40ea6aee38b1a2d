"""Maps whose keys are not in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame the first key that comes after one that should follow it."""
    path = _first(subject.body, ())
    if path is not None:
        yield Finding(path)


def _first(value: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    if isinstance(value, dict):
        keys = [str(k) for k in value]
        for key, following in pairwise(keys):
            if following < key:
                return (*path, following)
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
