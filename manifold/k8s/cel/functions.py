"""The functions of Kubernetes' CEL, by name: those of the language, of cel-go's extensions and of the API server.

Source: cel-spec (doc/langdef.md), cel-go v0.29 ext, k8s.io/apiserver v0.37.2 pkg/cel/library. Whatever Python raises in
one (TypeError, ValueError, KeyError ...) is an evaluation error.
"""

from __future__ import annotations

import ipaddress
import itertools
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from manifold.k8s import regexes, urls
from manifold.k8s.cel import text
from manifold.k8s.cel.named_formats import CONSTANTS, NAMED, NamedFormat
from manifold.k8s.cel.syntax import CelError, Kind, Uint
from manifold.k8s.quantity import Quantity
from manifold.k8s.quantity import parse as parse_quantity

Value = Any
INT64 = 2**63


class Maybe:
    """An optional value."""

    __slots__ = ("there", "value")

    def __init__(self, *value: Value) -> None:
        self.there = bool(value)
        self.value = value[0] if value else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Maybe) and self.there == other.there and equal(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.there)


class Authority:
    """The authorizer, a check that it builds up, or what it decides: all is allowed, for nobody knows offline who asks."""

    __slots__ = ()

    def same(self, *parts: Value) -> Authority:
        """Each step of a check gives one that knows more, which makes no difference here."""
        return self


def equal(a: Value, b: Value) -> bool:
    """CEL's `==`: numbers by value whatever their type, true is not 1."""
    if a.__class__ is bool or b.__class__ is bool:
        return a.__class__ is b.__class__ and a == b
    if a.__class__ is list and b.__class__ is list:
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    if a.__class__ is dict and b.__class__ is dict:
        return a.keys() == b.keys() and all(equal(v, b[k]) for k, v in a.items())
    return bool(a == b)


def order(value: Value) -> Value:
    """A key to sort by.

    Raises TypeError for what has no order.
    """
    if isinstance(value, (int, float, str, bytes, datetime, timedelta, Quantity)):
        return value
    raise TypeError("no order")


def _fits(a: Value, b: Value) -> None:
    if (a.__class__ is bool) != (b.__class__ is bool):
        raise TypeError("a truth value is no number")


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def run(a: Value, b: Value) -> bool:
        _fits(a, b)
        return bool(test(order(a), order(b)))

    return run


def _int(value: Value, like: Value = 0) -> Value:
    if isinstance(like, Uint):
        if not 0 <= value < 2 * INT64:
            raise CelError("the number is out of the range of uint")
        return Uint(value)
    if not -INT64 <= value < INT64:
        raise CelError("the number is out of the range of int")
    return value


def _number(*values: Value) -> bool:
    """Whether all are integers (else all must be floats)."""
    if any(v.__class__ is bool or not isinstance(v, (int, float)) for v in values):
        raise TypeError("no numbers")
    if len({v.__class__ for v in values}) > 1:
        raise TypeError("numbers of different types")
    return not isinstance(values[0], float)


def _add(a: Value, b: Value) -> Value:
    if (isinstance(a, datetime) and isinstance(b, timedelta)) or (
        isinstance(a, timedelta) and isinstance(b, (timedelta, datetime))
    ):
        return a + b  # type: ignore[operator]
    if a.__class__ is b.__class__ and a.__class__ in (str, bytes, list):
        return a + b
    return _int(a + b, a) if _number(a, b) else a + b


def _sub(a: Value, b: Value) -> Value:
    if isinstance(a, (datetime, timedelta)):
        return a - b
    return _int(a - b, a) if _number(a, b) else a - b


def _mul(a: Value, b: Value) -> Value:
    return _int(a * b, a) if _number(a, b) else a * b


