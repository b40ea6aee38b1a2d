"""Reading as kubectl reads: traps by name, places, and two paths that agree."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manifold import api
from manifold.model import Source, Span
from manifold.read import exact, fast, read, scalars
from manifold.read.walk import walk

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def source(text: str | bytes, named: bool = True) -> Source:
    return Source("a.yaml", text if isinstance(text, bytes) else text.encode(), named)


def bodies(text: str | bytes) -> list[dict[str, Any]]:
    return [d.body for d in read(source(text)).documents]


def rules(text: str | bytes) -> list[str]:
    return [d.rule for d in read(source(text)).diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("No", False), ("oN", "oN"), ("0644", 420), ("0o17", 15), ("080", 80.0), ("1_000", 1000), ("_1", "_1"),
        ("+0x1f", 31), ("-0b11", -3), ("1:30", "1:30"), ("1e400", "1e400"), (".5", 0.5), ("5.", 5.0), ("1e", "1e"), ("~", None),
        ("nUll", "nUll"), ("2021-01-01", "2021-01-01"), ("inf", "inf"), (".inf", math.inf), ("9223372036854775807", 2**63 - 1),
        ("", None), ("0x", "0x"), ("<<", "<<"), ("-", "-"), (".4_9", 0.49), ("._4", "._4"), (".4e1_0", 4e9),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_yaml_1_1(text: str, value: Any) -> None:
    """As go-yaml resolves them."""
    found = scalars.plain(text)

    assert (value, type(value)) == (found, type(found))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (1e3, "1000"),
        (3.4028235e38, "3.4028235e+38"),
        (3.4028235677973366e38, ".inf"),
        (-1e300, "-.inf"),
        (1e-7, "1e-07"),
        (123456789.125, "1.2345679e+08"),
        (True, "true"),
        (5, "5"),
    ],
)
def test_keys_are_texts(value: Any, text: str) -> None:
    """Floats at 32-bit precision, as sigs.k8s.io/yaml prints them."""
    assert text == scalars.key(value)


def test_duplicate_key_is_reported_and_the_last_wins() -> None:
    """kubectl says nothing of it."""
    reading = read(source(HEAD + "data:\n  a: x\n  a: z\n"))

    assert reading.documents[0].body["data"] == {"a": "z"}
    assert [(d.rule, d.line, d.column) for d in reading.diagnostics] == [("duplicate-key", 6, 3)]
    assert not reading.diagnostics[0].rejects


def test_documents_are_cut_where_kubectl_cuts() -> None:
    """Comments after the marker, empty documents, no newline at the end."""
    text = f"# head\n---\n{HEAD}--- # next\n---\n# nothing\n---\n{HEAD.rstrip()}"

    assert len(bodies(text)) == 2


def test_bad_separator_loses_the_document_before_it() -> None:
    """Nothing but a comment may follow."""
    assert (bodies(f"{HEAD}--- {{a: b}}\n"), rules(f"{HEAD}--- {{a: b}}\n")) == ([], ["yaml/separator"])


def test_text_after_three_dots_is_lost() -> None:
    """And that is said."""
    assert rules(f"{HEAD}...\n{HEAD}") == ["lost-document"]


def test_lists_are_expanded_with_their_places() -> None:
    """Typed lists give their items a kind."""
    text = "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata:\n    name: a\n- metadata: {name: b}\n"
    reading = read(source(text))

    assert [d.kind for d in reading.documents] == ["ConfigMap", "ConfigMap"]
    assert Span(5, 11, 5, 12) == reading.documents[0].locate(("metadata", "name"))


def test_bare_items_get_the_kind_of_any_list() -> None:
    """Also where an ordinary object has a field named items; but not in a plain List."""
    text = "apiVersion: v1\nkind: %s\nitems:\n- metadata: {name: a}\n"

    assert [b["kind"] for b in bodies(text % "ConfigMap")] == ["ConfigMap"]
    assert rules(text % "List") == ["yaml/no-kind"]


def test_merge_keys_give_way_to_what_comes_after() -> None:
    """An explicit key after the merge wins."""
    text = HEAD + "x: &x {a: one, b: two}\ndata:\n  <<: *x\n  b: mine\n"

    assert bodies(text)[0]["data"] == {"a": "one", "b": "mine"}


@pytest.mark.parametrize(
    "text",
    [
        "a: [1\nb: 2\n",
        "a: *none\n",
        "a: &a [*a]\n",
        "? [x]\n: y\n",
        "a: .inf\n",
        "a: \x01\n",
        "a: \x85\x00\n",
        "<<: text\n",
        "x: &x [{a: b}]\n<<: *x\n",
        "a: !!binary '***'\n",
        "a: !!timestamp soon\n",
        'a: "x\\/y"\n',
        "...\n",
        "\t\n",
        "%YAML 1.2\n---\na: b\n",
        "text\n",
        "[1]\n",
        "{}\n",
    ],
)
def test_what_kubectl_cannot_read_is_said(text: str) -> None:
    """One diagnostic that rejects, and no object."""
    reading = read(source(text))

    assert reading.documents == []
    assert any(d.rejects for d in reading.diagnostics)


def test_alias_bomb_is_refused() -> None:
    """In bounded time and memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)
    ]

    assert rules("\n".join(lines) + "\n") == ["yaml/alias"]


