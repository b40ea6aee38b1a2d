"""What the API server blames: a path, a reason and a sentence, gathered while an object is looked at.

The methods of `Faults` mirror Kubernetes' `field.Error` constructors (k8s.io/apimachinery/pkg/util/validation/field):
each reason is the `type` of the server's `details.causes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from manifold.model import Path

REQUIRED = "FieldValueRequired"
INVALID = "FieldValueInvalid"
NOT_SUPPORTED = "FieldValueNotSupported"
DUPLICATE = "FieldValueDuplicate"
FORBIDDEN = "FieldValueForbidden"
TOO_LONG = "FieldValueTooLong"
TOO_MANY = "FieldValueTooMany"
TYPE_INVALID = "FieldValueTypeInvalid"
NOT_FOUND = "FieldValueNotFound"
INTERNAL = "InternalError"
# Reasons of our own, where the server answers without causes.
UNKNOWN_FIELD = "UnknownField"
TYPE = "TypeMismatch"

# reason -> rule id of the diagnostic
RULES = {
    REQUIRED: "api/required",
    INVALID: "api/invalid",
    NOT_SUPPORTED: "api/not-supported",
    DUPLICATE: "api/duplicate",
    FORBIDDEN: "api/forbidden",
    TOO_LONG: "api/too-long",
    TOO_MANY: "api/too-many",
    TYPE_INVALID: "api/type-invalid",
    NOT_FOUND: "api/not-found",
    INTERNAL: "api/internal",
    UNKNOWN_FIELD: "api/unknown-field",
    TYPE: "api/type",
}


def not_among(value: object, allowed: Iterable[object]) -> str:
    """What is said of a value that is none of the allowed ones, or is missing."""
    names = [str(a) for a in allowed if a != ""]
    if value is None or value == "":
        return f"must be set to {names[0]}" if len(names) == 1 else f"must be set to one of: {', '.join(names)}"
    return f"{value!r} must be {names[0]}" if len(names) == 1 else f"{value!r} is not one of: {', '.join(names)}"


class Fault(NamedTuple):
    """One cause. `path` is what the server blames; `at` where the text is to be pointed at, if elsewhere."""

    path: Path
    reason: str
    message: str
    help: str = ""
    rule: str = ""
    warning: bool = False
    at: Path | None = None
    whole: str | None = None
    """The server's spelling of the path where `spell(path)` would not give it, e.g. `<nil>`."""
    later: bool = False
    """Whether the server says it only once the faults before are mended: it stops at what it cannot decode."""
    meant: str = ""
    """Of an unknown field: the one that was surely meant; empty where none comes near."""


class Faults(list[Fault]):
    """The causes found so far, in order. Falsy when there are none (warnings count)."""

    def add(
        self, reason: str, path: Path, message: str, help: str = "", *, rule: str = "", at: Path | None = None
    ) -> None:
        self.append(Fault(path, reason, message, help, rule or RULES.get(reason, "api/invalid"), False, at))

    def required(self, path: Path, message: str = "", help: str = "") -> None:
        self.add(REQUIRED, path, message or "this field must be set", help)

    def invalid(self, path: Path, message: str, help: str = "") -> None:
        self.add(INVALID, path, message, help)

    def not_supported(self, path: Path, value: object, allowed: Iterable[object], help: str = "") -> None:
        self.add(NOT_SUPPORTED, path, not_among(value, sorted(allowed, key=str)), help)

    def duplicate(self, path: Path, value: object, help: str = "") -> None:
        self.add(DUPLICATE, path, f"{value!r} occurs more than once", help)

    def forbidden(self, path: Path, message: str, help: str = "") -> None:
        self.add(FORBIDDEN, path, message, help)

    def too_long(self, path: Path, limit: int, unit: str = "bytes") -> None:
        self.add(TOO_LONG, path, f"longer than {limit} {unit}")

    def too_many(self, path: Path, count: int, limit: int) -> None:
        self.add(TOO_MANY, path, f"{count} items, at most {limit} are allowed")

    def type_invalid(self, path: Path, message: str) -> None:
        self.add(TYPE_INVALID, path, message)

    def not_found(self, path: Path, message: str) -> None:
        self.add(NOT_FOUND, path, message)

    def internal(self, path: Path, message: str) -> None:
        self.add(INTERNAL, path, message)

    def warn(self, path: Path, message: str, *, rule: str = "api/warning", help: str = "") -> None:
        """A Warning header of the server."""
        self.append(Fault(path, "", message, help, rule, True))

    @property
    def refused(self) -> bool:
        """True when a fault is no mere warning: the server refuses."""
        for f in self:  # noqa: SIM110 - asked of each object thrice, of an empty list mostly
            if not f.warning:
                return True
        return False
