"""Kinds without a definition at hand: what an apply of them changes."""

from __future__ import annotations

from typing import Any

from manifold import api
from manifold.apiserver import unknown


def thing(**spec: Any) -> dict[str, Any]:
    """An object of a kind that nobody has defined."""
    return {"apiVersion": "acme.example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}


def paths(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The paths in which two of them differ."""
    return [c.path for c in unknown.between(old, new)]


def test_items_are_matched_by_name() -> None:
    """An item put in front leaves the others as they are."""
    old = thing(parts=[{"name": "a", "n": 1}, {"name": "b", "n": 2}])
    new = thing(parts=[{"name": "z"}, {"name": "a", "n": 1}, {"name": "b", "n": 3}])

    assert paths(old, new) == ['spec.parts[name="b"].n', 'spec.parts[name="z"]']


def test_another_order_is_told_once() -> None:
    """Not once an item."""
    parts = [{"name": n} for n in "abc"]

    assert paths(thing(parts=parts), thing(parts=parts[::-1])) == ["spec.parts[#order]"]


def test_equal_numbers_are_no_change() -> None:
    """1 and 1.0 are one number."""
    assert paths(thing(n=1), thing(n=1.0)) == []


def test_apply_goes_on_without_a_definition() -> None:
    """It warns, and merges maps as the server does; fields of others stay."""
    live = {**thing(a=1, theirs=2), "metadata": {"name": "t", "namespace": "default", "uid": "u"}}
    outcome = api.apply([thing(a=3)], [live], force=True)[0]

    assert outcome.verb == "configured"
    assert [c.path for c in outcome.changes] == ["spec.a"]
    assert outcome.object is not None
    assert outcome.object["spec"] == {"a": 3, "theirs": 2}
    assert "no definition" in outcome.diagnostics[0].message
