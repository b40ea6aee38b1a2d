"""Schemas of CustomResourceDefinitions: structural, without what the server does not support, with rules that compile.

Follows k8s.io/apiextensions-apiserver v0.37.2 pkg/apiserver/schema/validation.go (structural schemas),
pkg/apiserver/schema/defaulting/validation.go (defaults) and pkg/apis/apiextensions/validation (all else).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from manifold.apiserver.faults import Fault, Faults
from manifold.apiserver.jsonschemaprops import HOLDERS, NAMED, ONE, SEVERAL
from manifold.apiserver.rules import field_at
from manifold.k8s import regexes
from manifold.k8s.cel import cost
from manifold.model import MapKey, Path, spell

if TYPE_CHECKING:
    from manifold.k8s.cel import Scope
    from manifold.k8s.cel.check import T
    from manifold.k8s.cel.syntax import Node

Schema = Mapping[str, Any]
Body = dict[str, Any]

DEEPEST = 150
"""Levels of a schema that are looked at; the largest definitions in use have some 30."""
TYPES = ("string", "number", "integer", "boolean", "array", "object")
_REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate")
_LINE_BREAK = re.compile(r"[\n\r]")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_META = ("metadata", "kind", "apiVersion")
# What the server's conversion to a structural schema cannot take at all.
_UNSUPPORTED = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
_NOT_AT_ROOT_WITH_STATUS = (
    "id", "$schema", "$ref", "nullable", "default", "enum", "maxProperties", "minProperties", "allOf", "anyOf", "oneOf",
    "not", "additionalProperties", "patternProperties", "dependencies", "additionalItems", "definitions",
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type", "x-kubernetes-map-type",
)  # fmt: skip
# In parts of allOf, anyOf, oneOf and not: only what validates.
_NOT_NESTED = (
    "type", "default", "title", "description", "nullable", "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-validations",
)  # fmt: skip
_POINTERS = ("default", "x-kubernetes-list-type", "x-kubernetes-map-type")


def check(
    schema: Schema,
    path: Path,
    faults: Faults,
    *,
    status: bool,
    release: tuple[int, int] | None = None,
    known: frozenset[str] = frozenset(),
    changed: bool = True,
) -> None:
    """Hold the schema of a version, at `path`, against the rules.

    `status`: whether it has a status subresource; `release`: the server's; `known`: expressions that the stored
    definition has already; `changed`: whether its schema of that version is another one.
    """
    if depth(schema) > DEEPEST:
        faults.invalid(path, f"nested more than {DEEPEST} levels deep: not looked at further", "flatten the schema")
        return
    if status:
        _root_with_status(schema, path, faults)
    if schema.get("nullable"):
        faults.forbidden((*path, "nullable"), "the whole object cannot be null")
    before = len(faults)
    unsupported = _not_convertible(schema)
    compile_rules = False
    if not unsupported:
        _structural(schema, "root", path, faults)
        _complete(schema, schema, path, path, faults)
        if len(faults) == before:
            _defaults(schema, path, faults)
            compile_rules = len(faults) == before
    of_rules = Faults()
    at = _At(root=True, compiled=compile_rules, costs=_Costs(each=changed), release=release, known=known)
    _openapi(schema, path, at, faults, of_rules)
    faults.extend(of_rules)
    if unsupported and len(faults) == before:
        faults.invalid(path, unsupported)
    at.costs.whole(path, faults)


def expressions(schema: Any) -> Iterator[str]:
    """The rules in a schema, and what they say with."""
    stack = [schema]
    while stack:
        found = stack.pop()
        if not isinstance(found, (dict, Mapping)):
            continue
        for rule in found.get("x-kubernetes-validations") or ():
            yield rule.get("rule") or ""
            yield rule.get("messageExpression") or ""
        stack += _children(found)


def depth(schema: Any) -> int:
    """How many levels a schema has; counted only as far as it matters."""
    level, count = [schema], 0
    while level and count <= DEEPEST + 1:
        count += 1
        level = [inner for outer in level for inner in _children(outer)]
    return count


def _children(schema: Any) -> Sequence[Any]:
    if not isinstance(schema, (dict, Mapping)) or HOLDERS.isdisjoint(schema):
        return ()
    out: list[Any] = []
    for word in ONE:
        inner = schema.get(word)
        if inner is not None and isinstance(inner, (dict, Mapping)):
            out.append(inner)
    for word in SEVERAL:
        inner = schema.get(word)
        if isinstance(inner, list):
            out += inner
    for word in NAMED:
        inner = schema.get(word)
        if inner is not None and isinstance(inner, (dict, Mapping)):
            out += inner.values()
    return out


def _root_with_status(schema: Schema, path: Path, faults: Faults) -> None:
    for word in ("id", "$schema", "$ref"):
        if schema.get(word):
            faults.invalid(path, f"{word} is not allowed at the root of a schema with a status subresource")
            return
    if schema.get("type") and schema["type"] != "object":
        faults.invalid((*path, "type"), f"{schema['type']!r} must be object where status is a subresource")
        return
    for word in _NOT_AT_ROOT_WITH_STATUS:
        if _said(word, schema) or schema.get(word) in ([], {}):
            faults.invalid(path, f"{word} is not allowed at the root of a schema with a status subresource")
            return


def _said(word: str, schema: Schema) -> bool:
    """Whether a schema says something with a word; false says nothing, but of additional properties and items."""
    value = schema.get(word)
    if value.__class__ is bool:
        return bool(value) or word in ("additionalProperties", "additionalItems")
    return value is not None and (value.__class__ in (int, float) or bool(value))


_DECISIVE = HOLDERS | {*_UNSUPPORTED, "x-kubernetes-preserve-unknown-fields"}


def _not_convertible(schema: Any) -> str:
    """Why the server cannot make a structural schema of it; empty where it can."""
    stack = [schema]
    while stack:
        found = stack.pop()
        if not isinstance(found, (dict, Mapping)) or _DECISIVE.isdisjoint(found):
            continue
        for word in _UNSUPPORTED:
            if found.get(word) if word != "additionalItems" else found.get(word) is not None:
                return f"{word} is not supported in schemas"
        if isinstance(found.get("items"), list) and found["items"]:
            return "items must be one schema, not a list"
        if found.get("x-kubernetes-preserve-unknown-fields") is False:
            return "x-kubernetes-preserve-unknown-fields must be true or left out"
        stack += _children(found)
    return ""


def _structural(schema: Schema, level: str, path: Path, faults: Faults) -> None:
    kind = schema.get("type") or ""
    items, extra = schema.get("items"), schema.get("additionalProperties")
    properties = schema.get("properties") or {}
    if kind == "array" and not isinstance(items, Mapping):
        faults.required((*path, "items"), "an array's items must be described")
    if isinstance(items, Mapping):
        _structural(items, "item", (*path, "items"), faults)
    for name, inner in properties.items():
        _structural(inner, "field", (*path, "properties", MapKey(name)), faults)
    if extra is not None:
        if level == "root":
            faults.forbidden((*path, "additionalProperties"), "the root of a schema must name its properties")
        if isinstance(extra, Mapping):
            _structural(extra, "field", (*path, "additionalProperties"), faults)
    either, keep = schema.get("x-kubernetes-int-or-string"), schema.get("x-kubernetes-preserve-unknown-fields")
    embedded = schema.get("x-kubernetes-embedded-resource")
    if either and keep:
        faults.invalid((*path, "x-kubernetes-preserve-unknown-fields"), "goes not with x-kubernetes-int-or-string")
    if either and embedded:
        faults.invalid((*path, "x-kubernetes-embedded-resource"), "goes not with x-kubernetes-int-or-string")
    every = schema.get("allOf") or ()
    first = any(map(_makes_int_or_string, every[:1]))
    _validations(schema, _makes_int_or_string(schema), first, path, faults)
    if embedded and kind != "object":
        (faults.invalid if kind else faults.required)((*path, "type"), "an embedded resource is an object")
    elif not kind and not either and not keep:
        faults.required((*path, "type"), f"the type must be given, one of {', '.join(TYPES)}")
    if embedded and extra is not None:
        faults.forbidden((*path, "additionalProperties"), "goes not with x-kubernetes-embedded-resource")
    if level == "root" and kind and kind != "object":
        faults.invalid((*path, "type"), f"{kind!r} must be object at the root")
    whole = level == "root" or bool(embedded)
    for name in ("kind", "apiVersion"):
        if whole and name in properties and properties[name].get("type") != "string":
            faults.invalid((*path, "properties", MapKey(name), "type"), "must be string")
    if "metadata" in properties:
        _metadata(properties["metadata"], whole, level, (*path, "properties", MapKey("metadata")), faults)
    if embedded and not keep and not properties:
        faults.required(
            (*path, "properties"),
            "an embedded resource names its properties or sets x-kubernetes-preserve-unknown-fields",
        )


_LISTS = frozenset(("allOf", "anyOf", "oneOf", "required", "enum"))


def _makes_int_or_string(schema: Schema) -> bool:
    """Whether anyOf says what an int-or-string is; empty lists in it say nothing."""
    parts = schema.get("anyOf") or ()
    return [{k: v for k, v in part.items() if v or k not in _LISTS} for part in parts] == _INT_OR_STRING


def _metadata(schema: Schema, whole: bool, level: str, path: Path, faults: Faults) -> None:
    if whole and schema.get("type") != "object":
        faults.invalid((*path, "type"), "must be object")
    if level != "root":
        return
    properties = set(schema.get("properties") or {})
    more = properties - {"name", "generateName"} or any(
        _said(word, schema) or (word in ("items", "required", "not") and schema[word] is not None)
        for word in schema
        if word not in ("type", "default", "properties")
    )
    if more:
        faults.forbidden(path, "only name and generateName may be described: the server knows metadata itself")


def _validations(schema: Schema, skip: bool, skip_first: bool, path: Path, faults: Faults) -> None:
    """allOf, anyOf, oneOf and not of a schema; those that make an int-or-string (`skip`) are as they must be."""
    if not skip:
        for i, inner in enumerate(schema.get("anyOf") or ()):
            _nested(inner, False, (*path, "anyOf", i), faults)
    for i, inner in enumerate(schema.get("allOf") or ()):
        _nested(inner, skip_first and i == 0, (*path, "allOf", i), faults)
    for i, inner in enumerate(schema.get("oneOf") or ()):
        _nested(inner, False, (*path, "oneOf", i), faults)
    if isinstance(schema.get("not"), Mapping):
        _nested(schema["not"], False, (*path, "not"), faults)
    if schema.get("pattern"):
        wrong = _bad_pattern(schema["pattern"])
        if wrong:
            faults.invalid((*path, "pattern"), f"is no regular expression (RE2): {wrong}")


def _bad_pattern(pattern: str) -> str:
    try:
        regexes.compiled(pattern)
    except regexes.PatternError as error:
        return str(error)
    return ""


def _nested(schema: Schema, skip: bool, path: Path, faults: Faults) -> None:
    _validations(schema, skip, False, path, faults)
    if isinstance(schema.get("items"), Mapping):
        _nested(schema["items"], False, (*path, "items"), faults)
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        _nested(inner, False, (*path, "properties", MapKey(name)), faults)
    if isinstance(schema.get("additionalProperties"), Mapping) or schema.get("additionalProperties") is True:
        faults.forbidden((*path, "additionalProperties"), "not allowed within allOf, anyOf, oneOf and not")
    for word in _NOT_NESTED:
        if schema.get(word) is not None if word in _POINTERS else schema.get(word):
            faults.forbidden(
                (*path, word), "not allowed within allOf, anyOf, oneOf and not", "say it in the schema around it"
            )
    if "metadata" in properties:
        faults.forbidden((*path, "properties", MapKey("metadata")), "not allowed within allOf, anyOf, oneOf and not")


def _complete(part: Schema, schema: Schema | None, path: Path, said: Path, faults: Faults) -> None:
    """Every field that allOf, anyOf, oneOf and not of `part` speak of must be described in the schema around them."""
    inner = part.get("not")
    if isinstance(inner, Mapping):
        _complete_nested(inner, schema, path, (*said, "not"), faults)
    for word in ("allOf", "anyOf", "oneOf"):
        for i, found in enumerate(part.get(word) or ()):
            _complete_nested(found, schema, path, (*said, word, i), faults)


def _complete_nested(part: Schema, schema: Schema | None, path: Path, said: Path, faults: Faults) -> None:
    if schema is None:
        faults.required(path, "must be described here too, not only within allOf, anyOf, oneOf or not")
        return
    _complete(part, schema, path, said, faults)
    if isinstance(part.get("items"), Mapping):
        items = schema.get("items")
        there = items if isinstance(items, Mapping) else None
        _complete_nested(part["items"], there, (*path, "items"), (*said, "items"), faults)
    known = schema.get("properties") or {}
    for name, inner in (part.get("properties") or {}).items():
        below = ("properties", MapKey(name))
        _complete_nested(inner, known.get(name), path + below, said + below, faults)


@dataclass(frozen=True, slots=True)
class _Inside:
    """Where a default stands in the object that begins at the root, or at the embedded object nearest above."""

    whole: Schema
    way: tuple[str | int, ...] = ()
    meta: bool = False
    """Within apiVersion, kind or metadata."""

    def object(self, value: Any) -> Body:
        """The least object that has `value` in this place."""
        for step in reversed(self.way):
            value = [value] if step == 0 else {step: value}
        return {"apiVersion": "validation/v1", "kind": "Validation", **value}


def _defaults(schema: Schema, path: Path, faults: Faults, *, at: _Inside | None = None) -> None:
    """Defaults must themselves be what their schema asks for; without `at`, `schema` is a root."""
    if at is None:
        schema = {**schema, "x-kubernetes-embedded-resource": True}
    if at is None or schema.get("x-kubernetes-embedded-resource"):
        at = _Inside(schema)
    if schema.get("default") is not None:
        _default(schema["default"], schema, (*path, "default"), at, faults)
    if isinstance(schema.get("items"), Mapping):
        _defaults(schema["items"], (*path, "items"), faults, at=replace(at, way=(*at.way, 0)))
    for name, inner in (schema.get("properties") or {}).items():
        meta = at.meta or (not at.way and name in _META)
        below = replace(at, way=(*at.way, name), meta=meta)
        _defaults(inner, (*path, "properties", MapKey(name)), faults, at=below)


def _default(value: Any, schema: Schema, path: Path, at: _Inside, faults: Faults) -> None:
    from manifold.apiserver import crd, rules

    found = Faults()
    if at.meta:
        crd.check_embedded(at.object(value), {**at.whole, "x-kubernetes-embedded-resource": True}, (), found)
        if found:
            faults.invalid(path, f"makes an object with wrong metadata: {found[0].message}")
            return
    else:
        unknown = Faults()
        crd.prune(value, schema, unknown)
        if unknown:
            faults.invalid(path, f"has fields that the schema does not know: {unknown[0].path[-1]}")
        crd.check_embedded(value, schema, path, found)
    if not found:
        crd.check_value(value, schema, path, found)
    if not found:
        whole = not at.way
        rules.check(value, value, schema, path, found, rules.Budget(), root=whole)
        if not found.refused:
            found.clear()
            rules.check(value, None, schema, path, found, rules.Budget(), root=whole)
    faults.extend(_placed(f, path) for f in found if not f.warning)


def _placed(fault: Fault, path: Path) -> Fault:
    """A fault of a default as the server blames it."""
    if fault.whole == "<nil>":
        return fault._replace(path=path, whole=None)
    if len(fault.path) > len(path) and fault.path[len(path)].__class__ is int:
        return fault._replace(whole=f"{spell(path)}.{spell(fault.path[len(path) :])}")
    return fault


MOST_A_RULE = 10_000_000
"""The estimated cost of one expression, times how often it may have to be evaluated."""
MOST_A_DEFINITION = 100_000_000
_MOST_NAMED = 4
_SIMPLER = "set maxItems, maxProperties and maxLength in the schema, or make the rule simpler"


class _Costs:
    """What the rules of one schema cost together."""

    def __init__(self, *, each: bool) -> None:
        self.each = each
        """Whether the cost of a single expression is held against its limit."""
        self.total = 0
        self.dear: list[tuple[int, Path]] = []

    def put(self, found: int, path: Path, faults: Faults) -> None:
        """Count an expression's cost, and blame one that costs too much."""
        self.total += found
        if self.each and found > MOST_A_RULE:
            factor = found / MOST_A_RULE
            shown = "more than 100" if factor > 100 else f"{factor:.1f}" if factor >= 1.5 else f"{factor:f}"
            faults.forbidden(path, f"may cost {shown} times as much as is allowed ({found} of {MOST_A_RULE})", _SIMPLER)
        if found >= MOST_A_DEFINITION // 100:
            self.dear = sorted([*self.dear, (found, path)], key=lambda pair: -pair[0])[:_MOST_NAMED]

    def whole(self, path: Path, faults: Faults) -> None:
        """Blame the definition, and its dearest expressions, where all together cost too much."""
        if self.total > MOST_A_DEFINITION:
            for _, place in self.dear:
                faults.forbidden(place, "is one of the rules that together cost more than a definition may", _SIMPLER)
            faults.forbidden(path, f"all its rules together may cost more than {MOST_A_DEFINITION}", _SIMPLER)


