"""Changes to CEL expressions and to schemas of definitions, drawn by chance."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_TOKEN = re.compile(
    r"""\s+|(?:[rRbB]{0,2})(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|[0-9]+(?:\.[0-9]+)?u?|[A-Za-z_]\w*|[<>=!]=|&&|\|\||.""", re.DOTALL
)  # fmt: skip
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%", "in", "?", ".", ".?", ",")
_NAMES = (
    "self", "oldSelf", "object", "oldObject", "request", "params", "variables", "namespaceObject", "authorizer", "size",
    "has", "all", "exists", "exists_one", "map", "filter", "matches", "startsWith", "contains", "string", "int", "double",
    "dyn", "type", "optional", "orValue", "hasValue", "value", "optMap", "lowerAscii", "split", "join", "replace",
    "substring", "find", "findAll", "isSorted", "sum", "min", "max", "indexOf", "sort", "distinct", "flatten", "slice",
    "reverse", "sets", "url", "isURL", "quantity", "isQuantity", "ip", "cidr", "isIP", "isCIDR", "semver", "isSemver",
    "format", "transformMap", "transformList", "sortBy", "first", "last", "name", "spec", "metadata", "labels", "bogus",
    "true", "false", "null", "duration", "timestamp", "getFullYear", "includes", "x", "i", "e",
)  # fmt: skip
_LITERALS = (
    "0",
    "1",
    "-1",
    "1.5",
    "2u",
    "'a'",
    "''",
    "true",
    "null",
    "[]",
    "[1]",
    "['a', 'b']",
    "{}",
    "{'a': 1}",
    "b'a'",
    "duration('1h')",
    "timestamp('2020-01-01T00:00:00Z')",
    "optional.of(1)",
    "optional.none()",
)
_AROUND = (
    "!({})", "size({}) > 0", "string({})", "dyn({})", "[{}]", "optional.of({})", "({}) == 1", "({}) == true", "has({}.a)",
    "{}.all(x, x == x)", "{}.exists(x, true)", "{}.map(x, x).size() < 9", "{}.filter(x, x != x).size() == 0",
    "type({}) == int", "({}) ? true : false", "{} || true", "{} && oldSelf == self", "'%s'.format([{}])", "{}.matches('a')",
    "{} in [1, 2]", "{}.?a.orValue(1) == 1", "{}.size() == 1", "{}.exists(i, x, i == x)", "optional.of({}).hasValue()",
    "{}.contains('a')", "{}.sum() > 1", "{}.join(',') == ''", "{} == oldSelf", "int({}) > 1", "{}.split(',').all(y, y != '')",
)  # fmt: skip
_CLOSED = [
    json.loads(line)[0]
    for line in (Path(__file__).resolve().parents[2] / "fixtures" / "cel-values.jsonl").read_text().splitlines()
]
EXPRESSIONS = ("rule", "messageExpression", "expression", "valueExpression")


def change_expression(text: str, chance: random.Random) -> str:
    """An expression with one or a few of its words changed, or put into another, or replaced."""
    how = chance.random()
    if how < 0.12:
        return chance.choice(_CLOSED)
    if how < 0.2:
        return chance.choice(_AROUND).format(chance.choice(_CLOSED))
    if how < 0.4:
        return chance.choice(_AROUND).format(text)
    if how < 0.45:
        return f"{text} {chance.choice(('&&', '||', '==', '+'))} {chance.choice(_CLOSED)}"
    words = _TOKEN.findall(text)
    for _ in range(chance.choice((1, 1, 1, 2))):
        at = chance.randrange(len(words)) if words else 0
        if not words:
            return chance.choice(_LITERALS)
        word, kind = words[at], chance.random()
        if kind < 0.15:
            words[at] = ""
        elif word in _OPERATORS:
            words[at] = chance.choice(_OPERATORS)
        elif re.match(r"[A-Za-z_]", word):
            words[at] = chance.choice(_NAMES) if kind < 0.8 else chance.choice(_LITERALS)
        elif word.strip():
            words[at] = chance.choice(_LITERALS)
        else:
            words.insert(at, chance.choice((*_OPERATORS, *_NAMES[:4])))
    return "".join(words)


_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null", "", "any")
_FORMATS = (
    "date", "date-time", "duration", "byte", "int32", "int64", "double", "uri", "hostname", "ipv4", "ipv6", "cidr", "uuid",
    "email", "password", "bogus", "k8s-short-name", "k8s-long-name", "mac", "hexcolor", "isbn",
)  # fmt: skip
_WORDS: dict[str, tuple[Any, ...]] = {
    "type": _TYPES, "format": _FORMATS, "nullable": (True, False), "x-kubernetes-preserve-unknown-fields": (True, False),
    "x-kubernetes-int-or-string": (True, False), "x-kubernetes-embedded-resource": (True,),
    "x-kubernetes-list-type": ("atomic", "set", "map", "bogus"), "x-kubernetes-map-type": ("atomic", "granular", "bogus"),
    "x-kubernetes-list-map-keys": (["name"], ["name", "name"], [], ["bogus"]), "maxLength": (0, 1, 5, -1, 10**6),
    "minLength": (0, 3, -1), "maxItems": (0, 1, 10, 100, -1, 10**6), "minItems": (0, 3), "maxProperties": (0, 5, 1000),
    "minProperties": (1,), "minimum": (0, 5, -1.5), "maximum": (0, 100, 2.5), "exclusiveMinimum": (True,),
    "exclusiveMaximum": (True,), "multipleOf": (2, 0, 0.5), "uniqueItems": (True, False),
    "pattern": ("^a+$", "(", "[a-z]{2,}", "(?=a)", "a{2000}", "^[0-9]+%?$"), "enum": (["a", "b"], [1, 2], [], ["a", "a"], [None], [{"a": 1}]),
    "default": ("a", 1, True, [], {}, ["a"], {"a": 1}, None, 1.5, [{"name": "a"}], {"apiVersion": "v1", "kind": "A"}),
    "required": (["a"], ["name"], [], ["bogus"], ["name", "name"]), "additionalProperties": (True, False, {"type": "string"}, {"type": "object", "properties": {"a": {"type": "integer"}}}, {}),
    "items": ({"type": "string"}, {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}, {}, [{"type": "string"}], {"type": "array", "items": {"type": "string"}}),
    "properties": ({"a": {"type": "string"}}, {}, {"metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}}, {"a": {}}),
    "not": ({"required": ["a"]}, {"type": "string"}, {"properties": {"a": {"enum": [1]}}}), "anyOf": ([{"required": ["a"]}, {"required": ["b"]}], [{"type": "integer"}, {"type": "string"}], []),
    "oneOf": ([{"required": ["a"]}], [{"properties": {"a": {"minimum": 1}}}, {"maxLength": 3}]), "allOf": ([{"minLength": 1}], [{"nullable": True}], [{"anyOf": [{"type": "integer"}, {"type": "string"}]}]),
    "title": ("t",), "description": ("d",), "example": (1, {"a": 1}), "externalDocs": ({"url": "http://a"},), "id": ("x",), "$ref": ("#/a",), "$schema": ("http://a",),
    "definitions": ({"a": {"type": "string"}},), "dependencies": ({"a": ["b"]},), "patternProperties": ({"^a": {"type": "string"}},), "additionalItems": (True, False),
    "x-kubernetes-validations": (
        [{"rule": "self == self"}], [{"rule": "true", "message": "m"}], [{"rule": "self == oldSelf"}], [],
        [{"rule": "oldSelf.hasValue() || self == self", "optionalOldSelf": True}], [{"rule": "self.size() < 5", "messageExpression": "'long: ' + string(self.size())"}],
        [{"rule": "has(self.a)", "fieldPath": ".a", "reason": "FieldValueRequired"}], [{"rule": "self.all(x, x == x)"}], [{"rule": ""}], [{"rule": "true", "message": "a\nb"}],
    ),
}  # fmt: skip


def schemas(value: Any, inside: bool = False) -> Iterator[Body]:
    """All schemas within a definition."""
    if isinstance(value, dict):
        if inside:
            yield value
        for key, inner in value.items():
            if key == "openAPIV3Schema" or (inside and key in ("items", "additionalProperties", "not")):
                yield from schemas(inner, isinstance(inner, dict))
            elif inside and key == "properties" and isinstance(inner, dict):
                for one in inner.values():
                    yield from schemas(one, isinstance(one, dict))
            elif inside and key in ("allOf", "anyOf", "oneOf") and isinstance(inner, list):
                for one in inner:
                    yield from schemas(one, isinstance(one, dict))
            elif not inside:
                yield from schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas(inner)


def change_schema(body: Body, chance: random.Random) -> str:
    """Change one schema of a definition in place; says what was done, nothing where there is none."""
    found = list(schemas(body))
    if not found:
        return ""
    schema = chance.choice(found)
    word = chance.choice(list(_WORDS))
    rules = schema.get("x-kubernetes-validations")
    if rules and chance.random() < 0.5:
        rule = chance.choice(rules)
        word = chance.choice(("rule", "messageExpression", "fieldPath", "reason", "optionalOldSelf", "message"))
        rule[word] = {
            "rule": lambda: change_expression(str(rule.get("rule") or "self"), chance),
            "messageExpression": lambda: change_expression(str(rule.get("messageExpression") or "'a'"), chance),
            "fieldPath": lambda: chance.choice((".a", ".name", "a", "", " ", ".a.b", "['a']", ".a[0]", ".metadata.name", ".spec", ".items", "['a\\'b']", ".['a']")),
            "reason": lambda: chance.choice(("FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate", "Bogus", "")),
            "optionalOldSelf": lambda: chance.choice((True, False)),
            "message": lambda: chance.choice(("m", "", " ", "a\nb", "x" * 3000)),
        }[word]()  # fmt: skip
        return f"rule.{word} = {rule[word]!r}"
    if word in schema and chance.random() < 0.5:
        del schema[word]
        return f"{word} removed"
    schema[word] = copy.deepcopy(chance.choice(_WORDS[word]))
    return f"{word} = {str(schema[word])[:80]}"


def change_expressions(body: Body, chance: random.Random) -> str:
    """Change one expression of a policy or definition in place; says what was done, nothing where there is none."""
    found: list[tuple[Body, str]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            found.extend((value, k) for k in EXPRESSIONS if isinstance(value.get(k), str))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(body)
    if not found:
        return ""
    holder, key = chance.choice(found)
    holder[key] = change_expression(holder[key], chance)
    return f"{key} = {holder[key]!r}"
