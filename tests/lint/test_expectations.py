"""Expectations of several rules in one function, held against the same looked for one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from manifold.lint.expectations import MISSING, Expectations, parts
from manifold.lint.schema import compiled

EXPECTED = [
    ("$.a", {"type": "object"}),
    ("$.a.b", {"not": {"const": True}}),
    ("$.a.b", {"required": ["c"]}),
    ("$.a.list[*]", {"required": ["name"]}),
    ("$.a.list[*].name", {"pattern": "^x"}),
    ("$.a.list[*].name", {"type": "string"}),
    ("$.a.lists[*][*]", {"type": "integer"}),
    ("$", {"required": ["a"]}),
]


def _walk(value: Any, path: tuple[str | int, ...], way: list[str]) -> Iterator[tuple[Any, Any]]:
    """The values at a path below; one that is missing at the end counts as MISSING, further up as nothing."""
    if not way:
        yield value, path
        return
    part, rest = way[0], way[1:]
    if part == "[*]":
        for i, item in enumerate(value if isinstance(value, list) else ()):
            yield from _walk(item, (*path, i), rest)
    elif isinstance(value, dict):
        if part in value:
            yield from _walk(value[part], (*path, part), rest)
        elif not rest:
            yield MISSING, (*path, part)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": None},
        {"a": {}},
        {"a": []},
        {"a": "text"},
        {"a": {"b": True}},
        {"a": {"b": {"c": 0}}},
        {"a": {"b": {"c": ""}, "list": None}},
        {"a": {"list": []}},
        {"a": {"list": {}}},
        {"a": {"list": [{"name": "x"}, {}]}},
        {"a": {"list": [{"name": "y"}, None, 3]}},
        {"a": {"lists": [[1, 2], [], ["3"], {"a": 1}]}},
    ],
)
def test_one_function_finds_what_fails(value: Any) -> None:
    """Also where what is expected is missing, or of another shape."""
    expectations = Expectations()
    one_by_one = []
    for number, (at, schema) in enumerate(EXPECTED):
        expectations.add(number, at, schema)
        test = compiled(schema)
        one_by_one += [
            (number, v, path) for v, path in _walk(value, (), parts(at)[1:]) if not test(None if v is MISSING else v)
        ]
    look = expectations.look()
    assert look is not None
    found = [tuple(unmet) for unmet in look(SimpleNamespace(body=value))]

    assert sorted(found, key=lambda f: f[0]) == one_by_one


def test_a_root_may_stand_for_several_values_or_none() -> None:
    """Containers, for instance."""
    expectations = Expectations()
    expectations.add(3, "$containers.a", {"type": "integer"})
    expectations.add(4, "$pod.a", {"type": "integer"})
    expectations.add(5, "$whole-pod.b", {"type": "integer"})
    look = expectations.look()
    assert look is not None

    def found(pod: Any, *containers: Any) -> list[tuple[Any, ...]]:
        there = [(c, ("list", i)) for i, c in enumerate(containers)]
        return [tuple(u) for u in look(SimpleNamespace(pod=pod, pod_path=("spec",), containers=there))]

    assert found(None) == []
    assert found({"a": 1}) == []
    assert found({"a": 1}, {"a": 1}) == [(5, MISSING, ("spec", "b"))]
    assert found({"a": 1, "b": 1}, {"a": 1}, {}, {"a": None}) == [
        (3, MISSING, ("list", 1, "a")),
        (3, None, ("list", 2, "a")),
    ]


def test_nothing_is_looked_for_where_nothing_is_expected() -> None:
    """Most kinds have no rules of this sort."""
    assert Expectations().look() is None


@pytest.mark.parametrize("at", ["", "a.b", "$node.a", "[*]"])
def test_a_place_begins_with_a_root(at: str) -> None:
    """What a place that begins otherwise would mean, nobody can tell."""
    with pytest.raises(ValueError, match="begins with none of"):
        Expectations().add(0, at, {})


def test_what_is_too_deep_is_refused() -> None:
    """Python's own parser ends at two hundred brackets, which no rule needs."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(250):
        schema = {"not": schema}
    with pytest.raises(ValueError, match="nested too deeply"):
        compiled(schema)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({}, [None, 1, {}], []),
        ({"type": "integer"}, [0, 1], [True, 1.5, "1", None]),
        ({"type": "number"}, [0, 1.5], [True, "1"]),
        ({"type": ["string", "null"]}, ["", None], [0, {}]),
        ({"required": ["a"]}, [{"a": 0}, {"a": False}, {"a": "x"}], [{}, {"a": None}, {"a": ""}, {"a": []}, {"a": {}}, "a"]),
        ({"required": ["a", "b"]}, [{"a": 0, "b": 1}], [{"a": 0}, {"b": 1}, None]),
        ({"required": []}, [{}], [None]),
        ({"properties": {"a": {"type": "string"}, "b": {"const": 1}}}, [{"a": "", "b": 1}, 3], [{"a": ""}, {"b": 1}]),
        ({"pattern": "^x+$"}, ["xx", 3, None], ["", "y"]),
        ({"items": {"properties": {"a": {"const": 1}}}}, [[], [{"a": 1}], "a"], [[{"a": 1}, {}]]),
        ({"contains": {"enum": ["a", 1]}}, [["b", "a"], [1]], [[], ["b", True], "a"]),
        ({"enum": [None, True, 0, "it's", [1], {"a": 1}]}, [None, True, 0, "it's", [1], {"a": 1}], [False, 1, 0.0, [2], {}]),
        ({"const": 1}, [1], [True, 1.0, "1"]),
        ({"const": date(2026, 1, 1)}, [], ["2026-01-01", None]),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, ["", 3, None], [2]),
        ({"anyOf": []}, [], [None, 1]),
        ({"allOf": [{"minimum": 3}, {"maximum": 4.5}]}, [3, 4.5], [2, 5]),
        ({"minimum": 2}, [2, 2.5, True, "1", None], [1, 1.5]),
        ({"not": {"type": "string"}}, [1], [""]),
        ({"minItems": 1, "maxItems": 2, "minLength": 2}, [[1], [1, 2], "ab"], [[], [1, 2, 3], "a"]),
    ],
)  # fmt: skip
def test_each_keyword_means_what_it_says(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    """As in JSON Schema, but that `required` wants a value, and that what is missing counts as null."""
    test = compiled(schema)

    assert [v for v in good if not test(v)] == []
    assert [v for v in bad if test(v)] == []
