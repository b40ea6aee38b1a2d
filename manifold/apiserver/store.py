"""From the defaulted object to the object as it is stored and answered.

Go writes the zero value of every field that is neither a pointer nor left out when empty; quantities are written in
their canonical form; what is empty and may be left out is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manifold.apiserver.autoscalers import STATUS
from manifold.apiserver.convert import FORMER, convert
from manifold.apiserver.create import allocate
from manifold.apiserver.decode import copy
from manifold.apiserver.default import tables
from manifold.apiserver.schema import Field, Type
from manifold.k8s.quantity import Quantity, parse

if TYPE_CHECKING:
    from manifold.apiserver.context import Context
    from manifold.apiserver.server import Answer

Body = dict[str, Any]
Writer = Callable[[Any], Any]

_NOTHING = object()
_ZERO: dict[str, Any] = {"string": "", "boolean": False, "integer": 0, "number": 0, "quantity": "0", "int-or-string": 0}


def _quantity(value: Any) -> str:
    try:
        return str(parse(str(value)))
    except ValueError:  # "<allocated>" and the like
        return str(value)


_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _time(value: Any, digits: int) -> Any:
    """A time in UTC, with this many digits of a second."""
    found = _TIME.fullmatch(value) if value.__class__ is str else None
    if found is None:  # "<allocated>"
        return value
    date, clock, fraction, zone = found.groups()
    text = f"{date}T{clock}"
    if zone not in "Zz":
        moment = datetime.fromisoformat(f"{text}{zone}").astimezone(UTC)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{(fraction or '').ljust(digits, '0')[:digits]}Z" if digits else f"{text}Z"


def _is_resource_list(type: Type) -> bool:
    return type.shape == "map" and type.items is not None and type.items.shape == "quantity"


def _rounded(amounts: Body) -> Body:
    """A ResourceList: its amounts rounded up to thousandths (SetDefaults_ResourceList)."""
    out: Body = {}
    for name, amount in amounts.items():
        out[name] = text = _quantity(amount)
        if text.endswith(("u", "n")):
            milli = -(-parse(text).nanos // 1_000_000)
            out[name] = str(Quantity(milli * 1_000_000))
    return out


class _Writers:
    """Compiled once a type: a function that writes a value as Go does."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Type, Writer]] = {}

    def of(self, type: Type) -> Writer:
        found = self._made.get(id(type))
        if found is not None:
            return found[1]
        late: list[Writer] = []
        self._made[id(type)] = (type, lambda value: late[0](value))
        late.append(self._make(type))
        self._made[id(type)] = (type, late[0])
        return late[0]

    def _make(self, type: Type) -> Writer:
        if type.shape == "quantity":
            return _quantity
        if type.shape in ("time", "micro-time"):
            digits = 6 if type.shape == "micro-time" else 0
            return lambda value: _time(value, digits)
        if type.shape == "bytes":
            return lambda value: value.replace("\n", "").replace("\r", "") if value.__class__ is str else value
        if type.shape == "list":
            assert type.items is not None
            item = self.of(type.items)
            return lambda value: [item(v) for v in value]
        if type.shape == "map":
            assert type.items is not None
            inner = self.of(type.items)
            return lambda value: {k: inner(v) for k, v in value.items()}
        if type.shape == "object" and type.fields:
            return self._object(type)
        if type.schema is not None:
            schema = self.of(type.schema)
            return lambda value: [schema(v) for v in value] if value.__class__ is list else schema(value)
        return copy

    def _object(self, type: Type) -> Writer:
        written = [(n, self._zero(f)) for n, f in type.fields.items() if not f.omitempty]
        # Storage does not tell an empty list from none.
        emptied = {
            n for n, f in type.fields.items() if not f.omitempty and not f.pointer and f.type.shape in ("list", "map")
        }
        drops = {
            n
            for n, f in type.fields.items()
            if (f.omitempty and not f.pointer and f.type.shape in ("list", "map", "bytes"))
            or f.type.shape == "schema-or-array"  # an empty one is written as null, and read back as none
        }
        inner = {n: self.of(f.type) for n, f in type.fields.items()}
        if not type.name.startswith("resource."):  # what devices have and use is not rounded
            inner |= {n: _rounded for n, f in type.fields.items() if _is_resource_list(f.type)}

        def write(value: Any) -> Any:
            if value.__class__ is not dict:
                return value
            out: Body = {}
            for name, v in value.items():
                if v is None or (not v and name in drops and v.__class__ in (list, dict, str)):
                    continue
                if not v and name in emptied:
                    out[name] = None
                    continue
                writer = inner.get(name)
                out[name] = writer(v) if writer is not None else copy(v)
            for name, zero in written:
                if name not in out:
                    made = zero()
                    if made is not _NOTHING:
                        out[name] = made
            return out

        return write

    def _zero(self, field: Field) -> Callable[[], Any]:
        """What Go writes for an absent field that it does not leave out."""
        shape = field.type.shape
        if field.pointer:
            return lambda: None
        if shape == "object" and field.type.fields:
            writer = self.of(field.type)
            return lambda: writer({})
        if shape in _ZERO:
            return lambda: _ZERO[shape]
        if shape in ("list", "map", "bytes", "time", "micro-time"):
            return lambda: None
        return lambda: _NOTHING


_writers = _Writers()


def write(body: Body, type: Type) -> Body:
    """An object of a type as Go writes it: a fresh one."""
    return dict(_writers.of(type)(body))


def stored(answer: Answer) -> Body:
    """The object of an accepted answer as the server stores it, and reads it back: with the defaults set once more."""
    assert answer.object is not None
    assert answer.kind is not None
    assert answer.context is not None
    context = answer.context
    allocate(answer.object, context)
    if answer.kind.custom is not None:
        body = dict(answer.kind.custom.stored(answer.object))
        body["metadata"] = write(body.get("metadata") or {}, answer.kind.type.fields["metadata"].type)
    else:
        body = write(answer.object, answer.kind.type)
    context.server.default(body, context)
    return _autoscaler(body, context) if answer.kind.api_version == FORMER else body


def _autoscaler(body: Body, context: Context) -> Body:
    """An autoscaler of autoscaling/v1: it is stored as one of v2, and has that version's defaults when it is read back.

    A status, and the annotations that carry it, are those that the object had.
    """
    before = ((context.old or {}).get("metadata") or {}).get("annotations") or {}
    notes = (body["metadata"].get("annotations") or {}).items()
    kept = {k: v for k, v in notes if k not in STATUS} | {k: v for k, v in before.items() if k in STATUS}
    kind = context.server.kind("autoscaling/v2", context.kind.kind)
    if kind is None:
        return body
    hub = convert({**body, "metadata": {**body["metadata"], "annotations": kept}}, kind.api_version)
    tables.apply(hub, kind.type, context.server.release)
    return convert(hub, FORMER)