class _Info(NamedTuple):
    """What rules know of a schema: its type; none, or (`wrong`) not even whether there is one."""

    type: T | None
    wrong: bool = False

    def inner(self, step: str) -> _Info | None:
        """What is known of a schema within; None where it must be looked at by itself."""
        from manifold.apiserver import rules

        if self.wrong or self.type is None:
            return self
        if step in ("@items", "@values"):
            return _Info(self.type.args[-1] if self.type.name in ("list", "map") else None)
        found = (self.type.fields or {}).get(rules.escape(step) or "")
        return None if found is None else _Info(found)


class _At(NamedTuple):
    """Where in a schema the walk is."""

    costs: _Costs
    root: bool = False
    meta: bool = False
    no_defaults: bool = False
    no_old: bool = False
    compiled: bool = False
    """Whether rules are compiled here: not within allOf and the like, and not in schemas that are not structural."""
    info: _Info | None = None
    """What rules know of the schema around; None where neither it nor one above has rules."""
    step: str = ""
    """How this schema is reached from the one around: `items`, `values`, or the name of a property."""
    often: int | None = 1
    """How often a value of this schema may occur in one object; None: without limit."""
    release: tuple[int, int] | None = None
    known: frozenset[str] = frozenset()
    """Expressions that the stored definition has already."""


