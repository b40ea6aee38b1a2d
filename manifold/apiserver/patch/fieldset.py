"""Sets of field paths, as `metadata.managedFields` holds them, and what they are computed from.

A path is a tuple of elements in the spelling of FieldsV1 (sigs.k8s.io/structured-merge-diff, fieldpath): `f:name` for a
field or a map's key, `k:{"name":"web"}` for an item of a list with keys, `v:"x"` for an item of a set, `i:0` for a
position. A set of fields is a plain `set` of such paths.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from manifold.apiserver.schema import Type
from manifold.model import Path

Element = str
FieldPath = tuple[Element, ...]
FieldSet = set[FieldPath]

# What a value without a schema is taken for: maps merge, lists are atomic (kube-openapi's `__untyped_deduced_`).
DEDUCED = Type("any")


def field(name: str) -> Element:
    return f"f:{name}"


def compact(value: Any) -> str:
    """Canonical JSON: sorted keys, no blanks."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def is_atomic(type: Type, value: Any) -> bool:
    """Whether a list or map of this type is owned as a whole."""
    if value.__class__ is list:
        return type.shape != "list" or type.list_type not in ("map", "set")
    return type.map_type == "atomic" or type.shape == "raw"


def child(type: Type, name: str) -> Type:
    """The type of a field, or of a map's value."""
    found = type.fields.get(name)
    if found is not None:
        return found.type
    return type.items if type.shape == "map" and type.items is not None else DEDUCED


def element(type: Type, item: Any) -> Element:
    """The element that names an item of a set or of a list with keys; absent keys count with their default."""
    if type.list_type == "set":
        return f"v:{compact(item)}"
    assert type.items is not None
    keys = {}
    for key in type.map_keys:
        if item.__class__ is dict and item.get(key) is not None:
            keys[key] = item[key]
        else:
            declared = type.items.fields.get(key)
            if declared is not None and declared.default is not None:
                keys[key] = declared.default
    return f"k:{compact(keys)}"


def items(type: Type, value: list[Any]) -> list[tuple[Element, Any]]:
    """The items of a set or a list with keys, each with its element, in order."""
    return [(element(type, item), item) for item in value]


def of(value: Any, type: Type) -> FieldSet:
    """The fields that a configuration says: its leaves, its list items, and the keys of its free maps."""
    out: FieldSet = set()
    _collect(value, type, (), out)
    return out


def _collect(value: Any, type: Type, path: FieldPath, out: FieldSet) -> None:
    if value.__class__ is dict:
        if is_atomic(type, value):
            out.add(path)
            return
        for name, inner in value.items():
            below = (*path, field(name))
            _collect(inner, child(type, name), below, out)
            if inner is None or inner == {} or name not in type.fields:
                out.add(below)
    elif value.__class__ is list:
        if is_atomic(type, value):
            out.add(path)
            return
        assert type.items is not None
        named = items(type, value)
        counts = Counter(name for name, _ in named)
        for name, inner in named:
            below = (*path, name)
            if counts[name] == 1:
                _collect(inner, type.items, below, out)
            out.add(below)
    elif path:
        out.add(path)


def doubles(value: Any, type: Type, path: Path = ()) -> Iterator[Path]:
    """The paths of items that have the key, or as members of a set the value, of one before them."""
    if type.shape == "raw":
        return
    if value.__class__ is dict:
        for name, inner in value.items():
            yield from doubles(inner, child(type, name), (*path, name))
    elif value.__class__ is list:
        if not is_atomic(type, value):
            seen: set[Element] = set()
            for i, (name, _) in enumerate(items(type, value)):
                if name in seen:
                    yield (*path, i)
                seen.add(name)
        for i, inner in enumerate(value):
            yield from doubles(inner, type.items or DEDUCED, (*path, i))


