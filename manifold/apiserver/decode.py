"""Strict decoding: a JSON object becomes what the server's decoder makes of it, or is blamed for what does not fit.

The rules are those of sigs.k8s.io/json in strict mode and of the types' own unmarshallers (k8s.io/apimachinery):
unknown fields are named with their path, null is the zero value, a zero value that Go does not tell from an absent one
is left out. The input is never changed; the result shares no container with it.
"""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.faults import Fault, Faults
from manifold.apiserver.schema import Field, Kind, Type
from manifold.k8s.quantity import parse as parse_quantity
from manifold.model import Path, describe
from manifold.patterns import late

# A path under construction: (parent, key), () at the root; made into a tuple only when something is wrong.
Trail = Any
Decoder = Callable[[Any, Trail, Faults], Any]

_BAD = object()  # what a decoder returns when the value does not fit; the fault is said already

_RFC3339 = late(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_RFC3339_MICRO = late(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)(Z|[+-]\d\d:\d\d)", re.ASCII)
# time.ParseDuration
_DURATION = late(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_MONTH_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# How a preview writes what the server picks by itself, also where that is a number: such an object can be given back.
ALLOCATED = "<allocated"
INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)


def flatten(trail: Trail) -> Path:
    """The path that a trail stands for."""
    parts: list[str | int] = []
    while trail:
        trail, key = trail
        parts.append(key)
    return tuple(reversed(parts))


def _mismatch(faults: Faults, trail: Trail, value: Any, wanted: str, help: str = "") -> Any:
    faults.add(reasons.TYPE, flatten(trail), f"must be {wanted}, not {describe(value)}", help)
    return _BAD


def _string(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        return value
    help = ""
    if isinstance(value, bool):
        help = "quote it: YAML 1.1 reads yes, no, on, off, y, n, true and false as booleans"
    elif isinstance(value, (int, float)):
        help = f'quote it: "{value}"'
    return _mismatch(faults, trail, value, "a text", help)


def _boolean(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is bool:
        return value
    help = (
        "remove the quotes"
        if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no", "on", "off")
        else ""
    )
    return _mismatch(faults, trail, value, "true or false", help)


def _integer(low: int, high: int) -> Decoder:
    def decode(value: Any, trail: Trail, faults: Faults) -> Any:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is int:
            if low <= value <= high:
                return value
            return _mismatch(faults, trail, value, f"an integer from {low} to {high}")
        if value.__class__ is str and value.startswith(ALLOCATED):
            return value
        help = "remove the quotes" if isinstance(value, str) and value.strip("-").isdecimal() else ""
        return _mismatch(faults, trail, value, "an integer", help)

    return decode


def _number(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is int or value.__class__ is float:
        return value
    return _mismatch(faults, trail, value, "a number")


def _quantity(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        text = value.strip(" ")
        try:
            parse_quantity(text)
        except ValueError:
            pass
        else:
            return text
        faults.add(
            reasons.TYPE,
            flatten(trail),
            f"{value[:40]!r} is no quantity: digits, then at most one of n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent",
            "write for instance 500m, 0.5, 128Mi or 1e3, without blanks",
        )
        return _BAD
    if value.__class__ is int or value.__class__ is float:
        return value
    return _mismatch(faults, trail, value, "a quantity such as 500m or 128Mi")


def _int_or_string(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        return value
    if value.__class__ is float and value.is_integer():
        value = int(value)
    if value.__class__ is int:
        if INT32[0] <= value <= INT32[1]:
            return value
        return _mismatch(faults, trail, value, f"a text or an integer from {INT32[0]} to {INT32[1]}")
    return _mismatch(faults, trail, value, "an integer or a text")


def _valid_time(match: re.Match[str]) -> bool:
    year, month, day, hour, minute, second = (int(g) for g in match.group(1, 2, 3, 4, 5, 6))
    if not (1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month] and hour < 24 and minute < 60 and second < 60):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    zone = match.group(8)
    return (
        (day < 30 or month != 2)
        and (day != 29 or month != 2 or leap)
        and (zone == "Z" or (int(zone[1:3]) < 24 and int(zone[4:]) < 60))
    )


_SOME_TIME = frozenset((f"{ALLOCATED}>", "<time>"))
"""What stands for a time of the server's own, in previews and in recorded objects."""


def _time(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        match = _RFC3339.fullmatch(value)
        if (match and _valid_time(match)) or value in _SOME_TIME:
            return value
        faults.add(reasons.TYPE, flatten(trail), f"{value[:40]!r} is no time of RFC 3339, such as 2026-01-31T12:00:00Z")
        return _BAD
    return _mismatch(faults, trail, value, "a time such as 2026-01-31T12:00:00Z")


def _micro_time(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        match = _RFC3339_MICRO.fullmatch(value)
        if match and len(match.group(7)) == 7 and _valid_time(match):
            return value
        faults.add(
            reasons.TYPE,
            flatten(trail),
            f"{value[:40]!r} is no time with microseconds, such as 2026-01-31T12:00:00.000000Z",
        )
        return _BAD
    return _mismatch(faults, trail, value, "a time such as 2026-01-31T12:00:00.000000Z")


def _duration(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is str:
        if _DURATION.fullmatch(value):
            return value
        faults.add(reasons.TYPE, flatten(trail), f"{value[:40]!r} is no duration, such as 1h30m or 15s")
        return _BAD
    return _mismatch(faults, trail, value, "a duration such as 15s")


def _octets(value: list[Any], trail: Trail, faults: Faults) -> Any:
    """Go takes a list of numbers for bytes as well."""
    octets = bytearray()
    for i, v in enumerate(value):
        if v is not None and not (v.__class__ is int and 0 <= v <= 255):
            return _mismatch(faults, (trail, i), v, "an integer from 0 to 255", "write the bytes as base64 text")
        octets.append(v or 0)
    return b2a_base64(octets, newline=False).decode()


def _bytes(value: Any, trail: Trail, faults: Faults) -> Any:
    if value.__class__ is list:
        return _octets(value, trail, faults)
    if value.__class__ is not str:
        return _mismatch(
            faults, trail, value, "base64 text", "use stringData for plain text" if "data" in flatten(trail) else ""
        )
    # encoding/base64's StdEncoding passes over line ends and nothing else.
    text = value.replace("\n", "").replace("\r", "") if "\n" in value or "\r" in value else value
    try:
        a2b_base64(text, strict_mode=True)
    except (BinasciiError, ValueError):
        faults.add(
            reasons.TYPE, flatten(trail), "is no base64", "encode it with `base64 -w0`, or use stringData in a Secret"
        )
        return _BAD
    return value


def copy(value: Any) -> Any:
    """A deep copy of a JSON value, which may be nested deeper than Python calls: the server takes 10,000 levels."""
    try:
        return _copy(value)
    except RecursionError:
        return _copy_deep(value)


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return {k: _copy(v) if v.__class__ is dict or v.__class__ is list else v for k, v in value.items()}
    if value.__class__ is list:
        return [_copy(v) if v.__class__ is dict or v.__class__ is list else v for v in value]
    return value


def _copy_deep(value: Any) -> Any:
    root = value.copy()
    stack = [root]
    while stack:
        one = stack.pop()
        for key, inner in one.items() if one.__class__ is dict else enumerate(one):
            if inner.__class__ is dict or inner.__class__ is list:
                one[key] = inner.copy()
                stack.append(one[key])
    return root


def _any(value: Any, trail: Trail, faults: Faults) -> Any:
    return copy(value)


_raw = _any

_ZERO: dict[str, Any] = {
    "string": "",
    "boolean": False,
    "integer": 0,
    "number": 0,
    "quantity": "0",
    "int-or-string": 0,
    "bytes": "",
}

_PLAIN: dict[str, Decoder] = {
    "string": _string,
    "boolean": _boolean,
    "number": _number,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "time": _time,
    "micro-time": _micro_time,
    "duration": _duration,
    "bytes": _bytes,
    "raw": _raw,
    "any": _any,
}
# Shapes whose zero value Go does not tell from an absent one, unless it holds a pointer.
_ZEROABLE = frozenset(("string", "boolean", "integer", "number"))


def zero(type: Type) -> Any:
    """What null is inside a list or a map, where nothing can be left out: Go's zero value."""
    if type.shape in _ZERO:
        return _ZERO[type.shape]
    return {} if type.shape == "object" else None


def _list(type: Type) -> Decoder:
    assert type.items is not None
    item, empty = decoder(type.items), type.items
    text = type.items.shape == "string"

    def decode(value: Any, trail: Trail, faults: Faults) -> Any:
        if value.__class__ is not list:
            return _mismatch(faults, trail, value, "a list")
        if text:
            for v in value:
                if v.__class__ is not str:
                    break
            else:
                return value[:]
        out = []
        for i, v in enumerate(value):
            if v is None:
                out.append(zero(empty))
                continue
            one = item(v, (trail, i), faults)
            if one is not _BAD:
                out.append(one)
            elif faults:  # keep the positions of what follows
                out.append(zero(empty))
        return out

    return decode


def _map(type: Type) -> Decoder:
    assert type.items is not None
    item, inner = decoder(type.items), type.items
    text = inner.shape == "string"

    def decode(value: Any, trail: Trail, faults: Faults) -> Any:
        if value.__class__ is not dict:
            return _mismatch(faults, trail, value, "an object")
        if text:
            for v in value.values():
                if v.__class__ is not str:
                    break
            else:
                return value.copy()
        out = {}
        for k, v in value.items():
            if v is None:
                out[k] = zero(inner)
                continue
            one = item(v, (trail, k), faults)
            if one is not _BAD:
                out[k] = one
        return out

    return decode


def unknown(faults: Faults, trail: Trail, key: str, known: list[str]) -> None:
    """Say that a field does not exist, and which was perhaps meant."""
    import difflib

    near = [k for k in known if k.lower() == key.lower()] or difflib.get_close_matches(key, known, 1, 0.75)
    help = f"did you mean `{near[0]}`?" if near else ""
    path = flatten((trail, key))
    message = f"there is no field `{key}` here"
    rule = reasons.RULES[reasons.UNKNOWN_FIELD]
    faults.append(Fault(path, reasons.UNKNOWN_FIELD, message, help, rule, meant=near[0] if near else ""))


def _object(type: Type) -> Decoder:
    table: dict[str, tuple[Decoder, bool, bool]] = {}
    gated: dict[str, str] = {}  # fields that the server reads and drops

    def fill(fields: dict[str, Field]) -> None:
        for name, f in fields.items():
            if f.dropped:
                gated[name] = f.dropped
            drops = not f.pointer and f.type.shape in _ZEROABLE
            table[name] = (decoder(f.type), drops, f.type.shape == "string")

    def decode(value: Any, trail: Trail, faults: Faults) -> Any:
        if value.__class__ is not dict:
            return _mismatch(faults, trail, value, "an object")
        if not table:
            fill(type.fields)
        out = {}
        for k, v in value.items():
            found = table.get(k)
            if found is None:
                unknown(faults, trail, k, list(table))
                continue
            if v is None:
                continue
            read, drops, text = found
            if text and v.__class__ is str:
                if v or not drops:
                    out[k] = v
                continue
            one = read(v, (trail, k), faults)
            if one is _BAD or (drops and not one):
                continue
            out[k] = one
        if gated:
            for k in gated.keys() & out.keys():
                del out[k]
                if not out and gated[k] == "empty":
                    return _BAD
        return out

    return decode


def _schema_or(type: Type) -> Decoder:
    """JSONSchemaProps, or something simpler in its place; their unmarshallers pass over unknown fields."""
    assert type.schema is not None
    schema, shape = decoder(type.schema), type.shape

    def lenient(value: Any, trail: Trail, faults: Faults) -> Any:
        inner = Faults()
        found = schema(value, trail, inner)
        faults.extend(f for f in inner if f.reason != reasons.UNKNOWN_FIELD)
        return found

    def many(value: list[Any], trail: Trail, faults: Faults) -> Any:
        if shape == "schema-or-strings":
            items = [_string("" if v is None else v, (trail, i), faults) for i, v in enumerate(value)]
        else:
            items = [{} if v is None else lenient(v, (trail, i), faults) for i, v in enumerate(value)]
        return _BAD if _BAD in items else items

    def decode(value: Any, trail: Trail, faults: Faults) -> Any:
        if value.__class__ is dict:
            return lenient(value, trail, faults)
        if shape == "schema-or-bool":
            return value if value.__class__ is bool else _mismatch(faults, trail, value, "a schema or a boolean")
        # Anything else is taken for nothing.
        return many(value, trail, faults) if value.__class__ is list else []

    return decode


_compiled: dict[int, tuple[Type, Decoder]] = {}


def decoder(type: Type) -> Decoder:
    """The function that decodes values of `type`: (value, trail, faults) -> decoded value, or a sentinel when it does not fit."""
    found = _compiled.get(id(type))
    if found is not None:
        return found[1]
    shape = type.shape
    if shape == "object":
        made = _object(type)
    elif shape == "list":
        made = _list(type)
    elif shape == "map":
        made = _map(type)
    elif shape == "integer":
        made = _integer(*(INT64 if type.format == "int64" else INT32))
    elif type.schema is not None:
        made = _schema_or(type)
    else:
        made = _PLAIN[shape]
    _compiled[id(type)] = (type, made)  # the type is kept: its id must not be given to another
    return made


def decode(body: dict[str, Any], kind: Kind, faults: Faults) -> dict[str, Any]:
    """`body` as a server of this kind decodes it: a fresh object; what does not fit is left out and blamed."""
    decoded = decoder(kind.type)(body, (), faults)
    return {} if decoded is _BAD else dict(decoded)