def _openapi(schema: Schema, path: Path, at: _At, faults: Faults, of_rules: Faults) -> None:
    """What is not supported anywhere in a schema, and its rules, whose faults go to `of_rules`."""
    before = len(faults)
    _unsupported(schema, path, at, faults)
    ruled = bool(schema.get("x-kubernetes-validations"))
    info = _info(schema, at) if at.info is not None or ruled else None
    if not HOLDERS.isdisjoint(schema):
        _within(schema, path, at, info, faults, of_rules)
    _extensions(schema, path, faults)
    if ruled:
        _rules(schema, path, faults)
        if at.compiled and len(faults) == before:
            _compile(schema, path, at, info, of_rules)


def _within(schema: Schema, path: Path, at: _At, info: _Info | None, faults: Faults, of_rules: Faults) -> None:
    """The schemas that a schema holds."""
    extra, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    often = None if at.often is None or (most := _multiplies(schema)) is None else min(cost.TOP, at.often * most)
    below = at._replace(root=False, info=info, often=often)
    apart = below._replace(compiled=False)
    if properties and extra is not None and extra is not True:
        faults.forbidden((*path, "additionalProperties"), "goes not with properties")
    if isinstance(extra, Mapping):
        inner_at = below._replace(step="@values", no_defaults=below.no_defaults or at.meta)
        _openapi(extra, (*path, "additionalProperties"), inner_at, faults, of_rules)
    unrelated = schema.get("x-kubernetes-map-type") not in (None, "granular", "atomic")
    for name, inner in properties.items():
        there = below._replace(step=name, no_old=below.no_old or unrelated)
        if name in _META and (at.root or schema.get("x-kubernetes-embedded-resource")):
            there = there._replace(meta=True, no_defaults=below.no_defaults or at.root)
        _openapi(inner, (*path, "properties", MapKey(name)), there, faults, of_rules)
    for word in ("allOf", "oneOf", "anyOf"):
        for i, inner in enumerate(schema.get(word) or ()):
            _openapi(inner, (*path, word, i), apart, faults, of_rules)
    if isinstance(schema.get("not"), Mapping):
        _openapi(schema["not"], (*path, "not"), apart, faults, of_rules)
    for name, inner in (schema.get("definitions") or {}).items():
        _openapi(inner, (*path, "definitions", MapKey(name)), apart, faults, of_rules)
    items = schema.get("items")
    if items is None:
        return
    items_at = below._replace(step="@items", no_old=below.no_old or schema.get("x-kubernetes-list-type") != "map")
    if isinstance(items, Mapping):
        _openapi(items, (*path, "items"), items_at, faults, of_rules)
    for i, inner in enumerate(items if isinstance(items, list) else ()):
        _openapi(inner, (*path, "items", i), items_at._replace(compiled=False), faults, of_rules)


