"""Values of CEL as texts: conversions to string, and the verbs of `format`.

Source: cel-go v0.29 common/types (ConvertToType) and ext/formatting.go. Where the server's verbs are odd (`%e` takes its
precision for a width, and prints powers of ten as people write them), so are these.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from manifold.k8s.cel.syntax import CelError, Kind

Value = Any
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_FROM = 6  # the power of ten from which an exponent is written
_WIDEST = 1000  # digits that are printed; the server's own limit lies at the size of an answer


def number(value: float) -> str:
    """A double with the fewest digits that tell it from others, as Go's `%g` writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    mantissa, _, power = f"{Decimal(repr(value)):e}".partition("e")
    exponent = int(power)
    if -4 <= exponent < _FROM:
        return plain(value)
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def plain(value: float) -> str:
    """A double without an exponent, with the fewest digits."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(value: timedelta) -> str:
    """Seconds, with the fewest digits."""
    return f"{plain(value / timedelta(seconds=1))}s"


def timestamp(value: datetime) -> str:
    """RFC 3339, in the zone that it was given, with the fewest digits of a second."""
    text = value.strftime("%Y-%m-%dT%H:%M:%S")
    if value.microsecond:
        text += f".{value.microsecond:06d}".rstrip("0")
    offset = value.utcoffset() or timedelta()
    if not offset:
        return f"{text}Z"
    minutes = int(abs(offset).total_seconds()) // 60
    return f"{text}{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def string(value: Value) -> str:
    """`string(value)`.

    Raises CelError for what has no text, and for bytes that are none.
    """
    if value.__class__ is str:
        return str(value)
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise CelError("the bytes are no text of UTF-8") from None
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, (str, ipaddress.IPv4Address, ipaddress.IPv6Address)):  # interfaces are addresses too
        return str(value)
    raise CelError(f"a {type(value).__name__} has no text")


def quoted(text: str) -> str:
    """A text in double quotes, as Go's `%q`."""
    out = ['"']
    for c in text:
        if c in '"\\':
            out.append(f"\\{c}")
        elif c in _SHORT:
            out.append(_SHORT[c])
        elif c.isprintable():
            out.append(c)
        else:
            code = ord(c)
            out.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join([*out, '"'])


_SHORT = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
VERB = re.compile(r"%(?:%|(?:\.(?P<digits>[0-9]+))?(?P<verb>.)|$)", re.DOTALL)


def verbs(text: str) -> Iterator[re.Match[str]]:
    """The verbs of a format, `%%` left out.

    Raises CelError for a format that ends within one, or has one that there is not.
    """
    for found in VERB.finditer(text):
        if found.group() == "%%":
            continue
        if not found["verb"] or found["verb"] not in "sdfebxXo":
            raise CelError(f"{found.group()!r} is no verb of format: %s, %d, %f, %e, %b, %x, %X, %o")
        yield found


def formatted(text: str, values: list[Value]) -> str:
    """`text.format(values)`.

    Raises CelError for verbs that there are not or that do not fit their values, and for too few values.
    """
    out, at, taken = [], 0, 0
    verbs_there = {found.start(): found for found in verbs(text)}
    for found in VERB.finditer(text):
        out.append(text[at : found.start()])
        at = found.end()
        if found.start() not in verbs_there:
            out.append("%")
            continue
        if taken >= len(values):
            raise CelError(f"the format asks for more than {len(values)} values")
        out.append(_put(found["verb"], int(found["digits"] or 6), values[taken]))
        taken += 1
    return "".join([*out, text[at:]])


def _put(verb: str, digits: int, value: Value) -> str:
    whole = isinstance(value, int) and value.__class__ is not bool
    if verb == "s":
        return _shown(value)
    if verb == "d" and whole:
        return str(int(value))
    if verb in "fe" and (isinstance(value, float) or value in ("NaN", "Infinity", "-Infinity")):
        return _float(verb, min(digits, _WIDEST), float(value))
    if verb == "b" and isinstance(value, int):
        return format(int(value), "b")
    if verb in "xXo" and whole:
        return format(int(value), verb)
    if verb in "xX" and value.__class__ in (str, bytes):
        found = (value.encode() if isinstance(value, str) else value).hex()
        return str(found.upper() if verb == "X" else found)
    raise CelError(f"%{verb} does not go with a {type(value).__name__}")


def _float(verb: str, digits: int, value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if verb == "f":
        return f"{value:,.{digits}f}"
    mantissa, _, power = f"{value:.6e}".partition("e")
    sign = "-" if power.startswith("-") else ""
    raised = f"{sign}{abs(int(power)):02d}".translate(_RAISED)
    return f"{mantissa}×10{raised}"


def _shown(value: Value, *, inner: bool = False) -> str:
    """A value as `%s` shows it; `inner`: within a list or map, so that it could be read again."""
    if value is None:
        return "null"
    if value.__class__ is list:
        return f"[{', '.join(_shown(v, inner=True) for v in value)}]"
    if value.__class__ is dict:
        pairs = sorted((_key(k), _shown(v, inner=True)) for k, v in value.items())
        return "{" + ", ".join(f"{k}:{v}" for k, v in pairs) + "}"
    if isinstance(value, Kind):
        return str(value)
    if not isinstance(value, (str, int, float, bytes, datetime, timedelta)):
        raise CelError(f"%s does not go with a {type(value).__name__}")
    if not inner:
        return string(value)
    if value.__class__ is str:
        return quoted(value)
    if isinstance(value, bytes):
        return f"b{quoted(string(value))}"
    if isinstance(value, float):
        special = math.isnan(value) or math.isinf(value)
        return quoted(number(value)) if special else f"{value:.6f}"
    if isinstance(value, datetime):
        return f"timestamp({quoted(timestamp(value))})"
    if isinstance(value, timedelta):
        return f"duration({quoted(duration(value))})"
    return string(value)


def _key(key: Value) -> str:
    if isinstance(key, float):
        raise CelError("%s does not show maps whose keys are doubles")
    return _shown(key, inner=True)
