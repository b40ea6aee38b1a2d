"""The formats of texts in OpenAPI schemas, as the API server tests them.

Source: k8s.io/kube-openapi pkg/validation/strfmt and pkg/internal/third_party/govalidator.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date, timedelta
from unicodedata import category

from manifold.k8s import formats, urls
from manifold.patterns import late

_TIME = late(r"(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)", re.ASCII)
_GO_DURATION = late(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_BASE64 = late(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_CARD = late(
    r"4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11}",
    re.ASCII,
)
_BYTE = r"(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])"
_MAC = late(
    r"(?i)[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?::[0-9a-f]{2}){7}|(?::[0-9a-f]{2}){19}"
    r"|(?:-[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){7}|(?:-[0-9a-f]{2}){19}"
    r"|[0-9a-f]{2}(?:(?:\.[0-9a-f]{4}){2}|(?:\.[0-9a-f]{4}){3}|(?:\.[0-9a-f]{4}){9}))",
    re.ASCII,
)


def _pattern(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _date(value: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return False
    try:
        # Go knows the year 0, a leap year; Python does not.
        date(int(value[:4]) or 4, int(value[5:7]), int(value[8:]))
    except ValueError:
        return False
    return True


def _date_time(value: str) -> bool:
    day, mark, time = value.lower().partition("t")
    match = _TIME.fullmatch(time.partition("t")[0])
    return bool(mark and match and _date(day) and match[1] <= "23" and match[2] <= "59" and match[3] <= "59")


_UNITS = (
    (1, ("ns", "nano")),
    (1_000, ("us", "µs", "micro")),
    (1_000_000, ("ms", "milli")),
    (1_000_000_000, ("s", "sec")),
    (60_000_000_000, ("m", "min")),
    (3_600_000_000_000, ("h", "hr", "hour")),
    (86_400_000_000_000, ("d", "day")),
    (604_800_000_000_000, ("w", "wk", "week")),
)
"""Nanoseconds, and what they are called; what begins with the last name counts as well (`hours`)."""
_GO_PART = late(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_PART = late(r"([0-9]+)[\t\n\f\r ]*([A-Za-zµ]+)")


def parse_duration(value: str) -> timedelta:
    """The duration that a text of that format names: `1h30m`, but also `2 days`, whatever stands between.

    Raises ValueError for a text in which no duration is found.
    """
    if _GO_DURATION.fullmatch(value):
        sign = -1 if value.startswith("-") else 1
        return sign * timedelta(microseconds=sum(float(n) * _nanoseconds(u) / 1000 for n, u in _GO_PART.findall(value)))
    total, found = 0, False
    for number, unit in _PART.findall(value):
        for nanoseconds, names in _UNITS:
            for name in names:
                if unit.lower() == name or (name == names[-1] and unit.lower().startswith(name)):
                    total, found = total + int(number) * nanoseconds, True
    if not found:
        raise ValueError("it names no number of units of time")
    return timedelta(microseconds=total / 1000)


def _nanoseconds(unit: str) -> int:
    return next(n for n, names in _UNITS if unit.replace("μ", "µ") in names)


def _duration(value: str) -> bool:
    try:
        parse_duration(value)
    except (ValueError, OverflowError):
        return False
    return True


def _of_name(character: str) -> bool:
    return character in "0123456789" or category(character)[0] in "LS"


def _label(text: str) -> bool:
    """Letters, digits, symbols, and hyphens between them: at most 63 characters."""
    return (
        0 < len(text) <= 63
        and _of_name(text[0])
        and _of_name(text[-1])
        and all(c == "-" or _of_name(c) for c in text[1:-1])
    )


def _hostname(value: str) -> bool:
    # The server's pattern, taken apart at the dots: as a whole it exhausts the memory of RE2's automaton.
    if formats.size(value) > 255 or any(formats.size(part) > 63 for part in value.split(".")):
        return False
    *labels, last = value.split(".")
    if labels:
        return all(map(_label, labels)) and 2 <= len(last) <= 63 and all(category(c)[0] == "L" for c in last)
    rest = last[2:] if last[1:2] == "-" else last[1:]
    return last != "" and _of_name(last[0]) and len(rest) <= 62 and all(map(_of_name, rest))


def _uri(value: str) -> bool:
    try:
        urls.parse(value)
    except ValueError:
        return False
    return True


_ATOM = r"[^@\s\"(),:;<>\[\]\\.]+"
_ADDRESS = rf"(?:\"(?:[^\"\\\n]|\\.)*\"|{_ATOM}(?:\.{_ATOM})*)@(?:\[[^\]\s]*\]|{_ATOM}(?:\.{_ATOM})*)"
_EMAIL = late(rf"\s*(?:{_ADDRESS}|(?:[^<>@,\n]*?\s*)<{_ADDRESS}>)\s*")


def _email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def _credit_card(value: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", value)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _isbn10(value: str) -> bool:
    text = re.sub(r"[\s-]+", "", value)
    if not re.fullmatch(r"[0-9]{9}[0-9X]", text):
        return False
    return sum((i + 1) * (10 if c == "X" else int(c)) for i, c in enumerate(text)) % 11 == 0


def _isbn13(value: str) -> bool:
    text = re.sub(r"[\s-]+", "", value)
    if not re.fullmatch(r"[0-9]{13}", text):
        return False
    total = sum((3 if i % 2 else 1) * int(c) for i, c in enumerate(text[:12]))
    return int(text[12]) == (10 - total % 10) % 10


def _ssn(value: str) -> bool:
    return len(value) == 11 and re.fullmatch(r"\d{3}[- ]?\d{2}[- ]?\d{4}", value, re.ASCII) is not None


def _byte(value: str) -> bool:
    if not _BASE64.fullmatch(value):
        return False
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return False
    return True


def _uuid(version: str, variant: str) -> Callable[[str], bool]:
    return _pattern(
        rf"(?i)[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{version}[0-9a-f]{{3}}-?{variant}[0-9a-f]{{3}}-?[0-9a-f]{{12}}"
    )


FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _pattern("[0-9a-fA-F]{24}"),
    "uri": _uri,
    "email": _email,
    "hostname": _hostname,
    "ipv4": lambda v: not formats.ip(v) and ":" not in v,
    "ipv6": lambda v: not formats.ip(v) and ":" in v,
    "cidr": lambda v: not formats.cidr(v),
    "mac": lambda v: _MAC.fullmatch(v) is not None,
    "uuid": _uuid("[0-9a-f]", "[0-9a-f]"),
    "uuid3": _uuid("3", "[0-9a-f]"),
    "uuid4": _uuid("4", "[89ab]"),
    "uuid5": _uuid("5", "[89ab]"),
    "isbn": lambda v: _isbn10(v) or _isbn13(v),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": _credit_card,
    "ssn": _ssn,
    "hexcolor": _pattern("#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _pattern(rf"rgb\(\s*{_BYTE}\s*,\s*{_BYTE}\s*,\s*{_BYTE}\s*\)"),
    "byte": _byte,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "k8sshortname": lambda v: not formats.dns_label(v),
    "k8slongname": lambda v: not formats.dns_subdomain(v),
}
"""Format -> whether a text is one; the names are written without hyphens, which the server ignores."""


def known(name: str) -> Callable[[str], bool] | None:
    """The test of a format; None for one that the server does not know, which it ignores."""
    return FORMATS.get(name.replace("-", ""))
