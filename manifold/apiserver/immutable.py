"""The engine of `schemas/immutable.yaml`: what an update may not change."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from manifold import assets
from manifold.apiserver import faults as reasons
from manifold.apiserver.constraints import holds
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Type
from manifold.k8s.equality import same
from manifold.k8s.gojson import dumps
from manifold.model import Path

Body = dict[str, Any]
HELP = "delete the object and create it again, or leave the field as it is"


class Line(NamedTuple):
    path: Path
    blames: Path
    reason: str
    established: bool
    but: frozenset[str]
    words: dict[str, Any]


@cache
def table() -> dict[tuple[str, str], list[Line]]:
    """The immutable fields of each (group, kind)."""
    data = assets.table("schemas", "immutable.yaml")
    out: dict[tuple[str, str], list[Line]] = {}
    for line in data["fields"]:
        path = tuple(line["path"].split("."))
        blames = tuple(line["blames"].split(".")) if "blames" in line else path
        found = Line(
            path,
            blames,
            line.get("reason", reasons.INVALID),
            bool(line.get("established")),
            frozenset(line.get("but", ())),
            line,
        )
        out.setdefault((line["group"], line["kind"]), []).append(found)
    return out


def keeps(group: str, kind: str, path: Path, release: tuple[int, int]) -> bool:
    """Whether a field, or one that holds it, can never be changed in a release."""
    for line in table().get((group, kind), ()):
        if holds(line.words, release) and path[: len(line.path)] == line.path and not line.established:
            rest = path[len(line.path) :]
            if not line.but or (rest and rest[0] not in line.but):
                return True
    return False


def get(body: Any, path: Path) -> Any:
    """The value at a path of field names, None where something is missing."""
    for part in path:
        body = body.get(part) if body.__class__ is dict else None
    return body


def changed(faults: Faults, path: Path, at: Path | None = None, reason: str = reasons.INVALID) -> None:
    """Say that a field cannot be changed."""
    faults.add(reason, path, "cannot be changed once the object exists", HELP, at=at)


def _established(body: Body) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)


def _at(type: Type, path: Path) -> Type:
    for part in path:
        type = type.fields[str(part)].type
    return type


def _as_text(value: Any, type: Type, *, sort: bool) -> Any:
    """A value with data of any form as JSON text: that is what the server compares, and the order of its keys counts."""
    if type.shape == "raw":
        return value if value is None else dumps(value, sort=sort)
    if value.__class__ is dict:
        inner = {k: type.items if type.shape == "map" else f.type if (f := type.fields.get(k)) else None for k in value}
        return {k: v if (t := inner[k]) is None else _as_text(v, t, sort=sort) for k, v in value.items()}
    if value.__class__ is list and type.items is not None:
        return [_as_text(v, type.items, sort=sort) for v in value]
    return value


def check(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Hold a changed object against what its kind keeps."""
    for line in table().get((context.kind.group, context.kind.kind), ()):
        if not holds(line.words, context.server.release) or (line.established and not _established(old)):
            continue
        before, after = get(old, line.path), get(new, line.path)
        if context.applied:
            type = _at(context.kind.type, line.path)
            before, after = _as_text(before, type, sort=False), _as_text(after, type, sort=True)
        if line.but:
            before, after = ({k: v for k, v in (b or {}).items() if k not in line.but} for b in (before, after))
            if not same(before, after):
                faults.add(
                    line.reason,
                    line.blames,
                    f"cannot be changed once the object exists, but for {', '.join(line.words['but'])}",
                    HELP,
                )
        elif not same(before, after):
            changed(faults, line.blames, line.path, line.reason)