def _multiplies(schema: Schema) -> int | None:
    """How many times the schemas within may occur for each value of this one; None: without limit."""
    kind, most = schema.get("type"), None
    if kind == "array":
        most = schema.get("maxItems")
    elif kind == "object" and schema.get("additionalProperties") is not None:
        most = schema.get("maxProperties")
    else:
        return 1
    return None if most is None else max(0, most)


_UNUSUAL = frozenset(
    (
        "default", "id", "patternProperties", "definitions", "additionalItems", "dependencies", "$ref", "items",
        "x-kubernetes-embedded-resource", "uniqueItems",
    )
)  # fmt: skip


def _unsupported(schema: Schema, path: Path, at: _At, faults: Faults) -> None:
    kind = schema.get("type") or ""
    if kind and kind not in TYPES:
        faults.not_supported((*path, "type"), kind, TYPES)
    if kind != "null" and _UNUSUAL.isdisjoint(schema):
        return
    if schema.get("default") is not None and at.no_defaults:
        faults.forbidden((*path, "default"), "no defaults are allowed in metadata")
    for word in ("id", "patternProperties", "definitions"):
        if schema.get(word):
            faults.forbidden((*path, word), "is not supported in schemas")
    for word in ("additionalItems", "dependencies", "$ref"):
        if schema.get(word) is not None:
            faults.forbidden((*path, word), "is not supported in schemas")
    if kind == "null":
        faults.forbidden((*path, "type"), "there is no type null", "set nullable: true instead")
    if isinstance(schema.get("items"), list) and schema["items"]:
        faults.forbidden((*path, "items"), "must be one schema, not a list")
    if at.meta and schema.get("x-kubernetes-embedded-resource"):
        faults.forbidden((*path, "x-kubernetes-embedded-resource"), "not allowed within metadata")
    if schema.get("uniqueItems"):
        faults.forbidden((*path, "uniqueItems"), "is not supported", "set x-kubernetes-list-type: set instead")


