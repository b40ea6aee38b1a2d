"""What differs between two objects, as people and diffs spell it.

Items of a list that the schema keys are named by their keys, items of a set by their value, others by position; a path
ends at the topmost thing that came or went. `containers[#order]` stands for the same items in another order.
"""

from __future__ import annotations

import json
import re
from typing import Any

from manifold.apiserver.patch.fieldset import DEDUCED, child
from manifold.apiserver.patch.merge import equal
from manifold.apiserver.schema import Type
from manifold.model import Change

_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What the server writes at every change, or at none that anybody asked for.
SERVER_WRITTEN = frozenset(("resourceVersion", "generation", "uid", "creationTimestamp", "managedFields", "selfLink"))


def between(old: dict[str, Any], new: dict[str, Any], type: Type) -> list[Change]:
    """The differences from `old` to `new`, sorted by path; what the server writes by itself is left out."""
    found: list[Change] = []
    _compare(by_server(old), by_server(new), type, "", (), found)
    return sorted(found, key=lambda c: c.path)


def by_server(body: dict[str, Any]) -> dict[str, Any]:
    """An object without what the server, or kubectl, writes into it at every change."""
    meta = body.get("metadata")
    if not isinstance(meta, dict):
        return body
    meta = {k: v for k, v in meta.items() if k not in SERVER_WRITTEN}
    annotations = meta.get("annotations")
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        annotations = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
        if annotations:
            meta["annotations"] = annotations
        else:
            del meta["annotations"]
    return {**body, "metadata": meta}


def field_path(path: str, name: str, free: bool) -> str:
    """A path with one field more; names of `free` maps are quoted where they are no plain words."""
    if free and not _WORD.fullmatch(name):
        return f"{path}[{json.dumps(name, ensure_ascii=False)}]"
    return f"{path}.{name}" if path else name


def _compare(old: Any, new: Any, type: Type, path: str, parts: tuple[str | int, ...], found: list[Change]) -> None:
    if old.__class__ is dict and new.__class__ is dict:
        free = not type.fields
        for name, before in old.items():
            below = field_path(path, name, free)
            if name not in new:
                found.append(Change(below, before, None, (*parts, name)))
            else:
                _compare(before, new[name], child(type, name), below, (*parts, name), found)
        for name, after in new.items():
            if name not in old:
                found.append(Change(field_path(path, name, free), None, after, (*parts, name)))
    elif old.__class__ is list and new.__class__ is list:
        _compare_lists(old, new, type, path, parts, found)
    elif not equal(old, new):
        found.append(Change(path, old, new, parts))


def _names(type: Type, value: list[Any]) -> list[str] | None:
    """What names each item, or None when nothing does, or two items have one name."""
    if type.list_type == "set":
        names = [f"={json.dumps(v, ensure_ascii=False)}" for v in value]
    elif type.list_type == "map" and type.items is not None and all(isinstance(v, dict) for v in value):
        names = []
        for item in value:
            keys = []
            for key in type.map_keys:
                field = type.items.fields.get(key)
                shown = item.get(key, field.default if field else None)
                if shown is not None:
                    keys.append(f"{key}={json.dumps(shown, ensure_ascii=False)}")
            if not keys:
                return None
            names.append(",".join(keys))
    else:
        return None
    return names if len(set(names)) == len(names) else None


def _compare_lists(
    old: list[Any], new: list[Any], type: Type, path: str, parts: tuple[str | int, ...], found: list[Change]
) -> None:
    item = type.items or DEDUCED
    left, right = _names(type, old), _names(type, new)
    if left is None or right is None:
        for i, (before, after) in enumerate(zip(old, new, strict=False)):
            _compare(before, after, item, f"{path}[{i}]", (*parts, i), found)
        for i in range(len(new), len(old)):
            found.append(Change(f"{path}[{i}]", old[i], None, (*parts, i)))
        for i in range(len(old), len(new)):
            found.append(Change(f"{path}[{i}]", None, new[i], (*parts, i)))
        return
    there = {name: i for i, name in enumerate(right)}
    for i, name in enumerate(left):
        if name in there:
            _compare(old[i], new[there[name]], item, f"{path}[{name}]", (*parts, there[name]), found)
        else:
            found.append(Change(f"{path}[{name}]", old[i], None, (*parts, i)))
    here = set(left)
    for i, name in enumerate(right):
        if name not in here:
            found.append(Change(f"{path}[{name}]", None, new[i], (*parts, i)))
    if [n for n in left if n in there] != [n for n in right if n in here]:
        found.append(Change(f"{path}[#order]", [n for n in left if n in there], [n for n in right if n in here], parts))
