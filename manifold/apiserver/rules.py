"""The CEL rules of structural schemas: the types that a schema gives, values as the rules see them, and what rules say.

Source: k8s.io/apiserver v0.37.2 pkg/cel/common/schemas.go, values.go and pkg/cel/escaping.go;
k8s.io/apiextensions-apiserver v0.37.2 pkg/apiserver/schema/cel/validation.go.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from manifold.apiserver.faults import INVALID, RULES, Fault, Faults
from manifold.k8s import strfmt
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
from manifold.k8s.cel.cost import REQUEST
from manifold.k8s.cel.evaluate import STEPS, Program, program
from manifold.k8s.cel.functions import FUNCTIONS, Maybe
from manifold.k8s.cel.syntax import Broken, CelError, Node
from manifold.model import MapKey, Path

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
# format -> the fewest and the most bytes that JSON takes for it
_SPANS = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
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
    """The type of values of a schema; None where rules cannot speak of them.

    Each type says how many elements there may be (`most`) and how many bytes it takes at least (`fewest`), for the
    estimate of costs.
    """
    if schema.get("x-kubernetes-int-or-string"):
        return replace(DYN, most=_longest(schema), fewest=1)
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
        if item is None:
            return None
        most = schema.get("maxItems")
        return replace(
            list_of(item), most=(REQUEST - 2) // (item.fewest + 1) if most is None else max(0, most), fewest=2
        )
    if kind == "string":
        return _string(schema)
    found = {"boolean": (BOOL, 4), "number": (DOUBLE, 1), "integer": (INT, 1)}.get(kind or "")
    return replace(found[0], most=0, fewest=found[1]) if found is not None else None


def _longest(schema: Schema) -> int:
    """How many bytes a text may have: the schema counts characters, of up to four bytes each."""
    most = schema.get("maxLength")
    return REQUEST - 2 if most is None else max(0, most) * 4


def _string(schema: Schema) -> T:
    kind = schema.get("format") or ""
    if kind in _SPANS:
        fewest, most = _SPANS[kind]
        return replace(_FORMATS[kind], most=most, fewest=fewest)
    longest = schema.get("maxLength")
    if kind == "byte":
        return replace(BYTES, most=REQUEST - 2 if longest is None else max(0, longest), fewest=2)
    values = schema.get("enum")
    if longest is None and values:
        return replace(STRING, most=max((len(v.encode()) for v in values if isinstance(v, str)), default=0), fewest=2)
    return replace(STRING, most=_longest(schema), fewest=2)


def _object(schema: Schema, name: str) -> T | None:
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        value = type_of(extra, f"{name}.@values", root=bool(extra.get("x-kubernetes-embedded-resource")))
        if value is None:
            return None
        most = schema.get("maxProperties")
        entries = (REQUEST - 2) // (value.fewest + 6) if most is None else max(0, most)
        return replace(map_of(STRING, value), most=entries, fewest=2)
    fields = {}
    fewest = 2
    required = schema.get("required") or ()
    for key, inner in (schema.get("properties") or {}).items():
        if not isinstance(inner, Mapping):
            continue
        called = escape(key)
        found = type_of(inner, f"{name}.{called or key}", root=bool(inner.get("x-kubernetes-embedded-resource")))
        if found is None:
            continue
        if called is not None:
            fields[called] = found
        if key in required and inner.get("default") is None:
            fewest += len(key.encode()) + found.fewest + 4
    return T(name, fields=fields, most=0, fewest=fewest)


def names_in(node: Node) -> Iterator[str]:
    """The variables that an expression speaks of."""
    stack = [node]
    while stack:
        found = stack.pop()
        if found.op == "name":
            yield str(found.value)
        if found.target is not None:
            stack.append(found.target)
        stack += found.args


def value_of(value: Any, schema: Schema, *, root: bool = False) -> Any:
    """A JSON value as rules see it: properties under their escaped names, formats as CEL's own types.

    A text that is not what its format says becomes a `Broken` one, which fails the rules that ask for it.
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
            return strfmt.parse_duration(value)
        if kind == "date-time" and value[10:11] != "T":
            raise ValueError("a T must stand before the time")
        return FUNCTIONS["timestamp"](f"{value}T00:00:00Z" if kind == "date" else value)
    except (ValueError, OverflowError, binascii.Error) as error:
        return Broken(f"{value[:40]!r} is no {kind}: {error}")