_EXTENSIONS = frozenset(
    (
        "x-kubernetes-preserve-unknown-fields", "x-kubernetes-map-type", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
    )
)  # fmt: skip


def _extensions(schema: Schema, path: Path, faults: Faults) -> None:
    if _EXTENSIONS.isdisjoint(schema):
        return
    kind = schema.get("type") or ""
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        faults.invalid((*path, "x-kubernetes-preserve-unknown-fields"), "must be true or left out")
    map_type, list_type = schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    for word, found, wanted in (("map", map_type, "object"), ("list", list_type, "array")):
        if found is not None and kind != wanted:
            message = f"must be {wanted} where x-kubernetes-{word}-type is set"
            (faults.invalid if kind else faults.required)((*path, "type"), message)
    if map_type is not None and map_type not in ("atomic", "granular"):
        faults.not_supported((*path, "x-kubernetes-map-type"), map_type, ("atomic", "granular"))
    items = schema.get("items")
    item: Schema | None = items if isinstance(items, Mapping) else None
    if list_type == "set" and kind == "array" and item is not None:
        if item.get("type") == "array" and item.get("x-kubernetes-list-type", "atomic") != "atomic":
            faults.invalid((*path, "items", "x-kubernetes-list-type"), "must be atomic for the items of a set")
        if item.get("type") == "object" and item.get("x-kubernetes-map-type") != "atomic":
            faults.invalid((*path, "items", "x-kubernetes-map-type"), "must be atomic for the items of a set")
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        faults.not_supported((*path, "x-kubernetes-list-type"), list_type, ("atomic", "set", "map"))
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if keys and list_type != "map":
        message = "must be map where x-kubernetes-list-map-keys is set"
        (faults.required if list_type is None else faults.invalid)((*path, "x-kubernetes-list-type"), message)
    if list_type == "map":
        _list_map(keys, items, path, faults)
    if list_type in ("set", "map") and item is not None:
        _list_items(keys if list_type == "map" else (), item, path, faults)