DEEP = '{"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "a"}, "revision": 1, "data": {"a": %s}}'


@pytest.mark.parametrize(
    "text", [DEEP % ("[" * 9_990 + "]" * 9_990), DEEP[1:-1].replace(", ", "\n") % ("[" * 9_990 + "]" * 9_990)]
)
def test_deep_nesting_is_read(text: str) -> None:
    """As deep as kubectl reads JSON and YAML, which is deeper than Python calls."""
    assert api.validate(text) == []
    assert len(api.preview(text)) == 1


def test_deep_nesting_is_bounded() -> None:
    """A diagnostic, no crash."""
    assert rules("a: " + "[" * 10_010 + "]" * 10_010 + "\n") == ["yaml/depth"]
    assert rules(DEEP % ("[" * 10_010 + "]" * 10_010)) == ["yaml/depth"]
    assert rules("[" * 300_000 + "\n") == ["yaml/depth"]


def test_utf_16_and_broken_utf_8_are_read() -> None:
    """As kubectl reads them."""
    assert [b["metadata"]["name"] for b in bodies(HEAD.encode("utf-16"))] == ["a"]
    assert rules(HEAD.encode() + b"data: {a: \xff}\n") == ["invalid-utf8"]


def test_json_and_streams_of_json_are_read() -> None:
    """Objects one after another."""
    one = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "x": 1.0}'

    assert [b["x"] for b in bodies(one + "\n" + one)] == [1, 1]


def test_broken_json_within_a_stream_is_no_yaml() -> None:
    """After two objects kubectl has made up its mind; after one it has not."""
    one = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
    odd = one.replace("}}", ",}}")

    assert rules(one + one + odd) == ["yaml/json"]
    assert (len(bodies(one + odd)), len(bodies("\t" + odd))) == (2, 1)


def test_a_first_marker_belongs_to_its_document() -> None:
    """So that `...` after it ends an empty document, where elsewhere it is an error."""
    assert (len(bodies(f"---\n...\n---\n{HEAD}")), rules(f"...\n---\n{HEAD}")) == (1, ["yaml/syntax"])
    assert rules(f"{HEAD}---\n...\n") == ["yaml/syntax"]


def test_a_byte_order_mark_makes_kubectl_strict() -> None:
    """Invalid UTF-8 after it is refused in YAML."""
    assert rules(b"\xef\xbb\xbf" + HEAD.encode() + b"data: {a: \xff}\n") == ["invalid-utf8", "yaml/encoding"]


def test_yaml_may_follow_json() -> None:
    """Without a marker, and with its own lines."""
    reading = read(source('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}\n' + HEAD))

    assert len(reading.documents) == 2
    assert reading.documents[1].locate(("kind",)).line == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"x\\ud800y"', "x\ufffdy"),
        ("9223372036854775808", 9223372036854776000),
        ("123456789012345680000.0", 123456789012345680000),
        ("1e21", 1e21),
    ],
)
def test_json_values_arrive_as_go_writes_them(text: str, value: Any) -> None:
    """Half a surrogate pair is replaced; large numbers get the fewest digits, and zeros."""
    head = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "x": %s}'

    assert repr(bodies(head % text)[0]["x"]) == repr(value)


