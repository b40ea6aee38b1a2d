"""Amounts of resources as Kubernetes writes them: `250m`, `1.5Gi`, `12e6`.

Follows k8s.io/apimachinery v0.37.2 pkg/api/resource: what parses, how it is rounded (away from zero, to nanos), and the
canonical form in which the API server stores it. Values are exact; `12e400` is a number like any other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from manifold.patterns import late

DECIMAL_SI: Final = "DecimalSI"
BINARY_SI: Final = "BinarySI"
DECIMAL_EXPONENT: Final = "DecimalExponent"

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: name for name, exponent in _DECIMAL.items()}
_BINARY_NAMES = {exponent: name for name, exponent in _BINARY.items()} | {0: ""}
_SHAPE = late(r"([+-]?)0*([0-9]*)((?:\.[0-9]*)?)([eEinumkKMGTP]*[-+]?[0-9]*)")
_EXPONENT = late(r"[eE][-+]?[0-9]+")

_MOST = (1 << 63) - 1
# Beyond this power of ten amounts are told apart no more: nothing has them, and texts such as 1e999999999 stay cheap.
_LARGEST = 1000


class Quantity:
    """An exact amount with the format that it is written in; immutable, ordered, hashable by its value."""

    __slots__ = ("_text", "format", "nanos")

    def __init__(self, nanos: int, format: str = DECIMAL_SI, text: str | None = None) -> None:
        self.nanos = nanos
        """The amount in billionths."""
        self.format = format
        self._text = text

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        return (self.nanos > 0) - (self.nanos < 0)

    def value(self) -> int:
        """The amount in whole units, rounded away from zero."""
        return _away(self.nanos, 1_000_000_000)

    def milli(self) -> int:
        """The amount in thousandths, rounded away from zero."""
        return _away(self.nanos, 1_000_000)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: Quantity) -> bool:
        return self.nanos <= other.nanos

    def __gt__(self, other: Quantity) -> bool:
        return self.nanos > other.nanos

    def __ge__(self, other: Quantity) -> bool:
        return self.nanos >= other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos + other.nanos, self.format if self.nanos else other.format)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos, self.format if self.nanos else other.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.format)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __str__(self) -> str:
        """The canonical form: the API server's spelling of this amount."""
        if self._text is None:
            self._text = _spelled(self.nanos, self.format)
        return self._text


def _away(nanos: int, unit: int) -> int:
    return -(-nanos // unit) if nanos > 0 else nanos // unit


def _spelled(nanos: int, format: str) -> str:
    if not nanos:
        return "0"
    if format == BINARY_SI and abs(nanos) >= 1024 * 10**9 and nanos % 10**9 == 0:
        amount, power = nanos // 10**9, 0
        while amount % 1024 == 0:
            amount //= 1024
            power += 10
        return f"{amount}{_BINARY_NAMES.get(power, '')}"
    exponent = -9
    while nanos % 1000 == 0:
        nanos //= 1000
        exponent += 3
    if format == DECIMAL_EXPONENT:
        return f"{nanos}e{exponent}" if exponent else str(nanos)
    return f"{nanos}{_DECIMAL_NAMES.get(exponent, '')}"


ZERO: Final = Quantity(0, DECIMAL_SI, "0")


@lru_cache(maxsize=16384)
def parse(text: str) -> Quantity:
    """The amount that `text` writes.

    Raises ValueError for what is no quantity.
    """
    found = _SHAPE.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"{text!r} is no quantity: a number with a suffix such as m, k, M, Ki, Mi or Gi")
    minus, digits, point, suffix = found.groups()
    fraction = point[1:]
    whole = digits or "0"
    if suffix in _DECIMAL:
        format, exponent, shift = DECIMAL_SI, _DECIMAL[suffix], 0
    elif suffix in _BINARY:
        format, exponent, shift = BINARY_SI, 0, _BINARY[suffix]
    elif _EXPONENT.fullmatch(suffix) and -_MOST - 1 <= int(suffix[1:] if len(suffix) < 40 else _MOST + 1) <= _MOST:
        format, shift = DECIMAL_EXPONENT, 0
        exponent = (int(suffix[1:]) + (1 << 31)) % (1 << 32) - (1 << 31)  # the server keeps 32 bits
    else:
        raise ValueError(f"{text!r} is no quantity: there is no suffix {suffix!r}")

    # The server keeps the spelling of numbers that it can hold as an int64 with a scale and that look canonical to it.
    shifted = whole + fraction
    if format == BINARY_SI:
        fits = not point[1:] and 14 - len(whole) - shift * 3 // 10 >= 0
        value = int(whole) if fits else 0
        fits = fits and value << shift <= _MOST
        kept = fits and bool(value & 7)
    else:
        scale = exponent - len(fraction)
        fits = len(shifted) <= 18 and scale >= -9
        kept = fits and scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
    if not fits and text[0] not in "0123456789" and not (digits or fraction or "0" in text.partition(suffix)[0]):
        raise ValueError(f"{text!r} is no quantity: it has no digits")

    nanos = _nanos(shifted, exponent - len(fraction) + 9)
    if shift:
        nanos = _shifted(shifted, len(fraction), shift)
        if not fits:
            nanos = min(nanos, _MOST * 10**9)
            if 0 < nanos < 10**9:
                format = DECIMAL_SI
    if minus == "-":
        nanos = -nanos
    if kept:
        return Quantity(nanos, format, text)
    if exponent > _LARGEST and nanos:
        return Quantity(nanos, format, _huge(minus, shifted, exponent - len(fraction), format))
    return Quantity(nanos, format)


def _nanos(digits: str, power: int) -> int:
    """`digits` times ten to the `power`, what is left of the point rounded up."""
    amount = _integer(digits)
    if not amount:
        return 0
    if power >= 0:
        return amount * _ten(power)
    if -power > len(digits):
        return 1
    return -(-amount // _ten(-power))


def _shifted(digits: str, places: int, shift: int) -> int:
    amount = (_integer(digits) << shift) * 10**9
    return -(-amount // _ten(places))


def _integer(digits: str) -> int:
    # int() refuses texts of more than 4,300 digits; quantities of that length are cut to what is told apart.
    return int(digits) if len(digits) <= 4000 else int(digits[:4000]) * _ten(len(digits) - 4000)


def _ten(power: int) -> int:
    return int(10 ** min(power, _LARGEST))


def _huge(minus: str, digits: str, exponent: int, format: str) -> str:
    bare = digits.lstrip("0").rstrip("0")
    exponent += len(digits.lstrip("0")) - len(bare)
    while exponent % 3:
        bare += "0"
        exponent -= 1
    sign = "-" if minus == "-" else ""
    return f"{sign}{bare}e{exponent}" if format == DECIMAL_EXPONENT else f"{sign}{bare}"
