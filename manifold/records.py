"""Classes that are their fields, as `dataclasses` makes them, at a tenth of its price when a program starts.

dataclasses writes and compiles six functions for each class, and imports `inspect` to do so: with the forty classes that a
run over one file comes by, a fifth of its time. Here one function is compiled, `__init__`, and when the first object is made;
the others are the same for all classes. To `dataclasses.fields`, `replace` and the like a record is a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")
MISSING: Any = type("MISSING", (), {"__repr__": lambda _: "MISSING"})()


class Field:
    """A field's default, and whether it counts in `repr` and in comparisons."""

    __slots__ = ("compare", "default", "default_factory", "repr")

    def __init__(self, default: Any, default_factory: Any, repr: bool, compare: bool) -> None:
        self.default, self.default_factory, self.repr, self.compare = default, default_factory, repr, compare


def field(
    *, default: Any = MISSING, default_factory: Callable[[], Any] = MISSING, repr: bool = True, compare: bool = True
) -> Any:
    """What is to be said of a field besides its type, in the place of its default."""
    return Field(default, default_factory, repr, compare)


@overload
def record(cls: type[T]) -> type[T]: ...
@overload
def record(*, frozen: bool = False, eq: bool = True, slots: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(field_specifiers=(field,))
def record(cls: Any = None, *, frozen: bool = False, eq: bool = True, slots: bool = True) -> Any:
    """Make a class a record of its annotated fields.

    `frozen`: they cannot be set again, and the hash is theirs; without `eq` records are compared by identity; without
    `slots` they have room for more (`cached_property`). Inherited fields come first.
    """
    if cls is None:
        return lambda made: _made(made, frozen, eq, slots)
    return _made(cls, frozen, eq, slots)


def replace(of: T, /, **changes: Any) -> T:
    """A record with other values in some fields."""
    names: tuple[str, ...] = of.__match_args__  # type: ignore[attr-defined]
    return of.__class__(**{**{name: getattr(of, name) for name in names}, **changes})


def _made(cls: Any, frozen: bool, eq: bool, slots: bool) -> Any:
    own = cls.__annotations__
    fields: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= base.__dict__.get("__record__", {})
    inherited = frozenset(fields)
    for name in own:
        there = cls.__dict__.get(name, MISSING)
        fields[name] = there if there.__class__ is Field else Field(there, MISSING, True, True)
    values = _getter([*fields])
    compared = _getter([n for n, f in fields.items() if f.compare])
    shown = [n for n, f in fields.items() if f.repr]

    def begin(self: Any, *args: Any, **given: Any) -> None:
        made.__init__ = _init(made, fields, frozen, slots)
        made.__init__(self, *args, **given)

    def show(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in shown)})"

    def equal(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def digest(self: Any) -> int:
        return hash(compared(self))

    def reduce(self: Any) -> Any:
        return self.__class__, values(self)

    def set_one(self: Any, name: str, value: Any) -> None:
        if self.__class__ is made or name in fields:
            raise _frozen(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def delete_one(self: Any, name: str) -> None:
        if self.__class__ is made or name in fields:
            raise _frozen(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    has: dict[str, Any] = {"__init__": begin, "__repr__": show, "__match_args__": tuple(fields)}
    if slots:
        has["__reduce__"] = reduce
    if eq:
        has |= {"__eq__": equal, "__hash__": digest if frozen else None}
    if frozen:
        has |= {"__setattr__": set_one, "__delattr__": delete_one}
    kept = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    if eq and kept.get("__hash__", MISSING) is None:
        del kept["__hash__"]  # Python puts it beside an `__eq__`
    has = {name: value for name, value in has.items() if name not in kept}
    has |= {"__record__": fields, "__replace__": replace, "__dataclass_fields__": _DataclassFields()}
    if slots:
        kept = {name: value for name, value in kept.items() if name not in own}
        has["__slots__"] = tuple(name for name in own if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, kept | has)
        made.__qualname__ = cls.__qualname__
        return made
    for name, value in has.items():
        setattr(cls, name, value)
    for name in own:
        if fields[name].default is not MISSING:
            setattr(cls, name, fields[name].default)
        elif name in kept:
            delattr(cls, name)
    made = cls
    return made


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of these fields as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda of: tuple(getattr(of, name) for name in names)


def _init(cls: Any, fields: dict[str, Field], frozen: bool, slots: bool) -> Any:
    """`__init__` of a record: written as a text and compiled, for a loop over the fields would take thrice as long."""
    known: dict[str, Any] = {"_missing": MISSING, "_set": object.__setattr__}
    parameters, body = ["self"], []
    for name, f in fields.items():
        value = name
        if f.default_factory is not MISSING:
            known[f"_new_{name}"] = f.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_new_{name}() if {name} is _missing else {name}"
        elif f.default is not MISSING:
            known[f"_default_{name}"] = f.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        if not frozen:
            body.append(f"self.{name} = {value}")
        elif slots:
            known[f"_set_{name}"] = getattr(cls, name).__set__
            body.append(f"_set_{name}(self, {value})")
        else:
            body.append(f"_set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    exec(
        f"def __init__({', '.join(parameters)}):\n {chr(10).join(body).replace(chr(10), chr(10) + ' ') or 'pass'}",
        known,
    )
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    return made


def _frozen(why: str) -> Exception:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(why)


class _DataclassFields:
    """What `dataclasses` looks for in a class, made when it does."""

    def __get__(self, _: object, owner: Any) -> Any:
        import dataclasses

        def field(f: Field) -> Any:
            said: dict[str, Any] = {"repr": f.repr, "compare": f.compare}
            for word in ("default", "default_factory"):
                if getattr(f, word) is not MISSING:
                    said[word] = getattr(f, word)
            return dataclasses.field(**said)

        made = dataclasses.make_dataclass(owner.__name__, [(n, Any, field(f)) for n, f in owner.__record__.items()])
        return made.__dataclass_fields__  # type: ignore[attr-defined]
