"""Expectations of several rules in one walk, held against the same looked for one by one."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.lint.engine import MISSING, _parts, _walk
from manifold.lint.expectations import Expectations
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
def test_one_walk_finds_who_fails(value: Any) -> None:
    """Also where what is expected is missing, or of another shape."""
    expectations: Expectations[Any] = Expectations()
    one_by_one = set()
    for number, (at, schema) in enumerate(EXPECTED):
        test, (_, *parts) = compiled(schema), _parts(at)
        expectations.add(number, "$", lambda v: [(v, ())], parts, test)
        if not all(test(None if v is MISSING else v) for v, _ in _walk(value, (), parts)):
            one_by_one.add(number)

    assert expectations.failing(value) == one_by_one


def test_a_root_may_stand_for_several_values_or_none() -> None:
    """Containers, for instance."""
    expectations: Expectations[Any] = Expectations()
    expectations.add(3, "$each", lambda v: [(x, ()) for x in v], ["a"], compiled({"type": "integer"}))

    assert expectations.failing([]) == set()
    assert expectations.failing([{"a": 1}]) == set()
    assert expectations.failing([{"a": 1}, {}]) == {3}
