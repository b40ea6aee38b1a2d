"""Merging and comparing by schema, the heart of server-side apply.

The rules are those of sigs.k8s.io/structured-merge-diff v6 (typed.Merge, typed.Compare): scalars and atomic containers
are replaced, maps are joined, sets and lists with keys are joined item by item in an order that respects both sides.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from manifold.apiserver.patch.fieldset import DEDUCED, Element, FieldPath, FieldSet, child, field, is_atomic, items
from manifold.apiserver.schema import Type


def equal(a: Any, b: Any) -> bool:
    """Equality of JSON values: 1 and 1.0 are one number, True is none."""
    if a.__class__ is b.__class__:
        if a.__class__ is dict:
            return a.keys() == b.keys() and all(equal(v, b[k]) for k, v in a.items())
        if a.__class__ is list:
            return len(a) == len(b) and all(map(equal, a, b))
        return bool(a == b)
    if (
        isinstance(a, (int, float))
        and isinstance(b, (int, float))
        and not isinstance(a, bool)
        and not isinstance(b, bool)
    ):
        return a == b
    return False


def merge(live: Any, config: Any, type: Type) -> Any:
    """`live` with `config` laid over it; neither is changed."""
    if config is None:
        return live
    if live is None or live.__class__ is not config.__class__ or is_leaf(config, type):
        return config
    if config.__class__ is dict:
        out = dict(live)
        for name, value in config.items():
            if name in live:
                # An explicit null takes the place of a scalar or of what is one piece; a joined map or list stays.
                below = child(type, name)
                out[name] = None if value is None and is_leaf(live[name], below) else merge(live[name], value, below)
            else:
                out[name] = value
        return out
    return _merge_items(live, config, type)


def is_leaf(value: Any, type: Type) -> bool:
    """Whether a value is replaced as a whole."""
    return value.__class__ not in (dict, list) or is_atomic(type, value)


def _merge_items(live: list[Any], config: list[Any], type: Type) -> list[Any]:
    """Items of both sides: those of `config` keep its order, those of `live` alone stay where they stood."""
    item = type.items or DEDUCED
    left, right = items(type, live), items(type, config)
    counts = Counter(name for name, _ in left)
    # Of items that occur twice in the live list none is merged with the new one.
    in_left: dict[Element, Any] = {name: value if counts[name] == 1 else None for name, value in left}
    in_right = dict(right)
    shared = [name for name, _ in right if name in in_left]
    shared_at = 0
    merged: set[Element] = set()
    out: list[Any] = []

    def take(name: Element, value: Any) -> None:
        merged.add(name)
        out.append(merge(in_left.get(name), value, item))

    i = j = 0
    while i < len(left) or j < len(right):
        awaited = shared[shared_at] if shared_at < len(shared) else None
        if i < len(left) and j < len(right):
            name = left[i][0]
            if name == right[j][0]:
                take(name, in_right[name])
                i, j, shared_at = i + 1, j + 1, shared_at + 1
                continue
            if name in in_right and awaited is not None and awaited != name:
                i += 1  # its turn comes with the new order
                continue
        if i < len(left):
            name, value = left[i]
            if name not in in_right:
                out.append(value)
                i += 1
                continue
            if name in merged:
                i += 1
        if j < len(right):
            name, value = right[j]
            take(name, in_right[name])
            j += 1
            if awaited == name:
                shared_at += 1
    return out


class Comparison(NamedTuple):
    """The fields that came, went and changed between two objects."""

    added: FieldSet
    removed: FieldSet
    modified: FieldSet


def compare(old: Any, new: Any, type: Type) -> Comparison:
    """What differs between two objects of a type, as sets of fields."""
    found = Comparison(set(), set(), set())
    _compare(old, new, type, (), found)
    return found


_ABSENT = object()


def _compare(old: Any, new: Any, type: Type, path: FieldPath, found: Comparison) -> None:
    shape = (new if old is _ABSENT or old is None else old).__class__
    both = old is not _ABSENT and new is not _ABSENT
    if (
        both
        and old is not None
        and new is not None
        and old.__class__ is not new.__class__
        and (dict in (old.__class__, new.__class__) or list in (old.__class__, new.__class__))
    ):
        _compare(old, _ABSENT, type, path, found)
        _compare(_ABSENT, new, type, path, found)
        found.added.discard(path)
        found.removed.discard(path)
        found.modified.add(path)
        return
    holder = new if old is _ABSENT or old is None else old
    empty = not (old if old is not _ABSENT else None) and not (new if new is not _ABSENT else None)
    if shape not in (dict, list) or empty or is_atomic(type, holder):
        if old is _ABSENT:
            found.added.add(path)
        elif new is _ABSENT:
            found.removed.add(path)
        elif not equal(old, new):
            found.modified.add(path)
        return
    before, after = (None if v is _ABSENT else v for v in (old, new))
    if shape is dict:
        _compare_fields(before or {}, after or {}, type, path, found)
    else:
        _compare_items(before or [], after or [], type, path, found)
    if path and old is _ABSENT:
        found.added.add(path)
    elif path and new is _ABSENT:
        found.removed.add(path)


def _compare_fields(
    before: dict[str, Any], after: dict[str, Any], type: Type, path: FieldPath, found: Comparison
) -> None:
    for name, value in before.items():
        _compare(value, after.get(name, _ABSENT), child(type, name), (*path, field(name)), found)
    for name, value in after.items():
        if name not in before:
            _compare(_ABSENT, value, child(type, name), (*path, field(name)), found)


def _compare_items(before: list[Any], after: list[Any], type: Type, path: FieldPath, found: Comparison) -> None:
    item = type.items or DEDUCED
    left: dict[Element, list[Any]] = {}
    right: dict[Element, list[Any]] = {}
    for side, values in ((left, before), (right, after)):
        for name, value in items(type, values):
            side.setdefault(name, []).append(value)
    for name in (*left, *(n for n in right if n not in left)):
        old, new = left.get(name, []), right.get(name, [])
        below = (*path, name)
        if len(old) <= 1 and len(new) <= 1:
            _compare(old[0] if old else _ABSENT, new[0] if new else _ABSENT, item, below, found)
        elif len(old) >= 2 and len(new) >= 2:
            if not equal(old, new):
                found.modified.add(below)
        elif len(old) >= 2:
            if new:
                _compare(_ABSENT, new[0], item, below, found)
            found.removed.add(below)
        else:
            if old:
                _compare(old[0], _ABSENT, item, below, found)
            found.added.add(below)