def _div(a: Value, b: Value) -> Value:
    if _number(a, b):
        if b == 0:
            raise CelError("division by zero")
        found = abs(a) // abs(b)
        return _int(found if (a < 0) == (b < 0) else -found, a)
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def _mod(a: Value, b: Value) -> Value:
    if not _number(a, b):
        raise TypeError("a remainder is of integers")
    if b == 0:
        raise CelError("division by zero")
    found = abs(a) % abs(b)
    return _int(-found if a < 0 else found, a)


def _negative(a: Value) -> Value:
    return _int(-a) if _number(a) else -a


def _not(a: Value) -> bool:
    if a.__class__ is not bool:
        raise TypeError("no truth value")
    return not a


def _in(a: Value, b: Value) -> bool:
    if b.__class__ is dict:
        return any(equal(a, k) for k in b) if a.__class__ not in (str, int) else a in b
    if b.__class__ is not list:
        raise TypeError("neither list nor map")
    return any(equal(a, item) for item in b)


def index(a: Value, b: Value) -> Value:
    """`a[b]`."""
    if a.__class__ is Maybe:
        return optional_index(a, b)
    if a.__class__ is dict:
        if b not in a:
            raise CelError(f"there is no key {b!r}")
        return a[b]
    if a.__class__ is not list or b.__class__ is bool or not isinstance(b, (int, float)):
        raise TypeError("neither list nor map")
    if int(b) != b or not 0 <= b < len(a):
        raise CelError(f"the index {b} is outside of the list")
    return a[int(b)]


def optional_index(a: Value, b: Value) -> Maybe:
    """`a[?b]`."""
    if a.__class__ is Maybe:
        if not a.there:
            return a
        a = a.value
    if a.__class__ is dict:
        return Maybe(a[b]) if b in a else Maybe()
    return Maybe(a[b]) if 0 <= b < len(a) else Maybe()


def _size(a: Value) -> int:
    if a.__class__ not in (str, bytes, list, dict):
        raise TypeError("it has no size")
    return len(a)


def _matches(text: str, pattern: str) -> bool:
    return _compiled(pattern, text).search(text) is not None


def _compiled(pattern: str, text: str) -> Any:
    try:
        return regexes.within(pattern, text)
    except regexes.PatternError as error:
        raise CelError(f"{pattern[:60]!r} is no pattern of RE2") from error
    except regexes.TooMuchError as error:
        raise CelError(str(error)) from error


# Conversions


def _to_int(a: Value) -> Value:
    if isinstance(a, datetime):
        return int(a.timestamp())
    if isinstance(a, timedelta):
        return (a // timedelta(microseconds=1)) * 1000
    if a.__class__ is str:
        if not re.fullmatch(r"[+-]?[0-9]+", a, re.ASCII):
            raise CelError(f"{a!r} is no integer")
        return _int(int(a))
    if a.__class__ is bool:
        raise TypeError("no number")
    if isinstance(a, float) and not -INT64 < a < INT64:
        raise CelError("the number is out of the range of int")
    return _int(int(a))


_DOUBLE = re.compile(
    r"[-+]?(?:(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][-+]?[0-9]+)?|inf|infinity|nan)",
    re.ASCII | re.IGNORECASE,
)


def _to_double(a: Value) -> float:
    if a.__class__ is bool or not isinstance(a, (int, float, str)):
        raise TypeError("no number")
    if isinstance(a, str):
        if not _DOUBLE.fullmatch(a) or (a.lstrip("+-").lower() == "nan" and a[0] in "+-"):
            raise CelError(f"{a!r} is no number")
        if math.isinf(float(a)) and a[-1].isdigit():
            raise CelError(f"{a!r} is out of range")
    return float(a)


def _to_bool(a: Value) -> bool:
    if a.__class__ is bool:
        return bool(a)
    if a in ("1", "t", "true", "TRUE", "True"):
        return True
    if a in ("0", "f", "false", "FALSE", "False"):
        return False
    raise CelError(f"{a!r} is no truth value")


_PART = re.compile(r"([0-9]*\.?[0-9]+|[0-9]+\.)(ns|us|µs|μs|ms|s|m|h)")
_UNIT = {"ns": 1e-3, "us": 1, "µs": 1, "μs": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}


def _duration(a: Value) -> timedelta:
    if isinstance(a, timedelta):
        return a
    if not isinstance(a, str):
        return timedelta(microseconds=a / 1000)
    sign = -1 if a.startswith("-") else 1
    body = a.lstrip("+-")
    parts = _PART.findall(body)
    if body != "0" and (not parts or "".join(n + u for n, u in parts) != body):
        raise CelError(f"{a!r} is no duration")
    total = sum(float(n) * _UNIT[u] for n, u in parts)
    if total * 1000 >= INT64:  # Go counts nanoseconds
        raise CelError(f"{a!r} is longer than a duration can be")
    return sign * timedelta(microseconds=total)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)", re.ASCII)


