"""Texts that hold something odd, read by the fast path with that put aside: value for value as the exact path does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manifold.model import KEY, Source
from manifold.read import exact, fast, read, scalars

FILES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.yaml"))


def agree(text: str) -> Any:
    """Hold the fast path's value, and the places in it, against the exact path's; None where the fast path leaves the text."""
    found = fast.parse(text)
    if found is None:
        return None
    parsed = exact.parse(text)
    assert repr(parsed.value) == repr(found), text
    assert not parsed.duplicates and parsed.lost is None, text
    nodes = exact.compose(text)
    for path in paths(found):
        assert exact.locate(parsed.root, path, 2) == exact.locate_composed(nodes, path, 2), (path, text)
    return found


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of a value."""
    found = [above]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(*above, key, KEY), *paths(inner, (*above, key))]
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += paths(inner, (*above, i))
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("# AS IS, on 1.0 &x *y\n#\tq — é\n\na: b\n", {"a": "b"}),
        ("a: b # on `x`\n  # yes: no\nc: d\n", {"a": "b", "c": "d"}),
        ("a: yes\nb: 0644\nc: ~\nd: 1e3\ne: 1_000\nf: .5\n", {"a": True, "b": 420, "c": None, "d": 1000, "e": 1000, "f": 0.5}),
        ("a:\n- on\n- - 0x1f\n  - n\n", {"a": [True, [31, False]]}),
        ("a: &x y\nb: c\n", None),
        ("a: b && c | d <<e>> [f\n", {"a": "b && c | d <<e>> [f"}),
        ("a: ^[a-z]([-a-z0-9]*[a-z0-9])?$\nb: :8080\nc: -x\nd: ?x\n", {"a": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "b": ":8080", "c": "-x", "d": "?x"}),
        ("a: is\n  on the &\n\n\n  - `1.0` # on\n", None),
        ("a: is\n  on the &\n\n\n  - `1.0`\nb: c\n", {"a": "is on the &\n\n- `1.0`", "b": "c"}),
        ("a:\n  - is\n   on the &\n  - c\n", {"a": ["is on the &", "c"]}),
        ("a: |\n  on &x\n\n   \ty\n  # no\nb: |-\n    - *z\n\n\nc: |+\n  ? é\n\n", {"a": "on &x\n\n \ty\n# no\n", "b": "- *z", "c": "? é\n\n"}),
        ("a: >-\n  on &x\n  y\n\n  z\n   w\nb: > # on\n  %d\n", {"a": "on &x y\nz\n w", "b": "%d\n"}),
        ("- |\n  on\n", None),
        ("a:\n- |\n on &x\n- |  \n  *y\n", {"a": ["on &x\n", "*y\n"]}),
        ('a: "x: &y \\" \\n \\u00e9 \\\\"\nb: \'it\'\'s `on`\' # yes\n', {"a": 'x: &y " \n é \\', "b": "it's `on`"}),
        ('a: "on &x\n\n  y \\\n   z"\nb: \'*x\n  y\'\n', {"a": "on &x\ny z", "b": "*x y"}),
        ('a: ["on", \'y: &z\', 0x1f, n, b]\nc: {d: "*e", f: yes, "g:&h": i}\n', {"a": ["on", "y: &z", 31, False, "b"], "c": {"d": "*e", "f": True, "g:&h": "i"}}),
        ('a: "x\\/y"\n', None),
        ("a: 'x\\/y' # \\/\n", {"a": "x\\/y"}),
        ("a: é\nb: 'ü'\nc:\n- 日本\n", {"a": "é", "b": "ü", "c": ["日本"]}),
    ],
)  # fmt: skip
def test_what_is_put_aside(text: str, value: Any) -> None:
    """Comments, block scalars, quotes, plain values: their values are those of the exact path; None is left to that."""
    assert agree(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "a: 'x\n  b: yes\n  '\n",  # lines of a quoted text that look like a map's
        'a: "\n  # on\n  - yes\n"\n',
        "a: |\n  b: yes\n c: |\n  d: on\n",
        "a: {\n b: c\n   d], [on e\n }\n",
        "a: [b\n  c: yes\n  ]\n",
        "a: [x,\n  y: |\n   on\n  ]\n",
        "a: b\n  - |\n    on &x\n",
        "a: b\n   c::\nd: yes\n",
        "a: x\n  yes\n  b: on\n",
        "a: |\n  \ton\n  - b\n",
        "a: |-\n\ton\n",
        "a: |2\n   on\nb: yes\n",
        "a: |\n    \n  on &x\n",
        "a: yes\n\tb\n",
        "a: [sh, - ]\nb: on\n",
        "a: {0x1, b: c}\nyes: d\n",
        "a: .inf\n",
        "a: -.nan # x\n",
        "<<: {a: yes}\n",
        "a: <<\n",
        "a: yes\na: no\n",
        '"a &": 1\n"a &": 2\n',
        'a: {"b &": 1, "b &": 2}\n',
        'a: "on\n...\n"\n',
        "null: yes\n",
        "a:\n  null : x\n",
        "a:\n  b:\n  - c\n  ...\n",
        "a: yes\n---\n",
        "a: \x85on\n",
        "# \u2028b: c\na: on\n",
        "a: |\n  on\ufeff\n",
        "# \x07\na: b\n",
        "a: \u00a0on\n",
        "a: yes\r\nb: c\r\n",
        "a: [" + f'"{"on " * 400}": b' + "]\n",
        "a: ['on': b]\n",
        "%YAML 1.2\n---\na: b\n",
        'a: {"b\n  c": x}\n',
        "a: {b\n  c: x}\n",
        "a: [b\n  c: x]\n",
        'a: ["b\\\n  c": x]\n',
        'a: "b\\\n \n   c"\n',
        f"{'k' * 1100}: x\n",
        f"a: {{'{'k' * 1100}': x}}\n",
        "a:\n - b\n ...\n",
        'a: {"x\\/y": z}\n',
    ],
)
def test_what_is_no_case_for_it(text: str) -> None:
    """Whatever is guessed about the lines of a text, its value is the exact path's, or it is left to that."""
    try:
        exact.parse(text)
    except exact.UnreadableError:
        assert fast.parse(text) is None
    else:
        agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: aside~\nb: on\n",
        "a: aside~0~]}\nb: on\n",
        "a: on\nb: 'aside~0~'\n",
        "a: |\n  aside~0~\nb: on\n",
        "# aside~\na: on\n",
        'b: on\na: "\\x61side~0~]}"\n',
        'a: "\\x61side~0~]}"\nb: on\n',
        'a: "\\x61side~0~]}"\n# on\n',
    ],
)
def test_words_of_our_own_in_a_text(text: str) -> None:
    """A text that holds them, spelled in whatever way, is read as it is."""
    agree(text)


