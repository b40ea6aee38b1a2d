"""From the defaulted object to the object as it is stored and answered.

Go writes the zero value of every field that is neither a pointer nor left out when empty; quantities are written in
their canonical form; what is empty and may be left out is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from manifold.apiserver.create import allocate
from manifold.apiserver.decode import copy
from manifold.apiserver.schema import Field, Type
from manifold.k8s.quantity import parse

if TYPE_CHECKING:
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
        return copy

    def _object(self, type: Type) -> Writer:
        written = [(n, self._zero(f)) for n, f in type.fields.items() if not f.omitempty and not f.pointer]
        drops = {
            n
            for n, f in type.fields.items()
            if f.omitempty and not f.pointer and f.type.shape in ("list", "map", "bytes")
        }
        inner = {n: self.of(f.type) for n, f in type.fields.items()}

        def write(value: Any) -> Any:
            if value.__class__ is not dict:
                return value
            out = {}
            for name, v in value.items():
                if v is None or (not v and name in drops and v.__class__ in (list, dict, str)):
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
        if shape == "object" and field.type.fields:
            writer = self.of(field.type)
            return lambda: writer({})
        if shape in _ZERO:
            return lambda: _ZERO[shape]
        if shape in ("list", "map", "bytes"):
            return lambda: None
        return lambda: _NOTHING


_writers = _Writers()


def write(body: Body, type: Type) -> Body:
    """An object of a type as Go writes it: a fresh one."""
    return dict(_writers.of(type)(body))


def stored(answer: Answer) -> Body:
    """The object of an accepted answer as the server stores it."""
    assert answer.object is not None
    assert answer.kind is not None
    if answer.context is not None and answer.context.operation == "create":
        allocate(answer.object, answer.context)
    if answer.kind.custom is not None:
        return dict(answer.object)
    return write(answer.object, answer.kind.type)