def _list_map(keys: Any, items: Any, path: Path, faults: Faults) -> None:
    here = (*path, "x-kubernetes-list-map-keys")
    if not keys:
        faults.required(here, "a list that is a map has keys")
    if items is None:
        faults.required((*path, "items"), "the items of a list that is a map must be described")
    elif isinstance(items, list):
        faults.invalid((*path, "items"), "must be one schema, not a list")
    elif items.get("type") != "object":
        faults.invalid((*path, "items", "type"), "the items of a list that is a map are objects")
    else:
        seen = set()
        properties = items.get("properties") or {}
        for key in keys:
            if key not in properties:
                faults.invalid(here, f"{key!r} is no property of the items")
            elif properties[key].get("type") in ("array", "object"):
                faults.invalid((*path, "items", "properties", MapKey(key), "type"), "a key must be a plain value")
            if key in seen:
                faults.invalid(here, f"{key!r} occurs more than once")
            seen.add(key)


def _list_items(keys: Any, item: Schema, path: Path, faults: Faults) -> None:
    if item.get("nullable"):
        faults.forbidden((*path, "items", "nullable"), "the items of sets and maps cannot be null")
    required, properties = item.get("required") or (), item.get("properties") or {}
    for key in keys:
        found = properties.get(key)
        if found is None:
            continue
        here = (*path, "items", "properties", MapKey(key))
        if key not in required and found.get("default") is None:
            faults.required((*here, "default"), "a key of the list must be required or have a default")
        if found.get("nullable"):
            faults.forbidden((*here, "nullable"), "a key of the list cannot be null")


