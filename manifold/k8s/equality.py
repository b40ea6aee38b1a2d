"""When the API server takes two values for the same: apimachinery's `equality.Semantic`.

Nothing, an empty list and an empty map are one; quantities are compared by value.
"""

from __future__ import annotations

from typing import Any

from manifold.k8s.pods import amount

_AMOUNTS = frozenset(("limits", "requests", "overhead", "capacity", "allocatable", "hard", "allocatedResources"))
_AMOUNT = frozenset(("sizeLimit", "divisor"))


def same(one: Any, other: Any) -> bool:
    """Whether two values (of the same field) are the same to the server."""
    if one is other or one == other:
        return True
    if one.__class__ is dict and other.__class__ is dict:
        for key in one.keys() | other.keys():
            a, b = one.get(key), other.get(key)
            if a == b or (not a and not b and _empty(a) and _empty(b)):
                continue
            if key in _AMOUNTS and a.__class__ is dict and b.__class__ is dict:
                if a.keys() != b.keys() or any(not _amounts(a[name], b[name]) for name in a):
                    return False
            elif key in _AMOUNT:
                if not _amounts(a or "0", b or "0"):
                    return False
            elif not same(a, b):
                return False
        return True
    if one.__class__ is list and other.__class__ is list:
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return _empty(one) and _empty(other)


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}


def _amounts(a: Any, b: Any) -> bool:
    try:
        return amount(a) == amount(b)
    except (ValueError, TypeError):
        return bool(a == b)
