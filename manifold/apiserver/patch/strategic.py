"""Strategic merge patches: how they are computed from three objects, and what they make of one.

The rules are those of k8s.io/apimachinery/pkg/util/strategicpatch. `patchStrategy` and `patchMergeKey` of a field say
whether its value is merged or replaced, and by which key the items of a list are matched; directives (`$patch`,
`$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) travel inside the patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifold.apiserver.decode import copy
from manifold.apiserver.patch.fieldset import DEDUCED, child
from manifold.apiserver.patch.merge import equal
from manifold.apiserver.schema import Field, Type

PATCH, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE_FROM = "$setElementOrder/", "$deleteFromPrimitiveList/"

Map = dict[str, Any]


class PatchError(ValueError):
    """A patch cannot be computed or applied: kubectl gives up before it sends anything."""


@dataclass(frozen=True, slots=True)
class Options:
    """Which half of a difference is wanted."""

    deletions: bool
    changes: bool
    retain: bool = False
    """The map is under the strategy retainKeys."""


def _field(type: Type, name: str) -> Field | None:
    return type.fields.get(name)


def _strategy(field: Field | None) -> tuple[str, bool]:
    """The strategy of a field without retainKeys, and whether that was there."""
    names = field.patch_strategy if field else ()
    rest = [n for n in names if n != "retainKeys"]
    return (rest[0] if rest else "", "retainKeys" in names)


def _item(type: Type) -> Type:
    return type.items or DEDUCED


def _key_of(item: Any, key: str) -> Any:
    if not isinstance(item, dict) or key not in item:
        raise PatchError(f"an item of a list that is merged by `{key}` has no `{key}`")
    return item[key]


def _sort_key(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


# ── computing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def three_way(original: Map | None, modified: Map, current: Map, type: Type) -> Map:
    """The patch that takes `current` to `modified`, deleting what `original` had and `modified` has no more.

    Raises PatchError where an item of a merged list lacks its key.
    """
    delta = _diff(current, modified, type, Options(deletions=False, changes=True))
    gone = _diff(original or {}, modified, type, Options(deletions=True, changes=False))
    return _merge_map(gone, delta, type, combining=True)


def _diff(original: Map, modified: Map, type: Type, options: Options) -> Map:
    patch: Map = {}
    for name, before in original.items():
        if name not in modified:
            if options.deletions:
                patch[name] = None
            continue
        after = modified[name]
        if before.__class__ is not after.__class__:
            if options.changes and not equal(before, after):
                patch[name] = after
        elif before.__class__ is dict:
            _diff_map(name, before, after, patch, type, options)
        elif before.__class__ is list:
            _diff_list(name, before, after, patch, type, options)
        elif options.changes and not equal(before, after):
            patch[name] = after
    if options.changes:
        for name, after in modified.items():
            if name not in original:
                patch[name] = after
    if options.retain and modified and (patch or any(v is not None and k not in modified for k, v in original.items())):
        patch[RETAIN] = sorted(modified)
    return patch


def _known(name: str, before: Any, after: Any, type: Type) -> None:
    """kubectl must know how to merge maps or lists that differ: it does not within data of any form."""
    if type.shape == "raw" and not equal(before, after):
        raise PatchError(f"nothing is known of `{name}`, which lies within data of any form: apply it server-side")


def _diff_map(name: str, before: Map, after: Map, patch: Map, type: Type, options: Options) -> None:
    _known(name, before, after, type)
    strategy, retain = _strategy(_field(type, name))
    if strategy == "replace":
        if options.changes:  # also where nothing differs: kubectl does not look
            patch[name] = after
        return
    below = _diff(before, after, child(type, name), Options(options.deletions, options.changes, retain))
    if below:
        patch[name] = below


def _diff_list(name: str, before: list[Any], after: list[Any], patch: Map, type: Type, options: Options) -> None:
    _known(name, before, after, type)
    field = _field(type, name)
    strategy, retain = _strategy(field)
    if field is None or strategy != "merge":
        if options.changes and not equal(before, after):
            patch[name] = after
        return
    if not before:
        if after and options.changes:
            patch[name] = after
        return
    if any(isinstance(v, dict) for v in (*before, *after)):
        added, order = _diff_maps(
            before, after, field.patch_merge_key, _item(field.type), Options(options.deletions, options.changes, retain)
        )
        removed: list[Any] = []
    else:
        added, removed, order = _diff_scalars(before, after, options)
    if added:
        patch[name] = added
    if removed:
        patch[DELETE_FROM + name] = removed
    if order:
        patch[ORDER + name] = order


def _sorted(values: list[Any], key: str) -> list[Any]:
    """By the key's text; of those with one key the last comes first, as kubectl's sort has it."""
    return [
        v for _, _, v in sorted(((_sort_key(_key_of(v, key)), -i, v) for i, v in enumerate(values)), key=_first_two)
    ]


def _first_two(entry: tuple[str, int, Any]) -> tuple[str, int]:
    return entry[:2]


def _diff_maps(
    before: list[Any], after: list[Any], key: str, item: Type, options: Options
) -> tuple[list[Any], list[Any]]:
    left, right = _sorted(before, key), _sorted(after, key)
    changed: list[Any] = []
    deleted: list[Any] = []
    i = j = 0
    while i < len(left) or j < len(right):
        old = _sort_key(left[i][key]) if i < len(left) else None
        new = _sort_key(right[j][key]) if j < len(right) else None
        if old is not None and old == new:
            below = _diff(left[i], right[j], item, options)
            if below:
                changed.append({**below, key: right[j][key]})
            i, j = i + 1, j + 1
        elif old is not None and (new is None or old < new):
            if options.deletions:
                deleted.append({key: left[i][key], PATCH: "delete"})
            i += 1
        else:
            if options.changes:
                changed.append(right[j])
            j += 1
    place = {_sort_key(v[key]): i for i, v in reversed(list(enumerate(after)))}
    changed.sort(key=lambda v: place.get(_sort_key(v[key]), len(after)))
    same = len(before) == len(after) and all(equal(a[key], b[key]) for a, b in zip(before, after, strict=True))
    found = changed + deleted
    wanted = (options.changes and (found or not same)) or (options.deletions and found)
    return found, [{key: v[key]} for v in after] if wanted else []


def _diff_scalars(before: list[Any], after: list[Any], options: Options) -> tuple[list[Any], list[Any], list[Any]]:
    added = [v for v in dict.fromkeys(after) if v not in before] if options.changes else []
    removed = sorted((v for v in dict.fromkeys(before) if v not in after), key=_sort_key) if options.deletions else []
    same = sorted(before, key=_sort_key) == after  # kubectl has sorted the one list by then, and not the other
    wanted = (options.changes and (added or not same)) or (options.deletions and removed)
    return added, removed, list(after) if wanted else []


# ── applying ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def apply(original: Map, patch: Map, type: Type) -> Map:
    """What `patch` makes of `original`; neither is changed.

    Raises PatchError for a patch that contradicts itself.
    """
    return _merge_map(copy(original), copy(patch), type, combining=False)


def _merge_map(original: Map, patch: Map, type: Type, *, combining: bool) -> Map:
    """`original` with `patch` merged into it, in place; `combining` joins two patches, whose directives stay."""
    original, patch = dict(original), dict(patch)
    directive = patch.get(PATCH)
    if directive is not None and not combining:
        if directive == "replace":
            return {k: v for k, v in patch.items() if k != PATCH}
        if directive == "delete":
            return {}
        if directive != "merge":
            raise PatchError(f"there is no directive $patch: {directive}")
        del patch[PATCH]
    _retain(original, patch, combining)
    _ordered(original, patch, type, combining)
    for name, value in patch.items():
        target = name[len(DELETE_FROM) :] if name.startswith(DELETE_FROM) else ""
        if target:
            if combining:
                original[name] = value
            elif isinstance(original.get(target), list):
                original[target] = [v for v in original[target] if v not in value]
            continue
        if value is None:
            original.pop(name, None)
            if not combining:
                continue
        if name not in original:
            original[name] = value if combining else _without_directives(value)
            continue
        before = original[name]
        if before.__class__ is not value.__class__:
            original[name] = value if combining else _without_directives(value)
        elif value.__class__ is dict:
            strategy, _ = _strategy(_field(type, name))
            if strategy == "replace":
                original[name] = value
            else:
                original[name] = _merge_map(before, value, child(type, name), combining=combining)
        elif value.__class__ is list:
            original[name] = _merge_list(before, value, _field(type, name), combining)
        else:
            original[name] = value
    return original


def _retain(original: Map, patch: Map, combining: bool) -> None:
    if RETAIN not in patch:
        return
    keys = patch.pop(RETAIN)
    if combining:
        original[RETAIN] = keys
        return
    for name in [n for n in original if n not in keys]:
        del original[name]


def _ordered(original: Map, patch: Map, type: Type, combining: bool) -> None:
    """Lists whose order the patch gives: merged, then brought to that order, items of the server keeping their places."""
    for directive in [n for n in patch if n.startswith(ORDER)]:
        order = patch.pop(directive)
        if combining:
            original[directive] = order
        name = directive[len(ORDER) :]
        field = _field(type, name)
        before, change = original.get(name), patch.get(name)
        if before is None and change is None:
            if not combining and DELETE_FROM + name in patch:
                patch.pop(DELETE_FROM + name)
            continue
        if before is None:
            merged = list(change or []) if combining else _without_directives(change)
        elif change is None:
            merged = list(before)
        else:
            merged = _merge_list(before, change, field, combining)
        removed = () if combining else patch.pop(DELETE_FROM + name, ())
        if removed:
            merged = [v for v in merged if v not in removed]
        key = field.patch_merge_key if field else ""
        if combining:
            original[name] = merged
        else:
            names = [_sort_key(v[key]) if key else v for v in order]
            original[name] = _place(merged, names, list(before or []), key)
        patch.pop(name, None)


def _name(item: Any, key: str) -> Any:
    # An item that came with `name: null` has lost its name by now.
    return _sort_key(item.get(key)) if key and isinstance(item, dict) else item


def _place(merged: list[Any], order: list[Any], server: list[Any], key: str) -> list[Any]:
    """`merged` in the patch's order, with items of the server alone where they stood."""
    at_server = {_name(v, key): i for i, v in reversed(list(enumerate(server)))}
    at_patch = {name: i for i, name in reversed(list(enumerate(order)))}
    ours = sorted((v for v in merged if _name(v, key) in at_patch), key=lambda v: at_patch[_name(v, key)])
    theirs = sorted(
        (v for v in merged if _name(v, key) not in at_patch), key=lambda v: at_server.get(_name(v, key), len(server))
    )
    out: list[Any] = []
    i = j = 0
    while i < len(theirs) and j < len(ours):
        left, right = at_server.get(_name(theirs[i], key)), at_server.get(_name(ours[j], key))
        if left is not None and right is not None and left < right:
            out.append(theirs[i])
            i += 1
        else:
            out.append(ours[j])
            j += 1
    return out + theirs[i:] + ours[j:]