def _rules(schema: Schema, path: Path, faults: Faults) -> None:
    """What holds of rules before they are compiled."""
    for i, rule in enumerate(schema["x-kubernetes-validations"]):
        here = (*path, "x-kubernetes-validations", i)
        text, message = rule.get("rule") or "", rule.get("message") or ""
        if not text.strip():
            faults.required((*here, "rule"), "a rule needs an expression")
        elif message and not message.strip():
            faults.invalid((*here, "message"), "must not be blank")
        elif _LINE_BREAK.search(message.strip()):
            faults.invalid((*here, "message"), "must be one line")
        elif _LINE_BREAK.search(text.strip()) and not message.strip():
            faults.required((*here, "message"), "a rule of several lines needs a message")
        expression = rule.get("messageExpression") or ""
        if expression and not expression.strip():
            faults.required((*here, "messageExpression"), "must not be blank")
        reason = rule.get("reason")
        if reason is not None and reason not in _REASONS:
            faults.not_supported((*here, "reason"), reason, _REASONS)
        field = rule.get("fieldPath") or ""
        if field and not field.strip():
            faults.invalid((*here, "fieldPath"), "must not be blank")
        if _LINE_BREAK.search(field):
            faults.invalid((*here, "fieldPath"), "must be one line")
        if field and not _not_convertible(schema) and field_at(field, schema) is None:
            faults.invalid((*here, "fieldPath"), f"{field!r} leads to no field of the schema")


