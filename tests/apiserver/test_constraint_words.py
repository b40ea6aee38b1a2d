"""The words of the constraint tables, each on a table of one line."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.apiserver import constraints
from manifold.apiserver.constraints import Compiled, Tables
from manifold.apiserver.faults import DUPLICATE, FORBIDDEN, INVALID, NOT_SUPPORTED, REQUIRED, TOO_LONG, TOO_MANY, Faults
from manifold.apiserver.schema import Field, Type

TEXT = Type("string")


def found(line: Any, value: dict[str, Any], release: tuple[int, int] = (1, 37)) -> list[tuple[str, str]]:
    """(reason, last part of the path) of what a table blames that says `line` of the field `a`, or of `$self`."""
    names = {n: Type("object", f"test.{n}", {"x": Field("x", TEXT)}) for n in ("b", "c")}
    type = Type("object", "test.T", {"a": Field("a", TEXT), **{n: Field(n, t) for n, t in names.items()}})
    table: Tables = {"test.b": {"x": {"required": True}}, "test.c": {"x": {"required": True}}}
    table["test.T"] = line if "$self" in line else {"a": line}
    compiled = Compiled(release, table)
    faults = Faults()
    check = compiled.check(type)
    assert check is not None
    check(value, (), faults)
    return [(f.reason, str(f.path[-1]) if f.path else "") for f in faults]


@pytest.mark.parametrize(
    ("line", "good", "bad", "reason"),
    [
        ({"required": True}, {"a": "x"}, {}, REQUIRED),
        ({"required": True, "missing": INVALID}, {"a": "x"}, {"a": ""}, INVALID),
        ({"required": True, "enum": ["x"], "missing": NOT_SUPPORTED}, {"a": "x"}, {}, NOT_SUPPORTED),
        ({"format": "dns-label"}, {"a": "x"}, {"a": "X"}, INVALID),
        ({"format": "dns-label", "or-empty": True}, {"a": ""}, {"a": "X"}, INVALID),
        ({"pattern": "^x$"}, {"a": "x"}, {"a": "xx"}, INVALID),
        ({"range": [1, 2]}, {"a": 1}, {"a": 3}, INVALID),
        ({"range": [None, 2]}, {"a": -5}, {"a": 3}, INVALID),
        ({"enum": ["x"]}, {}, {"a": "y"}, NOT_SUPPORTED),
        ({"min-length": 2}, {"a": "xx"}, {"a": "x"}, INVALID),
        ({"max-length": 2}, {"a": "xx"}, {"a": "üü"}, TOO_LONG),
        ({"min-items": 1}, {"a": [1]}, {"a": []}, INVALID),
        ({"max-items": 1}, {"a": [1]}, {"a": [1, 2]}, TOO_MANY),
    ],
)
def test_words_of_one_value(line: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], reason: str) -> None:
    """Each lets the good value pass, and blames the bad one for its own reason."""
    assert found(line, good) == []
    assert found(line, bad) == [(reason, "a")]


@pytest.mark.parametrize(
    ("line", "value", "blamed"),
    [
        ({"unique": True}, ["x", "y", "x"], (DUPLICATE, "2")),
        ({"unique-by": ["n"]}, [{"n": 1, "m": 1}, {"n": 1, "m": 2}], (DUPLICATE, "1")),
        ({"each": {"enum": ["x"]}}, ["x", "y"], (NOT_SUPPORTED, "1")),
        ({"each": {"range": [0, 1]}}, {"k": 2}, (INVALID, "k")),
        ({"keys": {"format": "dns-label"}}, {"K": 2}, (INVALID, "K")),
    ],
)
def test_words_of_lists_and_maps(line: dict[str, Any], value: Any, blamed: tuple[str, str]) -> None:
    """The item or key is blamed, not the whole."""
    assert found(line, {"a": value}) == [blamed]


def test_words_hold_in_their_releases() -> None:
    """A list of words has one for each."""
    line = [{"enum": ["x"], "until": "1.33"}, {"enum": ["x", "y"], "since": "1.33"}]

    assert found(line, {"a": "y"}, (1, 32)) == [(NOT_SUPPORTED, "a")]
    assert found(line, {"a": "y"}, (1, 33)) == []


def test_of_several_members_the_first_counts() -> None:
    """The others are forbidden in the server's spelling, and what is in them is not looked at."""
    line = {"$self": {"first-of": ["c", "b"], "spelled": {"b": "B"}}}

    assert found(line, {"b": {"x": "1"}}) == []
    assert found(line, {"b": {}}) == [(REQUIRED, "x")]
    assert found(line, {"b": {}, "c": {"x": "1"}}) == [(FORBIDDEN, "B")]
    assert found(line, {"b": {"x": "1"}, "c": {}}) == [(FORBIDDEN, "B"), (REQUIRED, "x")]


def test_unions() -> None:
    """Exactly one, or at most one."""
    assert found({"$self": {"one-of": ["b", "c"]}}, {}) == [(REQUIRED, "")]
    assert found({"$self": {"at-most-one": ["b", "c"]}}, {}) == []
    assert (FORBIDDEN, "c") in found({"$self": {"at-most-one": ["b", "c"]}}, {"b": {"x": "1"}, "c": {"x": "1"}})


def test_what_is_missing_is_told_with_what_is_allowed() -> None:
    """So that nobody has to ask twice."""
    faults = Faults()
    compiled = Compiled((1, 37), {"test.T": {"a": {"required": True, "enum": ["x", "y"]}}})
    check = compiled.check(Type("object", "test.T", {"a": Field("a", TEXT)}))
    assert check is not None
    check({}, (), faults)

    assert [f.message for f in faults] == ["must be set to one of: x, y"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"range": [1, 2]}, ["range: 1 to 2"]),
        ({"range": [1, None]}, ["range: at least 1"]),
        ({"range": [None, 2]}, ["range: at most 2"]),
        ({"enum": ["x", "y"], "since": "1.33"}, ["one of: x, y", "since Kubernetes 1.33"]),
        ({"each": {"max-length": 3}}, ["each item: max length: 3"]),
        ({"first-of": ["b", "c"]}, ["at most one of: b, c"]),
        ({"unique-by": ["n"]}, ["unique: no two items with the same n"]),
        ({"format": "percent", "or-empty": True}, ["format: percent (`25%`)", "or empty"]),
    ],
)
def test_lines_are_told_in_words(line: dict[str, Any], told: list[str]) -> None:
    """For `explain`."""
    assert constraints.told(line) == told


def test_unknown_words_are_refused() -> None:
    """A misspelled word would be a rule that is never asked."""
    with pytest.raises(ValueError, match="no word"):
        constraints.known({"requird": True}, "T.a")
    with pytest.raises(ValueError, match="no format"):
        constraints.known({"format": "dns-lable"}, "T.a")
