"""What a repair does to an object: a handful of operations on JSON values, which `edits` does to the text as well.

Both sides must agree: after an edit the text is read again, and must give what the operations give.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from manifold.model import Path


@dataclass(frozen=True, slots=True)
class Set:
    """The value at `path`, which is there, becomes `value`."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Insert:
    """The object at `path` gets the field `key`, after the field `after` or at its end."""

    path: Path
    key: str
    value: Any
    after: str = ""


@dataclass(frozen=True, slots=True)
class Rename:
    """The field at `path` is called `name`; its value stays."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The field at `path` goes."""

    path: Path


@dataclass(frozen=True, slots=True)
class Replace:
    """The fields `old` of the object at `path` go, and `key` takes their place."""

    path: Path
    old: tuple[str, ...]
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Append:
    """The list at `path` gets one item more."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Unduplicate:
    """Of the fields named as the one at `path` only the last stays, which is the one that kubectl reads."""

    path: Path


Operation = Set | Insert | Rename | Delete | Replace | Append | Unduplicate


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair of one object: which rule it answers, what it does in words, where, and how."""

    rule: str
    description: str
    path: Path
    operations: tuple[Operation, ...] = field(default=())


def at(value: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return None
    return value


def applied(body: Any, operations: Iterable[Operation]) -> Any:
    """A copy of an object with the operations done.

    Raises KeyError, IndexError or TypeError where a path is not there.
    """
    out = copy.deepcopy(body)
    for operation in operations:
        _apply(out, operation)
    return out


def _reach(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _apply(body: Any, operation: Operation) -> None:
    match operation:
        case Set(path, value):
            holder = _reach(body, path[:-1])
            holder[path[-1]]
            holder[path[-1]] = value
        case Insert(path, key, value, _):
            holder = _reach(body, path)
            if key in holder:
                raise KeyError(key)
            holder[key] = value
        case Rename(path, name):
            holder = _reach(body, path[:-1])
            if name in holder:
                raise KeyError(name)
            holder[name] = holder.pop(path[-1])
        case Delete(path):
            del _reach(body, path[:-1])[path[-1]]
        case Replace(path, old, key, value):
            holder = _reach(body, path)
            for name in old:
                del holder[name]
            if key in holder:
                raise KeyError(key)
            holder[key] = value
        case Append(path, value):
            _reach(body, path).append(value)
        case Unduplicate():
            pass


def put(body: Any, path: Path, value: Any) -> Operation:
    """The operation that makes `value` stand at `path`, with the objects on the way where they are missing."""
    here = body
    for i, part in enumerate(path):
        there = here.get(part) if isinstance(here, dict) else here[part]
        if there is None or (i == len(path) - 1) or (there == {} and isinstance(path[i + 1], str)):
            inner = value
            for name in reversed(path[i + 1 :]):
                inner = {name: inner}
            if isinstance(here, dict) and part not in here:
                return Insert(path[:i], str(part), inner)
            return Set(path[: i + 1], inner)
        here = there
    raise KeyError(path)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, 1 and 1.0 and true told apart."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