def _timestamp(a: Value) -> datetime:
    if isinstance(a, datetime):
        return a
    if isinstance(a, int):
        return datetime.fromtimestamp(a, UTC)
    if not _MOMENT.fullmatch(a):
        raise CelError(f"{a!r} is no timestamp")
    try:
        return datetime.fromisoformat(a.replace("Z", "+00:00"))
    except ValueError:
        raise CelError(f"{a!r} is no timestamp") from None


_KINDS: dict[type, Kind] = {
    bool: Kind("bool"), int: Kind("int"), Uint: Kind("uint"), float: Kind("double"), str: Kind("string"),
    bytes: Kind("bytes"), list: Kind("list"), dict: Kind("map"), type(None): Kind("null_type"), Kind: Kind("type"),
    timedelta: Kind("google.protobuf.Duration"), datetime: Kind("google.protobuf.Timestamp"),
    Maybe: Kind("optional_type"), Quantity: Kind("kubernetes.Quantity"),
}  # fmt: skip


def _type(a: Value) -> Kind:
    return _KINDS.get(a.__class__) or Kind(a.__class__.__name__)


# Times


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    match = re.fullmatch(r"([+-]?)(\d\d):(\d\d)", name)
    if match:
        from datetime import timezone

        delta = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-delta if match[1] == "-" else delta)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CelError(f"{name!r} is no time zone") from error


def _of_time(part: Callable[[datetime], int], whole: Callable[[timedelta], int] | None = None) -> Callable[..., int]:
    def run(a: Value, zone: str = "UTC") -> int:
        if isinstance(a, timedelta) and whole is not None:
            return whole(a)
        return part(a.astimezone(_zone(zone)))

    return run


def _units_of(seconds: float) -> Callable[[timedelta], int]:
    """How many whole units a duration has, towards zero."""
    return lambda duration: int(duration / timedelta(seconds=seconds))


# Texts


def _char_at(a: str, at: int) -> str:
    if not 0 <= at <= len(a):
        raise CelError(f"the index {at} is outside of the text")
    return a[at : at + 1]


def _index_of(a: Value, b: Value, start: int = 0) -> int:
    if isinstance(a, str):
        if start < 0:
            raise CelError("the index is outside of the text")
        return a.find(b, start)
    return next((i for i, item in enumerate(a) if equal(item, b)), -1)


def _last_index_of(a: Value, b: Value, start: int | None = None) -> int:
    if isinstance(a, str):
        if start is not None and start < 0:
            raise CelError("the index is outside of the text")
        return a.rfind(b) if start is None else a.rfind(b, 0, start + len(b))
    return next((i for i in range(len(a) - 1, -1, -1) if equal(a[i], b)), -1)


_LOWER = {i: i + 32 for i in range(65, 91)}
_UPPER = {i: i - 32 for i in range(97, 123)}


