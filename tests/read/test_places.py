"""Places found in a document's lines are those that libyaml gives."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manifold.model import KEY, Source
from manifold.read import exact, fast, places, reader, split
from manifold.read.recent import Recent

from tests.conformance.chance import cases, seeded

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "fixtures", ROOT / "rules", *map(Path, filter(None, [os.environ.get("MANIFOLD_MANIFESTS")])))
"""MANIFOLD_MANIFESTS may name a folder of more manifests, for a large campaign."""


def documents() -> list[str]:
    """The texts of all documents of the folders."""
    files = sorted(f for folder in FOLDERS for f in folder.rglob("*.y*ml") if f.is_file())
    texts = [piece.text for f in files for piece in split.pieces(split.decode(f.read_bytes())[0])]
    return [text if text.endswith("\n") else text + "\n" for text in texts if text.strip()]


def paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path of a value, that of each key, and beside each some that are not there."""
    yield from (above, (*above, KEY), (*above, "not-there"))
    if isinstance(value, (dict, list)):
        yield from ((*above, "not-there", KEY), (*above, len(value)), (*above, -1))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*above, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from paths(inner, (*above, i))


def agrees(text: str) -> tuple[int, int]:
    """Hold all places of a text against libyaml's; how many were found in its lines, and how many there are.

    None are for a text that is no object, or none that kubectl reads.
    """
    body: Any = fast.parse(text)
    nodes: Any
    if body is not None:
        index, look, nodes = places.index(text), exact.locate_composed, exact.compose(text)
    else:
        try:
            parsed = exact.parse(text)
        except exact.UnreadableError:
            return 0, 0
        body, nodes, look, index = parsed.value, parsed.root, exact.locate, places.index(text, exact=True)
        if not isinstance(body, dict):
            return 0, 0
    found = count = 0
    for path in paths(body):
        count += 1
        span = None if index is None else index.locate(path, 7)
        if span is not None:
            assert span == look(nodes, path, 7), (path, text)
            found += 1
    return found, count


def test_every_document() -> None:
    """All places of all documents at hand are libyaml's, and nearly all are found without it."""
    found, count = map(sum, zip(*map(agrees, documents()), strict=True))
    assert count > 20_000
    assert found >= 0.99 * count


BITS = (
    "- ", ":", ": ", " #", " # c", "#", '"', "'", "''", "\\", '\\"', "{", "}", "[", "]", ",", "|", ">", "|-", ">2", "|+1", "&a ", "*a", "!t ",
    "!!str ", "\t", " ", "  ", "\n", "\n\n", "\n  ", "\n    ", "- - ", "?", "? ", "<<: *a", "<<: {a: b}", "é", "\u2028", "\x85", "\r", "\r\n",
    "...\n", "%", "@", "~", "null", "yes", "0x1F", "on: ", "1.50: ", '"a\\tb": ', "'a''b': ", "key : v", '{a: b, c: [d, "e"]}', '["a\n b", c]',
    "a: {b:\n  c}\n", "  # x\n", "\t# x\n", " |\n    text\n   # no\n", '"x\n\ny"', "'x\n  y'", "\ufeff", "-\n", "key:\n", "!", " \n", "foo\n  bar",
    "k: v", "{}", "[]", '"k":v', '{"a":1}', "{? a : b}", "[a: b]", "é: ü", "…", "> # c\n", "\\'",
)  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """A text with a few lines changed, moved, indented otherwise, or put into other words of YAML."""
    lines = text.split("\n")
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        at = chance.randrange(len(lines))
        line, bit = lines[at], chance.choice(BITS)
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        deeper = " " * (indent + chance.randrange(4))
        key, colon, value = line.partition(": ")
        match chance.randrange(8):
            case 0 | 1 | 2:
                ways = [chance.randrange(len(line) + 1), len(line), indent, len(key) + 2 if colon else indent]
                cut = chance.choice(ways)
                lines[at] = line[:cut] + bit + line[cut:]
            case 3:
                lines.insert(at, deeper + bit + chance.choice(("", "x: y", "x")))
            case 4:
                lines[at] = " " * chance.randrange(4) + bare if chance.random() < 0.5 else "  " + line
            case 5:
                lines.insert(at, chance.choice(lines))
            case 6 if colon:
                ways_of_value = (
                    bit, bit + value, bit + value + bit, f"|\n{deeper}{value}", f"\n{deeper}{value}", f"&a {value}", f"!!str {value}",
                    f'"{value}"', f"'{value}'", f"[{value}]", '"' + value.replace(" ", "\n") + '"', value.replace(" ", f"\n{deeper}"),
                )  # fmt: skip
                lines[at] = f"{key}: {chance.choice(ways_of_value)}"
            case _ if len(lines) > 1:
                del lines[at]
    return "\n".join(lines)


