"""Kinds without a definition at hand: merged as the API server merges data without a schema, compared by deepdiff.

Their maps merge and their lists are of one piece, as for custom resources whose definition says nothing; nothing of them
is validated but their metadata. Where a comparison meets a list of objects, items with the same `name`, `key` or `id` are
taken for one another, as a person would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from manifold.apiserver.changes import by_server, field_path
from manifold.apiserver.decode import copy, decoder
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Field, Kind, Type, load
from manifold.model import Change

Body = dict[str, Any]
NAMES = ("name", "key", "id")
"""What tells the items of a list apart, where they have it."""


class Unknown:
    """What stands in for a CustomResourceDefinition: everything is kept as it is."""

    def decode(self, body: Body, faults: Faults) -> Body:
        """A fresh object with its metadata decoded."""
        out = copy(body)
        if isinstance(body.get("metadata"), dict):
            out["metadata"] = decoder(load().type("meta.v1.ObjectMeta"))(body["metadata"], ((), "metadata"), faults)
        return dict(out)

    def default(self, body: Body, *, nulls: bool = False) -> None:
        """There are no defaults; what is null is nothing, as in data that is pruned."""

    def stored(self, body: Body) -> Body:
        """What comes back from storage: the same."""
        return body

    def has_status(self, version: str) -> bool:
        """Nobody knows; an apply says nothing of it in any case."""
        return False

    def deprecated(self, version: str) -> None:
        """Nobody knows."""

    def validate(self, body: Body, context: Any, faults: Faults) -> None:
        """There is nothing to hold it against."""

    def validate_update(self, new: Body, old: Body, context: Any, faults: Faults) -> None:
        """There is nothing to hold it against."""


def kind_of(body: Mapping[str, Any], *, namespaced: bool) -> Kind:
    """A kind as it can be told from one of its objects."""
    group, _, version = str(body.get("apiVersion") or "").rpartition("/")
    name = str(body.get("kind") or "")
    type = Type("object", map_type="granular")
    type.fields.update({n: Field(n, Type("string")) for n in ("apiVersion", "kind")})
    type.fields["metadata"] = Field("metadata", load().type("meta.v1.ObjectMeta"))
    return Kind(group, version, name, f"{name.lower()}s", namespaced, type, custom=Unknown())


def between(old: Body, new: Body) -> list[Change]:
    """The differences between two objects of a kind without a schema, sorted by path; the server's own are left out."""
    from deepdiff import DeepDiff

    before, after = by_server(old), by_server(new)
    found = DeepDiff(
        before, after, view="tree", verbose_level=2, ignore_numeric_type_changes=True, iterable_compare_func=_same_item
    )
    out: list[Change] = []
    for sort, levels in found.items():
        for level in levels:
            places = tuple(level.path(output_format="list"))
            gone, came = (_value(v) for v in (level.t1, level.t2))
            if sort == "iterable_item_moved":  # told once a list
                path = f"{_spelled(places[:-1], after)}[#order]"
                if _reordered(level.up.t1, level.up.t2) and not any(c.path == path for c in out):
                    out.append(Change(path, None, None, places[:-1]))
                continue
            side = before if sort.endswith("_removed") else after
            out.append(Change(_spelled(places, side), gone, came, places))
    return sorted(out, key=lambda c: c.path)


def _reordered(before: list[Any], after: list[Any]) -> bool:
    """Whether the items that both lists have stand in another order."""
    names = [[_name(item) for item in side] for side in (before, after)]
    shared = [[n for n in side if n in other] for side, other in (names, names[::-1])]
    return shared[0] != shared[1]


def _value(value: Any) -> Any:
    from deepdiff.helper import notpresent

    return None if value is notpresent else value


def _name(item: Any) -> tuple[str, Any] | None:
    """What an item of a list is known by."""
    if not isinstance(item, Mapping):
        return None
    return next(((n, item[n]) for n in NAMES if isinstance(item.get(n), str | int)), None)


def _same_item(one: Any, other: Any, level: Any = None) -> bool:
    """deepdiff's question of two items of a list.

    Raises CannotCompare where they have no name: then deepdiff finds out by itself.
    """
    from deepdiff.helper import CannotCompare

    first, second = _name(one), _name(other)
    if first is None or second is None:
        raise CannotCompare()
    return first == second


def _spelled(places: tuple[str | int, ...], side: Any) -> str:
    """A path as people read it, with the names of items in place of their positions; `side` holds what it leads to."""
    path = ""
    for part in places:
        if isinstance(part, int):
            side = side[part] if isinstance(side, list) and part < len(side) else None
            name = _name(side)
            path += f"[{part}]" if name is None else f"[{name[0]}={json.dumps(name[1], ensure_ascii=False)}]"
        else:
            path = field_path(path, str(part), free=True)
            side = side.get(part) if isinstance(side, Mapping) else None
    return path