def _info(schema: Schema, at: _At) -> _Info:
    from manifold.apiserver import rules

    known = at.info.inner(at.step) if at.info is not None else None
    if known is not None:
        return known
    found = rules.type_of(schema, root=at.root or bool(schema.get("x-kubernetes-embedded-resource")))
    return _Info(found, wrong=found is None)


def _compile(schema: Schema, path: Path, at: _At, info: _Info | None, faults: Faults) -> None:
    from manifold.apiserver import rules
    from manifold.k8s import cel
    from manifold.k8s.cel.check import optional_of

    self_type = info.type if info is not None else None
    if self_type is None:
        faults.internal((*path, "x-kubernetes-validations"), "rules need a schema whose parts all have a known type")
        return
    often = at.often if at.often is not None else cost.largest(self_type)
    for i, rule in enumerate(schema["x-kubernetes-validations"]):
        here = (*path, "x-kubernetes-validations", i)
        optional = rule.get("optionalOldSelf")
        names = {"self": self_type, "oldSelf": optional_of(self_type) if optional else self_type}
        # What the stored definition has already stays, whatever its release knew.
        scope = cel.Scope(names, release=None if rule["rule"] in at.known else at.release)
        wrong, tree = _gives(rule["rule"], scope, "bool")
        for message in wrong:
            faults.invalid((*here, "rule"), message)
        if tree is not None and not wrong:
            at.costs.put(min(cost.TOP, cost.estimate(tree, self_type) * often), (*here, "rule"), faults)
        if rule.get("messageExpression") and not wrong:
            said = cel.Scope(names, release=None if rule["messageExpression"] in at.known else at.release)
            messages, said_tree = _gives(rule["messageExpression"], said, "string")
            for message in messages:
                faults.invalid((*here, "messageExpression"), message)
            if said_tree is not None and not messages:
                at.costs.put(cost.estimate(said_tree, self_type), (*here, "messageExpression"), faults)
        uses_old = tree is not None and not wrong and "oldSelf" in rules.names_in(tree)
        if uses_old and at.no_old:
            faults.invalid((*here, "rule"), "oldSelf cannot be told here: items of a list that is no map have no past")
        if not uses_old and optional is not None:
            faults.invalid((*here, "optionalOldSelf"), "goes only with a rule that speaks of oldSelf")


def _gives(text: str, scope: Scope, wanted: str) -> tuple[list[str], Node | None]:
    """What is wrong with an expression, and its tree; unlike a policy's it must give the very type that is wanted, not dyn."""
    from manifold.k8s import cel

    messages, tree = cel.compiled(text, scope)
    if tree is not None and tree.type.name != wanted:
        messages = [f"must give {wanted}, not {tree.type}"]
    return messages, tree
