"""The CEL rules of structural schemas: the types that a schema gives, and values as the rules see them.

Source: k8s.io/apiserver v0.37.2 pkg/cel/common/schemas.go, values.go and pkg/cel/escaping.go.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.cel.check import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    T,
    list_of,
    map_of,
)
from manifold.k8s.cel.functions import FUNCTIONS
from manifold.k8s.cel.syntax import CelError, Node

Schema = Mapping[str, Any]

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip
_SPECIAL = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIALS = re.compile(r"__|[./-]")
_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_FORMATS = {"byte": BYTES, "duration": DURATION, "date": TIMESTAMP, "date-time": TIMESTAMP}
_META = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object", "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}}},
}


def escape(name: str) -> str | None:
    """The name by which rules call a property; None where they cannot."""
    if name in _RESERVED:
        return f"__{name}__"
    if not name or name[0] in "0123456789":
        return None
    found = _SPECIALS.sub(lambda m: _SPECIAL[m[0]], name)
    return found if _PLAIN.fullmatch(found) else None


def with_meta(schema: Schema) -> Schema:
    """The schema of a whole object: with its apiVersion, its kind, and of its metadata the names."""
    return {**schema, "properties": {**(schema.get("properties") or {}), **_META}}


def type_of(schema: Schema, name: str = "object", *, root: bool = False) -> T | None:
    """The type of values of a schema; None where rules cannot speak of them."""
    if schema.get("x-kubernetes-int-or-string"):
        return DYN
    if root:
        schema = with_meta(schema)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, name)
    if kind == "array":
        items = schema.get("items")
        if not isinstance(items, Mapping):
            return None
        item = type_of(items, f"{name}.@items", root=bool(items.get("x-kubernetes-embedded-resource")))
        return list_of(item) if item is not None else None
    if kind == "string":
        return _FORMATS.get(schema.get("format") or "", STRING)
    return {"boolean": BOOL, "number": DOUBLE, "integer": INT}.get(kind or "")


def _object(schema: Schema, name: str) -> T | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        value = type_of(extra, f"{name}.@values", root=bool(extra.get("x-kubernetes-embedded-resource")))
        return map_of(STRING, value) if value is not None else None
    fields = {}
    for key, inner in (schema.get("properties") or {}).items():
        called = escape(key)
        if called is None or not isinstance(inner, Mapping):
            continue
        found = type_of(inner, f"{name}.{called}", root=bool(inner.get("x-kubernetes-embedded-resource")))
        if found is not None:
            fields[called] = found
    return T(name, fields=fields)


def names_in(node: Node) -> Iterator[str]:
    """The variables that an expression speaks of."""
    if node.op == "name":
        yield str(node.value)
    if node.target is not None:
        yield from names_in(node.target)
    for arg in node.args:
        yield from names_in(arg)


def value_of(value: Any, schema: Schema, *, root: bool = False) -> Any:
    """A JSON value as rules see it: properties under their escaped names, formats as CEL's own types.

    Raises CelError for a text that is not what its format says.
    """
    if root:
        schema = with_meta(schema)
    if value.__class__ is dict:
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping):
            return {k: _inner(v, extra) for k, v in value.items()}
        out = {}
        properties = schema.get("properties") or {}
        for name, inner in value.items():
            known, called = properties.get(name), escape(name)
            if called is not None and isinstance(known, Mapping):
                out[called] = _inner(inner, known)
        return out
    if value.__class__ is list:
        items = schema.get("items")
        return [_inner(v, items) for v in value] if isinstance(items, Mapping) else value
    if value.__class__ is str and schema.get("format"):
        return _formatted(value, schema)
    if schema.get("type") == "number" and value.__class__ is int:
        return float(value)
    if schema.get("type") == "integer" and value.__class__ is float:
        return int(value)
    return value


def _inner(value: Any, schema: Schema) -> Any:
    return value_of(value, schema, root=bool(schema.get("x-kubernetes-embedded-resource")))


def _formatted(value: str, schema: Schema) -> Any:
    kind = schema["format"]
    if schema.get("type") != "string" or kind not in _FORMATS:
        return value
    try:
        if kind == "byte":
            return base64.b64decode(value, validate=True)
        if kind == "duration":
            return FUNCTIONS["duration"](value)
        return FUNCTIONS["timestamp"](f"{value}T00:00:00Z" if kind == "date" else value)
    except (ValueError, binascii.Error) as error:
        raise CelError(f"{value[:40]!r} is no {kind}: {error}") from None