def unmergeable(value: Any, type: Type, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The paths of items that cannot be told apart within a merged list, each with the reason."""
    if value.__class__ is dict:
        for name, inner in value.items():
            yield from unmergeable(inner, child(type, name), (*path, name))
    elif value.__class__ is list and type.shape == "list":
        below = type.items or DEDUCED
        keyed = type.list_type == "map" and not any(
            f is not None and f.default is not None for f in map(below.fields.get, type.map_keys)
        )
        for i, inner in enumerate(value):
            if keyed and inner.__class__ is dict and inner.keys().isdisjoint(type.map_keys):
                yield (
                    (*path, i),
                    f"says none of {', '.join(type.map_keys)}, by which the items of this list are told apart",
                )
            elif type.list_type == "set" and inner.__class__ in (dict, list):
                yield (*path, i), "is no single value, and only such can be members of a set"
            yield from unmergeable(inner, below, (*path, i))


_INT64 = -(2**63), 2**63 - 1


def fitted(value: Any, type: Type) -> Any:
    """A value with its integers as the server reads them from an apply: what is too large for a field loses its upper bits.

    Source: k8s.io/apimachinery v0.37.2 pkg/runtime/converter.go, whose conversions of numbers are Go's.
    """
    if value.__class__ is dict:
        return {k: fitted(v, child(type, k)) for k, v in value.items()}
    if value.__class__ is list:
        return [fitted(v, type.items or DEDUCED) for v in value]
    if type.shape != "integer" or value.__class__ not in (int, float) or value % 1:
        return value
    whole = int(value)
    if not _INT64[0] <= whole <= _INT64[1]:
        whole = _INT64[0]  # a float out of range becomes this on the servers' processors
    size = 64 if type.format == "int64" else 32
    half = 1 << size - 1
    return (whole + half) % (1 << size) - half


_PLAIN = frozenset(("quantity", "int-or-string", "time", "micro-time", "duration", "bytes"))
_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "integer": ((int, float), "a number"),
    "number": ((int, float), "a number"),
    "string": ((str,), "a text"),
    "boolean": ((bool,), "a boolean"),
}


def misfits(value: Any, type: Type, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The paths of values that are of another sort than the type says, each with what it should be; null fits."""
    if value is None:
        return
    if type.shape in ("object", "map"):
        if value.__class__ is not dict:
            yield path, "an object"
            return
        for name, inner in value.items():
            yield from misfits(inner, child(type, name), (*path, name))
    elif type.shape == "list":
        if value.__class__ is not list:
            yield path, "a list"
            return
        for i, inner in enumerate(value):
            if inner is None and not is_atomic(type, value):
                yield (*path, i), "an item, for items are told apart by what they hold, and not null"
            yield from misfits(inner, type.items or DEDUCED, (*path, i))
    elif type.shape in _PLAIN and value.__class__ in (dict, list):
        yield path, "a single value"
    elif type.shape in _SCALARS and value.__class__ not in _SCALARS[type.shape][0]:
        yield path, _SCALARS[type.shape][1]


def with_structs(fields: FieldSet, type: Type) -> FieldSet:
    """`fields`, and every declared field above one of them."""
    out = set(fields)
    for path in fields:
        here = type
        for depth, part in enumerate(path[:-1]):
            kind = part[:2]
            if kind == "f:":
                name = part[2:]
                if name in here.fields:
                    out.add(path[: depth + 1])
                here = child(here, name)
            else:
                here = here.items or DEDUCED
    return out


class Trie:
    """A set of fields as a tree, for walks that go down with an object."""

    __slots__ = ("children", "member")

    def __init__(self) -> None:
        self.children: dict[Element, Trie] = {}
        self.member = False

    @classmethod
    def of(cls, fields: Iterable[FieldPath]) -> Trie:
        root = cls()
        for path in fields:
            node = root
            for part in path:
                node = node.children.setdefault(part, cls())
            node.member = True
        return root


def remove(value: Any, type: Type, fields: FieldSet) -> Any:
    """`value` without the fields of the set; containers that hold nothing any more become None."""
    return _remove(value, type, Trie.of(fields))


def _remove(value: Any, type: Type, trie: Trie) -> Any:
    if value.__class__ is dict:
        if not value:
            return None
        if is_atomic(type, value):
            return None
        out = {}
        for name, inner in value.items():
            below = trie.children.get(field(name))
            if below is None:
                out[name] = inner
            elif not below.member:
                out[name] = _remove(inner, child(type, name), below) if below.children else inner
        return out or None
    if value.__class__ is list:
        if not value or is_atomic(type, value):
            return None
        assert type.items is not None
        kept = []
        for name, inner in items(type, value):
            below = trie.children.get(name)
            if below is None:
                kept.append(inner)
            elif not below.member:
                kept.append(_remove(inner, type.items, below) if below.children else inner)
        return kept or None
    return value


def encode(fields: FieldSet) -> dict[str, Any]:
    """The set as FieldsV1."""
    return _encode(Trie.of(fields))


def _encode(trie: Trie) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if trie.member and trie.children:
        out["."] = {}
    for name in sorted(trie.children):
        out[name] = _encode(trie.children[name])
    return out


def decode(data: Any) -> FieldSet:
    """FieldsV1 as a set; list items are brought to canonical JSON."""
    out: FieldSet = set()
    if isinstance(data, dict):
        _decode(data, (), out)
    return out


def _decode(data: dict[str, Any], path: FieldPath, out: FieldSet) -> None:
    if not data and path:
        out.add(path)
    for name, inner in data.items():
        if name == ".":
            out.add(path)
        else:
            _decode(inner or {}, (*path, _canonical(name)), out)


def _canonical(name: str) -> Element:
    if name[:2] in ("k:", "v:"):
        return name[:2] + compact(json.loads(name[2:]))
    return name


def spell(path: FieldPath) -> str:
    """The server's spelling in a conflict: `.spec.containers[name="web"].image`."""
    return "".join(_spelled(path))


def _spelled(path: FieldPath) -> Iterator[str]:
    for part in path:
        kind, rest = part[:2], part[2:]
        if kind == "f:":
            yield f".{rest}"
        elif kind == "k:":
            keys = json.loads(rest)
            yield "[" + ",".join(f"{k}={compact(v)}" for k, v in sorted(keys.items())) + "]"
        elif kind == "v:":
            yield f"[={rest}]"
        else:
            yield f"[{rest}]"
