"""The engine of `schemas/defaults.yaml`, and of the functions by type that stand beside it.

Compiled like constraints: a walk of the object by its types that enters only what can hold a default.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from manifold import assets
from manifold.apiserver import default
from manifold.apiserver.decode import copy
from manifold.apiserver.schema import Reach, Type

Body = dict[str, Any]
Filler = Callable[[Body], None]


@cache
def tables() -> dict[str, dict[str, Any]]:
    """schemas/defaults.yaml: type name -> field -> value."""
    return dict(assets.table("schemas", "defaults.yaml")["types"])


@cache
def since() -> dict[tuple[str, str], int]:
    """(type name, field) -> the minor release from which its default holds."""
    table = assets.table("schemas", "defaults.yaml").get("since") or {}
    return {(name, f): int(r.partition(".")[2]) for name, fields in table.items() for f, r in fields.items()}


@cache
def functions() -> dict[str, Filler]:
    """Type name -> the function that fills in what depends on more than one field; from `TYPES` of the modules here."""
    found: dict[str, Filler] = {}
    for module in pkgutil.iter_modules(default.__path__):
        if module.name != "tables":
            found.update(getattr(importlib.import_module(f"{default.__name__}.{module.name}"), "TYPES", {}))
    return found


class _Compiled:
    def __init__(self, release: tuple[int, int]) -> None:
        self._minor = release[1]
        self._fillers: dict[int, tuple[Type, Callable[[Any], None] | None]] = {}
        self.reaches = Reach(lambda name: name in tables() or name in functions())

    def filler(self, type: Type) -> Callable[[Any], None] | None:
        known = self._fillers.get(id(type))
        if known is not None:
            return known[1]
        if not self.reaches(type):
            self._fillers[id(type)] = (type, None)
            return None
        made: list[Callable[[Any], None]] = []
        self._fillers[id(type)] = (type, lambda value: made[0](value))
        made.append(self._walk(type))
        self._fillers[id(type)] = (type, made[0])
        return made[0]

    def _walk(self, type: Type) -> Callable[[Any], None]:
        if type.shape in ("list", "map"):
            assert type.items is not None
            item = self.filler(type.items)
            assert item is not None
            if type.shape == "list":

                def each(value: Any) -> None:
                    for one in value:
                        if one is not None:
                            item(one)

                return each

            def values(value: Any) -> None:
                for one in value.values():
                    if one is not None:
                        item(one)

            return values
        fixed = tuple(
            (n, v, v.__class__ in (dict, list))
            for n, v in tables().get(type.name, {}).items()
            if n in type.fields and since().get((type.name, n), 0) <= self._minor
        )
        before = functions().get(type.name)
        below = {n: f for n, field in type.fields.items() if (f := self.filler(field.type)) is not None}
        if before is not None and not fixed and not below:
            return before
        ways = tuple(below.items())

        def fill(value: Any) -> None:
            if before is not None:
                before(value)
            for name, given, container in fixed:
                if value.get(name) is None or (container and given and not value[name]):
                    value[name] = copy(given) if container else given
            if len(ways) < len(value):
                for name, way in ways:
                    inner = value.get(name)
                    if inner is not None:
                        way(inner)
            else:
                for name, inner in value.items():
                    if name in below and inner is not None:
                        below[name](inner)

        return fill


@cache
def _compiled(release: tuple[int, int]) -> _Compiled:
    return _Compiled(release)


def apply(body: Body, type: Type, release: tuple[int, int]) -> None:
    """Fill in the defaults that a release gives to a decoded object, in place."""
    found = _compiled(release).filler(type)
    if found is not None:
        found(body)
