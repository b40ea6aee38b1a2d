"""What go-yaml makes of a plain scalar: YAML 1.1 as kubectl reads it, not as PyYAML or YAML 1.2 do.

Source: `resolve` of go.yaml.in/yaml/v2 and the conversion to JSON in sigs.k8s.io/yaml, confirmed by asking kubectl 1.37.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Any

from manifold.patterns import late

_MAP: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
for _word in ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"):
    _MAP[_word] = True
for _word in ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"):
    _MAP[_word] = False
for _word in (".nan", ".NaN", ".NAN"):
    _MAP[_word] = math.nan
for _word in (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"):
    _MAP[_word] = math.inf
for _word in ("-.inf", "-.Inf", "-.INF"):
    _MAP[_word] = -math.inf

# The first characters for which go-yaml looks further; any other makes a string.
HINTS = frozenset("+-0123456789yYnNtTfFoO~.<")
_FLOAT = late(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER = late(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)
_LOOSE = late(r"(?<![0-9])_|_(?![0-9])", re.ASCII)
INT64, UINT64 = 2**63, 2**64


def plain(text: str) -> Any:
    """The value of a plain scalar: None, bool, int, float or str (`nan` and `inf` floats included)."""
    if not text:
        return None
    if text[0] not in HINTS and text != "null" and text != "Null" and text != "NULL":
        return text
    if text in _MAP:
        return _MAP[text]
    first = text[0]
    if first == "." or first in "+-0123456789":
        return number(text)
    return text


def number(text: str) -> Any:
    """The number that a text is to go-yaml, or the text itself."""
    # After a point go-yaml asks strconv.ParseFloat at once, which wants a digit on either side of an underscore.
    bare = text.replace("_", "") if text[0] != "." or not _LOOSE.search(text) else text
    match = _INTEGER.fullmatch(bare)
    if match:
        value = _integer(match.group(2))
        value = -value if match.group(1) == "-" else value
        if -INT64 <= value < INT64 or (match.group(1) == "" and value < UINT64):
            return value
    if _FLOAT.fullmatch(bare):
        try:
            value_float = float(bare)
        except ValueError:
            return text
        return text if math.isinf(value_float) else value_float
    return text


def _integer(digits: str) -> int:
    prefix = digits[:2].lower()
    if prefix == "0x":
        return int(digits[2:], 16)
    if prefix == "0b":
        return int(digits[2:], 2)
    if prefix == "0o":
        return int(digits[2:], 8)
    if digits[0] == "0" and len(digits) > 1:
        return int(digits, 8)
    return int(digits) if len(digits) <= 20 else UINT64  # too large in any case, and Python makes no ints of thousands


def as_json(value: Any) -> Any:
    """A number as it arrives after its way through JSON: floats without a fraction are integers, large ones rounded.

    Go writes a float below 1e21 with the fewest digits that tell it apart, and zeros: 2^63 becomes 9223372036854776000.
    """
    if value.__class__ is int and not -INT64 <= value < INT64:
        value = float(value)
    if value.__class__ is float and value.is_integer() and abs(value) < 1e21:
        if abs(value) < 2**53:
            return int(value)
        from decimal import Decimal  # seldom asked, and as large as all else here

        return int(Decimal(repr(value)))
    return value


def key(value: Any) -> str | None:
    """A scalar as the key of a JSON object, None where it cannot be one."""
    if value.__class__ is str:
        return str(value)
    if value.__class__ is bool:
        return "true" if value else "false"
    if value.__class__ is int:
        return str(value) if -INT64 <= value < INT64 else None
    if value.__class__ is float:
        return _float_key(value)
    return None


def _float_key(value: float) -> str:
    """Go's strconv.FormatFloat(value, 'g', -1, 32), with YAML's words for what is no number (sigs.k8s.io/yaml)."""
    if math.isnan(value):
        return ".nan"
    single = _single(value)
    if math.isinf(single):
        return ".inf" if value > 0 else "-.inf"
    for digits in range(1, 10):
        text = f"{single:.{digits - 1}e}"
        if _single(float(text)) == single:
            break
    mantissa, _, exponent = text.partition("e")
    power = int(exponent)
    if power < -4 or power >= 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{float(text):.{max(0, len(mantissa.replace('-', '').replace('.', '')) - 1 - power)}f}"


def _single(value: float) -> float:
    """The nearest 32-bit float."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf if value > 0 else -math.inf
