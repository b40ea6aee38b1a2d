"""What a CustomResourceDefinition's OpenAPI v3 schema tells of a field, for `explain`.

The words: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def _inner(schema: Schema) -> Schema | None:
    """The schema of the items of a list, or of the values of a map."""
    for word in ("items", "additionalProperties"):
        found = schema.get(word)
        if isinstance(found, Mapping):
            return found
    return None


def member(schema: Schema) -> Schema:
    """What is said of an item of a list or a value of a map; nothing where nothing is said."""
    return _inner(schema) or {}


def holder(schema: Schema) -> Schema:
    """The object whose fields are meant, lists and maps of it passed through."""
    while (inner := _inner(schema)) is not None:
        schema = inner
    return schema


def below(schema: Schema, name: str) -> Schema:
    """What is said of a field; nothing where nothing is said."""
    fields = holder(schema).get("properties")
    found = fields.get(name) if isinstance(fields, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def required(schema: Schema, name: str) -> bool:
    """Whether an object must have a field."""
    names = holder(schema).get("required")
    return isinstance(names, list) and name in names


def told(schema: Schema) -> Iterator[str]:
    """What values may be, a line each."""
    if isinstance(enum := schema.get("enum"), list):
        yield f"one of: {', '.join(map(str, enum))}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        above = " (itself not)" if schema.get("exclusiveMinimum") else ""
        under = " (itself not)" if schema.get("exclusiveMaximum") else ""
        yield (
            f"range: at most {high}{under}"
            if low is None
            else f"range: at least {low}{above}"
            if high is None
            else f"range: {low}{above} to {high}{under}"
        )
    for word, shown in (
        ("multipleOf", "multiple of"), ("minLength", "min length"), ("maxLength", "max length"), ("pattern", "pattern"),
        ("minItems", "min items"), ("maxItems", "max items"), ("minProperties", "min fields"), ("maxProperties", "max fields"),
    ):  # fmt: skip
        if schema.get(word) is not None:
            yield f"{shown}: {schema[word]}"
    rules = schema.get("x-kubernetes-validations")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Mapping):
            yield f"must hold: {rule.get('message') or rule.get('rule')}"