def _merge_list(before: list[Any], change: list[Any], field: Field | None, combining: bool) -> list[Any]:
    strategy, _ = _strategy(field)
    if field is None or strategy != "merge":
        return list(change)
    if not any(isinstance(v, dict) for v in (*before, *change)):
        merged = list(dict.fromkeys((*before, *change)))
        return merged if combining else _place(merged, list(dict.fromkeys(change)), before, "")
    key, item = field.patch_merge_key, _item(field.type)
    merged = list(before)
    kept: list[Any] = []
    replace = False
    for one in change:
        directive = one.get(PATCH) if isinstance(one, dict) else None
        if combining or directive is None:
            kept.append(one)
        elif directive == "delete":
            gone = _key_of(one, key)
            merged = [v for v in merged if not equal(_key_of(v, key), gone)]
        elif directive == "replace":
            replace = True
        else:
            raise PatchError(f"there is no directive $patch: {directive} in a list")
    if replace:
        return [{k: v for k, v in one.items() if k != PATCH} for one in kept]
    for one in kept:
        name = _key_of(one, key)
        for i, v in enumerate(merged):
            if equal(v.get(key), name):
                merged[i] = _merge_map(v, one, item, combining=combining)
                break
        else:
            merged.append(one if combining else _without_directives(one))
    return merged if combining else _place(merged, [_name(v, key) for v in kept], before, key)