def _split(a: str, by: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if not by:
        parts = list(a)
        return parts if most < 0 or len(parts) <= most else [*parts[: most - 1], "".join(parts[most - 1 :])]
    return a.split(by) if most < 0 else a.split(by, most - 1)


def _substring(a: str, start: int, stop: int | None = None) -> str:
    stop = len(a) if stop is None else stop
    if not 0 <= start <= stop <= len(a):
        raise CelError("the range is outside of the text")
    return a[start:stop]


def _join(a: list[str], by: str = "") -> str:
    return by.join(a)


def _find(a: str, pattern: str) -> str:
    match = _compiled(pattern, a).search(a)
    return match.group() if match else ""


def _find_all(a: str, pattern: str, most: int = -1) -> list[str]:
    found: list[str] = []
    end = -1
    for match in _compiled(pattern, a).finditer(a):
        # As in Go, nothing is found right behind what was found.
        if match.end() > match.start() or match.start() != end:
            found.append(match.group())
            end = match.end()
    return found if most < 0 else found[:most]


# Lists


def _sum(a: list[Value]) -> Value:
    total: Value = 0 if not a else a[0]
    for item in a[1:]:
        total = _add(total, item)
    return total


def _distinct(a: list[Value]) -> list[Value]:
    out: list[Value] = []
    for item in a:
        if not any(equal(item, known) for known in out):
            out.append(item)
    return out


def _slice(a: list[Value], start: int, stop: int) -> list[Value]:
    if not 0 <= start <= stop <= len(a):
        raise CelError("the range is outside of the list")
    return a[start:stop]


def _flatten(a: list[Value], depth: int = 1) -> list[Value]:
    if depth < 0:
        raise CelError("a list cannot be flattened less than not at all")
    out: list[Value] = []
    for item in a:
        if isinstance(item, list) and depth:
            out += _flatten(item, depth - 1)
        else:
            out.append(item)
    return out


def _range(count: int) -> list[int]:
    if not 0 <= count <= 1_000_000:
        raise CelError("a list of so many numbers is not made")
    return list(range(count))


def _extreme(choose: Callable[..., Value]) -> Callable[..., Value]:
    def run(a: list[Value]) -> Value:
        if not a:
            raise CelError("an empty list has neither least nor greatest item")
        return choose(a, key=order)

    return run


# Quantities, addresses, URLs, versions


def _quantity(a: str) -> Quantity:
    try:
        return parse_quantity(a)
    except ValueError as error:
        raise CelError(f"{a!r} is no quantity") from error


def _can(make: Callable[..., Value]) -> Callable[..., bool]:
    def run(*args: Value) -> bool:
        try:
            make(*args)
        except (CelError, ValueError, TypeError):
            return False
        return True

    return run


def _as_quantity(value: Value) -> Quantity:
    return value if isinstance(value, Quantity) else parse_quantity(str(value))


def _whole(a: Quantity) -> bool:
    return a.milli() % 1000 == 0 and -INT64 <= a.value() < INT64


def _as_integer(a: Quantity) -> int:
    if not _whole(a):
        raise CelError("the quantity is no integer")
    return int(a.value())


def _compare(a: Value, b: Value) -> int:
    return int(a > b) - int(a < b)


def _ip(a: str) -> Value:
    found = ipaddress.ip_address(a)
    if found.version == 6 and (found.ipv4_mapped is not None or "%" in a):
        raise CelError(f"{a!r} is no address that Kubernetes takes")
    return found


def _cidr(a: str) -> Value:
    if "/" not in a:
        raise CelError(f"{a!r} is no CIDR: it has no prefix length")
    found = ipaddress.ip_interface(a)
    if found.version == 6 and (found.ip.ipv4_mapped is not None or "%" in a):
        raise CelError(f"{a!r} is no CIDR that Kubernetes takes")
    return found


def _contains_ip(a: Value, b: Value) -> bool:
    inner = _ip(b) if isinstance(b, str) else b
    return inner.version == a.version and inner in a.network


def _contains_cidr(a: Value, b: Value) -> bool:
    inner = (_cidr(b) if isinstance(b, str) else b).network
    return inner.version == a.version and bool(inner.subnet_of(a.network))


def _url(a: str) -> urls.Url:
    try:
        return urls.parse(a)
    except ValueError as error:
        raise CelError(f"{a[:60]!r} is no URL: {error}") from error


class Semver(tuple[int, int, int, tuple[Any, ...]]):
    """A semantic version, ordered as its specification says: a pre-release comes before its release."""

    __slots__ = ()


_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)