_STEP = re.compile(r"\.(?P<plain>[^.\[\]]+)|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]", re.DOTALL)


def steps(path: str, *, brackets: bool = True) -> list[str] | None:
    """The names along a path such as `.spec.names['my.key']`; None where it is none."""
    found, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or (step["quoted"] is not None and not brackets):
            return None
        found.append(re.sub(r"\\(.)", r"\1", step["quoted"]) if step["plain"] is None else step["plain"])
        at = step.end()
    return found


def field_at(path: str, schema: Schema, *, brackets: bool = True) -> tuple[Path, Schema] | None:
    """The field that a path leads to, and its schema; None where it leads nowhere."""
    names = steps(path, brackets=brackets)
    if names is None:
        return None
    place: Path = ()
    for name in names:
        properties, extra = schema.get("properties"), schema.get("additionalProperties")
        if properties:
            if name not in properties:
                return None
            place, schema = (*place, name), properties[name]
        elif isinstance(extra, Mapping):
            place, schema = (*place, MapKey(name)), extra
        else:
            return None
    return place, schema


def correlated(item: Any, items: Any, schema: Schema) -> Any:
    """The item of a stored list that `item` stands in place of: the one of its keys in a list that is a map, else None."""
    if schema.get("x-kubernetes-list-type") != "map" or items.__class__ is not list or item.__class__ is not dict:
        return None
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    wanted = [item.get(k) for k in keys]
    for old in items:
        if old.__class__ is dict and [old.get(k) for k in keys] == wanted:
            return old
    return None


def inner(part: str | int, new: Any, old: Any, schema: Schema) -> tuple[Any, Any, Schema] | None:
    """The value within `new`, the one in `old` that it stands in place of, and their schema; None where none can be told.

    Source: k8s.io/apiserver v0.37.2 pkg/cel/common/equality.go (CorrelatedObject).
    """
    if new.__class__ is dict and old.__class__ is dict:
        if part not in new or part not in old:
            return None
        known = (schema.get("properties") or {}).get(part) or schema.get("additionalProperties")
        return (new[part], old[part], known) if isinstance(known, Mapping) else None
    if new.__class__ is list and part.__class__ is int and part < len(new):
        before = correlated(new[part], old, schema)
        items = schema.get("items")
        return (new[part], before, items) if before is not None and isinstance(items, Mapping) else None
    return None


def unchanged(new: Any, old: Any, schema: Schema) -> bool:
    """Whether a value is as it was: lists with keys in any order, and only as far as the schema knows it."""
    if new.__class__ is not old.__class__:
        return False
    if new.__class__ is dict or (new.__class__ is list and schema.get("x-kubernetes-list-type") == "map"):
        if len(new) != len(old):
            return False
        for part in new if new.__class__ is dict else range(len(new)):
            found = inner(part, new, old, schema)
            if found is None or not unchanged(*found):
                return False
        return True
    return bool(new == old)


def has_rules(schema: Any) -> bool:
    """Whether there are rules anywhere in a schema."""
    stack = [schema]
    while stack:
        found = stack.pop()
        if found is None or not isinstance(found, (dict, Mapping)) or _LEADING.isdisjoint(found):
            continue
        if found.get("x-kubernetes-validations"):
            return True
        stack += (found.get("items"), found.get("additionalProperties"))
        stack += (found.get("properties") or {}).values()
    return False


_LEADING = frozenset(("x-kubernetes-validations", "items", "additionalProperties", "properties"))


MOST = 10 * STEPS
"""The steps that all rules of one object may take together; the server's budget, too, is ten times that of a rule."""