def _without_directives(value: Any) -> Any:
    """A value that the patch brings, without directives and without the nulls that delete nothing."""
    if value.__class__ is dict:
        return {
            k: _without_directives(v)
            for k, v in value.items()
            if v is not None and k not in (PATCH, RETAIN) and not k.startswith((ORDER, DELETE_FROM))
        }
    if value.__class__ is list:
        return [_without_directives(v) for v in value if not (isinstance(v, dict) and v.get(PATCH) == "delete")]
    return value


# ── JSON merge patch, for custom resources ───────────────────────────────────────────────────────────────────────────


def json_three_way(original: Map | None, modified: Map, current: Map) -> Map:
    """The JSON merge patch (RFC 7386) that kubectl sends for custom resources."""
    return _join(_json_deletions(original or {}, modified), _json_changes(current, modified))


def _json_changes(current: Map, modified: Map) -> Map:
    out: Map = {}
    for name, after in modified.items():
        if after is None:
            continue
        before = current.get(name)
        if before.__class__ is dict and after.__class__ is dict:
            below = _json_changes(before, after)
            if below:
                out[name] = below
        elif name not in current or not equal(before, after):
            out[name] = after
    return out


def _json_deletions(original: Map, modified: Map) -> Map:
    """Nulls for what went, and those that the manifest says itself."""
    out: Map = {name: None for name in original if name not in modified}
    for name, after in modified.items():
        before = original.get(name)
        if after is None:
            if name not in original or before is not None:
                out[name] = None
        elif after.__class__ is dict and (name not in original or before.__class__ is dict):
            below = _json_deletions(before or {}, after)
            if below:
                out[name] = below
    return out


def _join(a: Map, b: Map) -> Map:
    out = dict(a)
    for name, value in b.items():
        mine = out.get(name)
        out[name] = _join(mine, value) if mine.__class__ is dict and value.__class__ is dict else value
    return out


def json_apply(original: Any, patch: Any) -> Any:
    """What a JSON merge patch makes of a value (RFC 7386)."""
    if patch.__class__ is not dict:
        return copy(patch)
    out = dict(original) if original.__class__ is dict else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = json_apply(out.get(name), value)
    return out