def test_mutated_documents() -> None:
    """Whatever becomes of a text by chance: where kubectl still reads it, its places are libyaml's or none."""
    chance = seeded("places of mutated documents")
    texts = [text for text in documents() if len(text) < 6000]
    found = 0
    for _ in range(cases(500)):
        found += agrees(mutated(chance.choice(texts), chance) + "\n")[0]
    assert found


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- b: 1\n  c: 2\n- d\nafter: 3\n",
        "a:\n  b: |\n    b: no\n    c: no\n\n  c: yes it is\nd:\n# a comment\n  e: 1 # another\n",
        "'a b': 1\n\"c\": {d: [1, 2], e: {f: g}}\nh: [ \"x]\" , 'y' ]\n",
        "a:\nb: ''\nc: \"\"\nd:\n  - \n  -\ne:   \n",
        "a: one\n  two # ends\nb: 2\nc: one\n\n  # no more\nd: 4\n",
        'a: "one\nb: two"\nc: 3\n',
        "a: 'it''s\n  b: c\n\n  d' # e\nf: 1\n",
        "a: {b: 1,\nc: 2}\nd: 3\n",
        "a: [x, {b: c}] # why\nd: http://e:80/f#g\n",
        "a: [\n  \"x\n   y]\", 'z', # ]\n# ]\n  {b: 'c', \"d\":e},\n]\nf: {\n  g: h\n}\n",
        "a-b: 1\na: 2\nab: {}\n",
        "a:\n  - - b\n    - c\n  - d\n  -\n    - e\n  -   f: g\n      h: i\n",
        "  a: 1\n  b:\n    c: 2\n",
        'a: {"}": {}}\nb: 1\n',
        "a:\n    # deep\n    b: 1\n  # shallow\n    c: 2\n",
        "a:\n  - |\n    x\n   # no\n  - >2-\n      y\n\n     \n  - >+ # z\n\n    # in there\n    w\n\n# end\nb: |\nc: |1\n  d\n e\n",
        "a:\n  on the next line\nb:\n  'quoted'\nc:\n  {d: e}\nf:\n  |\n  text\ng:\n  - \n    h\n",
        "a: 1\na: 2\nb: {c: 1, c: 2}\n",
        "a : 1\n'b' : 2\nc:d: 3\n-e: 4\n",
        "é: ü\nb: [é, ü]\nc: “d” # ü\n",
        "a: 1\r\nb:\r\n  - c\r\n  - 'd\r\n    e'\r\nf: |\r\n  g\r\nh: 2\r\n",
        'a: "b\tc"\nd: e # f\tg\nh: |\n  i\n  \tj\n',
        "a: 1\nb: 2\n...\nc: : : {\n",
        '8080: a\nb: {on: c}\n"0777": d\n',
        'a: ["it\'s", it\'s, "b"]\n',
        'a: [sh, -c, echo > /tmp/x && ls "a b", \'c, d\', it is "so" # ]\n , x]\ne: 1\n',
        "a: '#'\nb: x#y\nc: \"#\" # d\n",
    ],
)
def test_odd_shapes(text: str) -> None:
    """Comments, lists at their map's column, block scalars, text over lines: libyaml's place."""
    found, count = agrees(text)
    assert count
    assert found == count


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("a: &x\n  b: 1\nc: *x\nd: 2\n", ("d",), ("c",)),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\ne: 3\n", ("e",), ("c", "d")),
        ("a: !!str 1\nb: 2\n", ("b",), ("a",)),
        ("a:\n  !!map\n  b: 1\nc:\n- &y d\n- e\n", ("c", 1), ("c", 0)),
    ],
)
def test_anchors_tags_and_merges(text: str, known: tuple[Any, ...], unknown: tuple[Any, ...]) -> None:
    """Where one stands on the way libyaml must be asked, and nowhere else."""
    agrees(text)
    index = places.index(text, exact=True)
    assert index is not None
    assert index.locate(known, 0) is not None
    assert index.locate(unknown, 0) is None


@pytest.mark.parametrize(
    "text",
    [
        "? a\n: b\n",
        "a: 1\n%b: 2\n",
        "{a: 1}\n",
        '"a\\tb": 1\n',
        "a:\t1\n",
        "&x a: 1\n",
        "a: 1\rb: 2\n",
        "a: \u2028b\nc: 1\n",
        "a: {b: !x , c: d}\ne: 1\n",
        "yes: 1\n",
        'a: "it\\\'s" \nb: 1\n',
        "a:\n" + "".join(f"{' ' * i}b{i}:\n" for i in range(1, 600)),
        f"{'k' * 600}: 1\n",
    ],
)
def test_gives_up(text: str) -> None:
    """What is not known for sure is left to libyaml, the whole document with it."""
    assert places.index(text, exact=True) is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_asks_both(packed: bool) -> None:
    """A place that the lines do not tell is had from libyaml, also for documents that keep no text, clean or not."""
    text = b"a: 0\n---\napiVersion: v1\nkind: A\nb: &x [c]\nd: *x\n---\napiVersion: v1\nkind: B\ne: [f]\n---\n{apiVersion: v1, kind: C, g: h}\n"
    found = reader.read(Source("f.yaml", text, named=False), packed=packed).documents
    assert [d.locate(("kind",))[:2] for d in found] == [(4, 7), (9, 7), (12, 24)]
    assert [d.locate((("d", "e", "g")[n],)) for n, d in enumerate(found)] == [
        (6, 1, 6, 2),
        (10, 1, 10, 2),
        (12, 30, 12, 31),
    ]
    assert found[0].locate(("b", 0))[:2] == (5, 8)


def test_indexes_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many documents only the last are kept, and the places of the others are found anew."""
    monkeypatch.setattr(reader, "_indexes", Recent(200))
    lates = [reader.Late(f"k{i}: v{i}\nmore: {'m' * 50}", 4) for i in range(20)]
    for _ in range(2):
        assert [late((f"k{i}",)) for i, late in enumerate(lates)] == [
            (5, 5 + (i > 9), 5, 7 + 2 * (i > 9)) for i in range(20)
        ]
        assert len(reader._indexes) < 10
