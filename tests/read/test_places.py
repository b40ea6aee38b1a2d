"""Places found by indentation are those that libyaml gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manifold.model import KEY
from manifold.read import exact, fast, places, split

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((*(ROOT / "fixtures").rglob("*.yaml"), *(ROOT / "rules").rglob("*.yaml")))


def paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path of a value, and beside each one that is not there."""
    yield above
    if isinstance(value, dict):
        yield (*above, "not-there")
        for key, inner in value.items():
            yield from paths(inner, (*above, key))
            yield (*above, key, KEY)
    elif isinstance(value, list):
        yield (*above, len(value))
        for i, inner in enumerate(value):
            yield from paths(inner, (*above, i))


def agrees(text: str) -> int:
    """Hold all places of a text against libyaml's; the number of those that were found by indentation."""
    body = fast.parse(text)
    if body is None or not places.plain(text):
        return 0
    nodes, found = exact.compose(text), 0
    for path in paths(body):
        span = places.locate(text, path, 7)
        if span is not None:
            assert span == exact.locate_composed(nodes, path, 7), (path, text)
            found += 1
    return found


def test_every_fixture() -> None:
    """All places of all fixtures and rules are libyaml's, and most are found without it."""
    found = 0
    for file in FILES:
        for piece in split.pieces(file.read_text(encoding="utf-8")):
            found += agrees(piece.text if piece.text.endswith("\n") else piece.text + "\n")
    assert found > 1500


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- b: 1\n  c: 2\n- d\nafter: 3\n",
        "a:\n  b: |\n    b: no\n    c: no\n\n  c: yes it is\nd:\n# a comment\n  e: 1 # another\n",
        "'a b': 1\n\"c\": {d: [1, 2], e: {f: g}}\nh: [ \"x]\" , 'y' ]\n",
        "a:\nb: ''\nc: \"\"\nd:\n  - \n",
        "- a: 1\n",
        "a: one\n  two\nb: 2\n",
        'a: "one\nb: two"\nc: 3\n',
        "a: {b: 1,\nc: 2}\nd: 3\n",
        "a-b: 1\na: 2\nab: {}\n",
        "a: [x, {b: c}] # why\nd: http://e:80/f#g\n",
        "a:\n  - - b\n    - c\n  - d\n",
        "  a: 1\n  b:\n    c: 2\n",
        'a: {"}": {}}\nb: 1\n',
        "a:\n    # deep\n    b: 1\n  # shallow\n    c: 2\n",
    ],
)
def test_odd_shapes(text: str) -> None:
    """Comments, lists at their map's column, block scalars, quotes over lines: libyaml's place, or none."""
    agrees(text)


def test_gives_up_over_lines() -> None:
    """Quotes and flow collections that go over lines are left to libyaml."""
    assert not places.plain('a: "one\nb: two"\n')
    assert not places.plain("a: {b: 1,\n  c: 2}\n")
    assert places.plain('a: {b: [1], c: "x}"}\n')
    assert places.locate("a: one\n  two\n", ("a",), 0) is None


def test_many_places_of_one_document() -> None:
    """Whoever asks for many places gets the same ones from libyaml's nodes."""
    from manifold.read.reader import MANY_PLACES, Late

    text = "".join(f"k{i}: v{i}\n" for i in range(MANY_PLACES * 2)).rstrip("\n")
    late = Late(text, 4)
    spans = [late((f"k{i}",)) for i in range(MANY_PLACES * 2)]
    assert [s.line for s in spans] == list(range(5, 5 + MANY_PLACES * 2))
    assert {(s.column, s.end_line - s.line) for s in spans} == {(5 if i < 10 else 6, 0) for i in range(MANY_PLACES * 2)}