def _semver(a: str, lenient: bool = False) -> Semver:
    if lenient:
        core, mark, rest = a.removeprefix("v").partition("-")
        numbers = [str(int(n)) if n.isdigit() else n for n in core.split(".")]
        a = ".".join([*numbers, "0", "0"][:3]) + mark + rest
    match = _SEMVER.fullmatch(a)
    if not match:
        raise CelError(f"{a!r} is no semantic version")
    label = match[4]
    for part in label.split(".") if label else ():
        if not part or (part.isdigit() and len(part) > 1 and part[0] == "0"):
            raise CelError(f"{a!r} is no semantic version")
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in label.split(".")) if label else ((2, 0, ""),)
    return Semver((int(match[1]), int(match[2]), int(match[3]), parts))


def _validate(a: NamedFormat, text: str) -> Maybe:
    wrong = a.wrong(text)
    return Maybe(wrong) if wrong else Maybe()


Function = Callable[..., Value]
FUNCTIONS: dict[str, Function] = {
    "!_": _not, "-_": _negative, "_+_": _add, "_-_": _sub, "_*_": _mul, "_/_": _div, "_%_": _mod,
    "_==_": equal, "_!=_": lambda a, b: not equal(a, b), "@in": _in, "_[_]": index, "_[?_]": optional_index,
    "_<_": _compared(lambda a, b: a < b), "_<=_": _compared(lambda a, b: a <= b),
    "_>_": _compared(lambda a, b: a > b), "_>=_": _compared(lambda a, b: a >= b),
    "size": _size, "matches": _matches, "type": _type, "dyn": lambda a: a, "int": _to_int,
    "uint": lambda a: _int(int(a), Uint(0)), "double": _to_double, "bool": _to_bool, "string": text.string,
    "bytes": lambda a: a.encode() if isinstance(a, str) else bytes(a), "timestamp": _timestamp, "duration": _duration,
    "optional.of": lambda a: Maybe(a), "optional.none": lambda: Maybe(),
    "optional.ofNonZeroValue": lambda a: Maybe(a) if a else Maybe(),
    "optional.unwrap": lambda a: [v.value for v in a if v.there],
    "sign": lambda a: a.sign, "strings.quote": text.quoted, "lists.range": _range,
    "sets.contains": lambda a, b: all(_in(x, a) for x in b),
    "sets.equivalent": lambda a, b: all(_in(x, a) for x in b) and all(_in(x, b) for x in a),
    "sets.intersects": lambda a, b: any(_in(x, a) for x in b),
    "url": _url, "isURL": _can(_url), "quantity": _quantity, "isQuantity": _can(_quantity), "ip": _ip, "isIP": _can(_ip),
    "ip.isCanonical": lambda a: str(_ip(a)) == a, "cidr": _cidr, "isCIDR": _can(_cidr), "semver": _semver,
    "isSemver": _can(_semver), **CONSTANTS, "format.named": lambda a: Maybe(NAMED[a]) if a in NAMED else Maybe(),
    "jsonpatch.escapeKey": lambda a: a.replace("~", "~0").replace("/", "~1"),
}  # fmt: skip
METHODS: dict[str, Function] = {
    "size": _size, "contains": lambda a, b: b in a, "startsWith": lambda a, b: a.startswith(b),
    "endsWith": lambda a, b: a.endswith(b), "matches": _matches,
    "hasValue": lambda a: a.there, "or": lambda a, b: a if a.there else b,
    "orValue": lambda a, b: a.value if a.there else b,
    "getFullYear": _of_time(lambda t: t.year), "getMonth": _of_time(lambda t: t.month - 1),
    "getDayOfYear": _of_time(lambda t: t.timetuple().tm_yday - 1), "getDayOfMonth": _of_time(lambda t: t.day - 1),
    "getDate": _of_time(lambda t: t.day), "getDayOfWeek": _of_time(lambda t: t.isoweekday() % 7),
    "getHours": _of_time(lambda t: t.hour, _units_of(3600)), "getMinutes": _of_time(lambda t: t.minute, _units_of(60)),
    "getSeconds": _of_time(lambda t: t.second, _units_of(1)),
    "getMilliseconds": _of_time(lambda t: t.microsecond // 1000, _units_of(0.001)),
    "charAt": _char_at, "indexOf": _index_of, "lastIndexOf": _last_index_of,
    "lowerAscii": lambda a: a.translate(_LOWER), "upperAscii": lambda a: a.translate(_UPPER),
    "replace": lambda a, old, new, most=-1: a.replace(old, new, most), "split": _split, "substring": _substring,
    "trim": lambda a: a.strip(), "format": text.formatted, "join": _join, "find": _find, "findAll": _find_all,
    "isSorted": lambda a: all(order(x) <= order(y) for x, y in itertools.pairwise(a)), "sum": _sum,
    "min": _extreme(min), "max": _extreme(max), "slice": _slice, "distinct": _distinct, "reverse": lambda a: a[::-1],
    "sort": lambda a: sorted(a, key=order), "first": lambda a: Maybe(a[0]) if a else Maybe(),
    "unwrapOpt": lambda a: [v.value for v in a if v.there],
    "includes": lambda a, b: _in(b, a) if a.__class__ is list else equal(a, b),
    "last": lambda a: Maybe(a[-1]) if a else Maybe(), "flatten": _flatten,
    "isGreaterThan": lambda a, b: a > b, "isLessThan": lambda a, b: a < b,
    "compareTo": _compare, "asApproximateFloat": lambda a: a.milli() / 1000, "asInteger": _as_integer,
    "isInteger": _whole, "add": lambda a, b: a + _as_quantity(b), "sub": lambda a, b: a - _as_quantity(b),
    "family": lambda a: a.version, "isUnspecified": lambda a: a.is_unspecified, "isLoopback": lambda a: a.is_loopback,
    "isLinkLocalMulticast": lambda a: a.is_multicast and a in ipaddress.ip_network("224.0.0.0/24" if a.version == 4 else "ff02::/16"),
    "isLinkLocalUnicast": lambda a: a.is_link_local,
    "isGlobalUnicast": lambda a: not (
        a.is_unspecified or a.is_loopback or a.is_multicast or a.is_link_local or str(a) == "255.255.255.255"
    ),
    "containsIP": _contains_ip, "containsCIDR": _contains_cidr, "ip": lambda a: a.ip,
    "prefixLength": lambda a: a.network.prefixlen, "masked": lambda a: ipaddress.ip_interface(str(a.network)),
    "getScheme": lambda a: a.scheme, "getHost": lambda a: a.host, "getHostname": lambda a: a.hostname,
    "getPort": lambda a: a.port, "getEscapedPath": lambda a: a.escaped_path, "getQuery": lambda a: a.parameters(), "major": lambda a: a[0], "minor": lambda a: a[1],
    "patch": lambda a: a[2], "validate": _validate,
}  # fmt: skip


_CHECKS = (
    "path", "group", "serviceAccount", "resource", "subresource", "namespace", "name", "fieldSelector", "labelSelector",
    "check",
)  # fmt: skip
METHODS |= dict.fromkeys(_CHECKS, Authority.same)
METHODS |= {
    "allowed": lambda a: True, "reason": lambda a: "", "errored": lambda a: False, "error": lambda a: "",
}  # fmt: skip


def _value(a: Maybe) -> Value:
    if not a.there:
        raise CelError("the optional value is not there")
    return a.value


METHODS["value"] = _value