def test_single_quotes_may_be_escaped() -> None:
    """go-yaml reads what libyaml refuses."""
    assert bodies(HEAD + 'data: {a: "it\\\'s"}\n')[0]["data"] == {"a": "it's"}


def test_a_tagged_merge_key_merges() -> None:
    """As a plain one does."""
    assert bodies(HEAD + "data:\n  !!merge <<: {a: x}\n")[0]["data"] == {"a": "x"}


@pytest.mark.parametrize("text", ["", "\ufeff", "# nothing\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"])
def test_nothing_to_create_is_an_error(text: str) -> None:
    """kubectl fails where there is nothing to send; the API says so of a text."""
    assert [d.rule for d in api.validate(text)] == ["yaml/no-objects"]


def test_positions_are_of_the_nearest_that_is_there() -> None:
    """A missing field is shown at its parent's key."""
    document = read(source(HEAD)).documents[0]

    assert Span(3, 18, 3, 19) == document.locate(("metadata", "name"))
    assert Span(3, 1, 3, 9) == document.locate(("metadata", "labels", "x"))


def test_the_place_of_a_key_is_that_of_its_name() -> None:
    """A field that nobody knows is wrong by its name, whatever its value."""
    (found,) = api.validate(HEAD + "dat: {a: b}\n")
    other, *_ = api.validate(HEAD.replace("{name: a}", "{name: a, labls: 5}"))

    assert (Span(4, 1, 4, 4), Span(3, 21, 3, 26)) == (found.span, other.span)


def test_folder_is_walked_as_a_person_would(tmp_path: Path) -> None:
    """Hidden, ignored and rendered files are left out, the last with a word."""
    for name in (
        "a.yaml",
        ".hidden/b.yaml",
        "out/c.yaml",
        "chart/Chart.yaml",
        "chart/templates/d.yaml",
        "k/kustomization.yaml",
        "k/patch.yaml",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("a: b\n")
    (tmp_path / ".gitignore").write_text("out/\n")
    (tmp_path / "k/kustomization.yaml").write_text("patches: [{path: patch.yaml}]\n")
    found = walk([tmp_path, tmp_path / "a.yaml"])

    assert [Path(s.name).name for s in found.sources] == ["a.yaml", "kustomization.yaml"]
    assert {"Chart.yaml", "templates", "patch.yaml"} == {Path(s.file).name for s in found.skipped}


def test_documents_of_a_folder_that_are_no_manifests_are_skipped() -> None:
    """Without a finding."""
    reading = read(source("a: b\n---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", named=False))

    assert (reading.diagnostics, len(reading.skipped)) == ([], 2)


FILES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_both_paths_agree_on_fixtures(file: Path) -> None:
    """Value for value, type for type."""
    slow = read(source(file.read_text()), fast=False)
    quick = read(source(file.read_text()), fast=True)

    assert [repr(d.body) for d in slow.documents] == [repr(d.body) for d in quick.documents]


WORDS = st.text("abcyYnNoOeEsStTrRuUfF019_.:+-~xX#'\" ,[]{}&*!|>%@`", max_size=8)
VALUES = st.recursive(WORDS, lambda v: st.lists(v, max_size=3) | st.dictionaries(WORDS, v, max_size=3), max_leaves=8)


LINES = [line for file in FILES for line in file.read_text().splitlines() if line.strip()]
ODD = st.sampled_from(
    [
        "y",
        "on",
        "0644",
        "1_000",
        "~",
        "1e3",
        "'x'",
        '"x"',
        "[a, b]",
        "{a: b}",
        "- a",
        "# c",
        "|",
        ">-",
        "*a",
        "&a b",
        "!!str 1",
        "\t",
        "",
    ]
)


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """A fixture's text with some of its values replaced, lines repeated, or changed in their indentation."""
    lines = draw(st.sampled_from(FILES)).read_text().split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.integers(0, 4))
        head = lines[at].partition(":")[0]
        lines[at : at + 1] = (
            [f"{head}: {draw(ODD)}"],
            [f"{head}: {draw(WORDS)}"],
            [lines[at], draw(st.sampled_from(LINES))],
            [" " * draw(st.integers(0, 4)) + lines[at]],
            [lines[at] + draw(st.sampled_from([" # c", " ", ":", "\r", ","]))],
        )[how]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n- apiGroups:\n  - ''\n   resources:\n  - pods\n",
        "rules:\n- apiGroups:\n  - a\n- verbs:\n  - get\n   resources: [a]\n",
        "a:\n- {key: x} - {key: y}\n",
        "a:\n- {key: x} b: c\n",
        "a: [x] b: c\n",
        "a:\n  - b: {c: d} e: f\n",
        'a:\n  - "4" - "8"\n',
        "a:\n  - '4' - '8'\n",
        'a: "x" b: c\n',
        "a: 'b\n  c': d\n",
        "a:\n- 'b\n  it''s c': d\n",
        "a: {null}\n",
        "a: [{b: c, null}]\n",
        "a: {b: c # d}\n",
        "a: [b: c # d]\n",
    ],
)
def test_what_is_no_yaml_is_not_read_by_the_fast_path(text: str) -> None:
    """Blanks too many, more on the line of a list or map that has ended, keys of several lines, null as a key, a comment that
    hides the end of a map: rapidyaml takes all of these."""
    head = "apiVersion: v1\nkind: A\nmetadata: {name: a}\n"
    assert fast.parse(head + text) is None
    assert [d.rule.partition("/")[0] for d in read(source(head + text)).diagnostics] == ["yaml"]


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests())
def test_both_paths_agree_on_changed_manifests(text: str) -> None:
    """Texts as people have them, with mistakes: whatever the fast path takes, the exact one reads the same."""
    slow = read(source(text), fast=False)
    quick = read(source(text), fast=True)

    assert [repr(d.body) for d in slow.documents] == [repr(d.body) for d in quick.documents]
    assert [(d.rule, d.span) for d in slow.diagnostics] == [(d.rule, d.span) for d in quick.diagnostics]