class Budget:
    """The steps that are left to the rules of one object."""

    def __init__(self, steps: int | None = None) -> None:
        self.left = MOST if steps is None else steps

    def run(self, expression: Program, names: Mapping[str, Any]) -> Any:
        """The expression's value; raises CelError, also where nothing is left."""
        if self.left <= 0:
            raise CelError("the rules of this object take too many steps")
        try:
            value, taken = expression.count(names, min(STEPS, self.left))
        except CelError as error:
            self.left -= error.taken
            raise
        self.left -= taken
        return value


def check(
    value: Any,
    old: Any,
    schema: Schema,
    path: Path,
    faults: Faults,
    budget: Budget,
    *,
    root: bool = False,
    kept: bool = False,
) -> None:
    """What the rules of a schema say of a value; `old` is the stored one that it replaces, None where there is none.

    `kept`: the value around, of which it is known what it replaces, is as it was.
    """
    if value is None or budget.left <= 0:
        return
    if old is not None:
        kept = unchanged(value, old, schema)
    if schema.get("x-kubernetes-validations"):
        _check_here(value, old, schema, path, faults, budget, root, kept)
    if value.__class__ is list:
        items = schema.get("items")
        if isinstance(items, Mapping) and has_rules(items):
            for i, item in enumerate(value):
                before = correlated(item, old, schema)
                check(item, before, items, (*path, i), faults, budget, root=_embedded(items), kept=kept)
    elif value.__class__ is dict:
        before = old if old.__class__ is dict else {}
        extra, properties = schema.get("additionalProperties"), schema.get("properties") or {}
        for name, inner in value.items():
            known = properties.get(name)
            if isinstance(known, Mapping):
                if has_rules(known):
                    check(
                        inner, before.get(name), known, (*path, name), faults, budget, root=_embedded(known), kept=kept
                    )
            elif isinstance(extra, Mapping) and has_rules(extra):
                check(
                    inner,
                    before.get(name),
                    extra,
                    (*path, MapKey(name)),
                    faults,
                    budget,
                    root=_embedded(extra),
                    kept=kept,
                )


def _embedded(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource"))


def _check_here(
    value: Any, old: Any, schema: Schema, path: Path, faults: Faults, budget: Budget, root: bool, kept: bool
) -> None:
    names: dict[str, Any] | None = None
    for rule in schema["x-kubernetes-validations"]:
        try:
            expression = program(rule.get("rule") or "")
        except CelError as error:
            _blame(INVALID, path, f"the definition's rule cannot be read: {error}", faults)
            continue
        optional = bool(rule.get("optionalOldSelf"))
        uses_old = "oldSelf" in names_in(expression.root)
        if uses_old and old is None and not optional:
            continue
        try:
            if names is None:
                names = {"self": value_of(value, schema, root=root)}
                if old is not None:
                    names["oldSelf"] = value_of(old, schema, root=root)
            known = names
            if optional:
                known = {**names, "oldSelf": Maybe(names["oldSelf"]) if "oldSelf" in names else Maybe()}
            if budget.run(expression, known) is True:
                continue
        except CelError as error:
            _blame(INVALID, path, f"a rule cannot be held against it: {error}", faults)
            continue
        message = _message(rule, known, budget)
        place = path
        if rule.get("fieldPath"):
            found = field_at(rule["fieldPath"], schema)
            place = path + found[0] if found is not None else path
        if not uses_old and kept:
            faults.warn(place, f"{message} (as before: the server lets pass what does not change)")
        else:
            _blame(rule.get("reason") or INVALID, place, message, faults)


def _blame(reason: str, path: Path, message: str, faults: Faults) -> None:
    """Blame a value; the server has no field for the whole object."""
    faults.append(Fault(path, reason, message, rule=RULES.get(reason, "api/invalid"), whole=None if path else "<nil>"))


def _message(rule: Mapping[str, Any], names: Mapping[str, Any], budget: Budget) -> str:
    """What a rule says of itself."""
    if rule.get("messageExpression"):
        try:
            found = budget.run(program(rule["messageExpression"]), names)
        except CelError:
            found = None  # the server takes the plain message then
        if isinstance(found, str) and found.strip() and "\n" not in found.strip():
            return found.strip()
    said = (rule.get("message") or "").strip()
    return said or f"does not keep the rule {(rule.get('rule') or '').strip()[:500]}"