def test_texts_of_nothing_but_comments() -> None:
    """They need no parser, and are no object; a character that kubectl refuses is refused."""
    assert fast.nothing("# a\n\n   # on — é\n")
    assert not fast.nothing("# a\nb: c\n")
    assert not fast.nothing("# \x07\n")
    assert not fast.nothing("# \ud800\n")
    assert [d.rule for d in read(Source("f", b"# \x07\n")).diagnostics] == ["yaml/character"]
    assert read(Source("f", b"# a\n---\n# on\n")).pieces == 2


def test_numbers_of_thousands_of_digits() -> None:
    """What no number of 64 bits holds is a float where that holds it, and else a text: kubectl says so too."""
    assert scalars.plain("9" * 5000) == "9" * 5000
    assert scalars.plain("-" + "9" * 5000) == "-" + "9" * 5000
    assert scalars.plain("9" * 21) == 1e21
    assert agree(f"a: 1.{'9' * 5000}\n") == {"a": 2}
    assert agree("a: 1234.9999999999999\n") == {"a": 1235}


ODD = st.sampled_from(
    [
        *("on", "0x1f", "1e3", "~", ".5", "&a b", "*a", "a && b", "é", "a\tb", "a:b", "x # on", "- y", "? z", "...", "<<"),
        *("'on'", '"on"', '"a\\nb"', '"\\x41"', "'it''s: x'", "[yes, 'a, b']", '{a: on, "b &": c}', "|", ">-", "|+", "> # c"),
        *("b: on", "b: |", "b: >", "'b': yes", '"', "'", "]", "}", "aside~0~]}", "#aside~", "# on", "\u00a0", "\t", "\\/", ""),
    ]
)  # fmt: skip


@st.composite
def odd_manifests(draw: st.DrawFn) -> str:
    """A fixture's text with odd values, comments and lines in it, and lines that are cut, quoted or indented anew."""
    lines = draw(st.sampled_from(FILES)).read_text(encoding="utf-8").split("\n---")[0].split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        head, colon, value = line.partition(": ")
        indent = " " * max(0, len(line) - len(line.lstrip()) + draw(st.integers(-1, 3)))
        one, other = draw(ODD), draw(ODD)
        block, quote = draw(st.sampled_from(["|", ">", "|-", ">+", ""])), draw(st.sampled_from("\"' "))
        lines[at : at + 1] = draw(
            st.sampled_from(
                [
                    [f"{head}: {one}"],
                    [line, indent + one],
                    [line, f"{indent}# {one} {other}"],
                    [f"{line} {one}"],
                    [f"{head}: {block}", indent + value, indent + one],
                    [f"{head}{colon}{quote}{value}{quote}"],
                    [f"{head}{colon}on {value}", indent + one, indent + other],
                    [line[len(block) :]],
                ]
            )
        )
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd_manifests())
def test_both_paths_agree_on_odd_manifests(text: str) -> None:
    """What the fast path takes the exact one reads the same, places included; what that refuses the fast one leaves."""
    try:
        exact.parse(text)
    except exact.UnreadableError:
        assert fast.parse(text) is None, text
    else:
        agree(text)