def render(value: Any, indent: int = 0) -> str:
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"\n{pad}{k}:{render(v, indent + 1)}" for k, v in value.items()) if value else " {}"
    if isinstance(value, list):
        return "".join(f"\n{pad}-{render(v, indent + 1)}" for v in value) if value else " []"
    return f" {value}"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_both_paths_agree_on_generated_text(value: dict[str, Any]) -> None:
    """What the gate lets through, the exact path reads the same."""
    text = render(value).lstrip("\n") + "\n"
    quick = fast.parse(text)
    if quick is None:
        return
    parsed = exact.parse(text)

    assert repr(parsed.value) == repr(quick)
    assert not parsed.duplicates


@pytest.mark.parametrize("text", ["a: {b: c # d\n , e: f}\n", "a: [b,\n c # d\n ,e: f # g\n ]\n"])
def test_comments_in_flow_collections_are_no_text(text: str) -> None:
    """rapidyaml reads them as the end of the text before them."""
    found = read(source(f"apiVersion: v1\nkind: A\nmetadata: {{name: a}}\n{text}"))

    assert not found.diagnostics
    assert "#" not in repr(found.documents[0].body)


@pytest.mark.parametrize("text", ["-0: x\n", "1.50: x\n", "123456789.125: x\n", "a: {1.50 : x}\n", "a: {1.50}\n"])
def test_keys_that_are_spelled_anew_are_for_the_exact_path(text: str) -> None:
    """Numbers, of which kubectl makes texts again."""
    assert fast.parse(text) is None


@pytest.mark.parametrize("text", ["a: -0\n", "a: 1234.9999999999999\n", "a: 1.0\n"])
def test_numbers_that_are_spelled_anew(text: str) -> None:
    """rapidyaml does not know of kubectl's ways with numbers, so they are put aside."""
    assert not fast.clean(text)
    assert repr(fast.parse(text)) == repr(exact.parse(text).value)
