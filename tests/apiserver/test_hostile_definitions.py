"""Definitions and custom resources that would take forever, or all memory, end in a diagnostic."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver import rules

from tests.definitions import definition

Body = dict[str, Any]


def with_field(field: Body, rules: list[str] | None = None) -> Body:
    """A definition with one field in spec, and rules on spec."""
    spec: Body = {"type": "object", "properties": {"a": field}}
    if rules:
        spec["x-kubernetes-validations"] = [{"rule": rule} for rule in rules]
    return definition(spec)


def said(crd: Body, value: Any) -> list[str]:
    """What is said of a custom resource with that value."""
    body = {"apiVersion": "example.com/v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"a": value}}
    return [d.message for d in api.validate([body], crds=[crd])]


def test_patterns_are_searched_in_time_that_grows_with_the_text_alone() -> None:
    """A pattern that explodes elsewhere is nothing to RE2."""
    (found,) = said(with_field({"type": "string", "pattern": "(a+)+$"}), "a" * 5000 + "!")
    assert "does not match" in found


def test_a_huge_pattern_is_not_searched_for_in_a_huge_text() -> None:
    """It is said that nobody looked."""
    (found,) = said(with_field({"type": "string", "pattern": "(x*)*" * 2000}), "x" * 200_000)
    assert "not held against its pattern" in found


@pytest.mark.parametrize(
    "rule",
    [
        "self.a.all(x, self.a.all(y, self.a.all(z, x + y + z >= 0)))",
        "self.a.map(x, self.a).map(x, x.map(y, self.a)).size() > 0",
        "lists.range(1000000).map(x, lists.range(1000000)).size() > 0",
        "lists.range(100000).distinct().size() > 0",
        "sets.contains(lists.range(100000), lists.range(100000).map(x, x + 1))",
    ],
)
def test_endless_rules_are_given_up(rule: str) -> None:
    """However a rule grows, it is stopped after so many steps."""
    (found,) = said(with_field({"type": "array", "items": {"type": "integer"}}, [rule]), [1] * 2000)
    assert "too many steps" in found


def test_texts_do_not_grow_without_end() -> None:
    """Each round makes the text many times as long."""
    rule = "self.a.replace('x', self.a).replace('x', self.a).replace('x', self.a).size() > 0"
    (found,) = said(with_field({"type": "string"}, [rule]), "x" * 30_000)
    assert "too many steps" in found


def test_all_rules_of_an_object_share_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred rules that each take their time are not all waited for."""
    monkeypatch.setattr(rules, "MOST", 500_000)
    rule = "self.a.all(x, self.a.all(y, x + y >= 0))"
    crd = with_field({"type": "array", "items": {"type": "integer"}}, [f"{rule} || {i} == -1" for i in range(100)])
    found = said(crd, [1] * 400)
    assert any("the rules of this object take too many steps" in message for message in found)


@pytest.mark.parametrize(
    "rule",
    [
        "(" * 100_000 + "true" + ")" * 100_000,
        "self" + ".a" * 100_000,
        "1" + " + 1" * 100_000 + " > 0",
        "[" * 100_000,
        "true ? true : " * 100_000 + "true",
        "1" * 100_000 + " > 1",
    ],
)
def test_endless_expressions_do_not_compile(rule: str) -> None:
    """They are refused for their depth, as the server refuses them."""
    found = api.validate([with_field({"type": "string"}, [rule])])
    assert [d.path.rpartition(".")[2] for d in found] == ["rule"]


def test_long_chains_of_alternatives_compile() -> None:
    """`||` makes no tall tree, however many there are."""
    assert api.validate([with_field({"type": "string"}, [" || ".join(["true"] * 3000)])]) == []


def test_deep_schemas_are_refused() -> None:
    """A schema of hundreds of levels is not looked at, one of thousands is refused as well."""
    field: Body = {"type": "string"}
    for _ in range(400):
        field = {"type": "object", "properties": {"a": field}}
    assert [d.message.partition(":")[0] for d in api.validate([with_field(field)])] == [
        "nested more than 150 levels deep"
    ]
    for _ in range(10_000):
        field = {"type": "object", "properties": {"a": field}}
    (found,) = api.validate([with_field(field)])
    assert "deep" in found.message  # how far plain Python reads and how far compiled modules do is not the same
    assert found.rejects
