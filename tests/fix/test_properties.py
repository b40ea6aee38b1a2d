"""What holds of every repair, whatever the text: it reads as the same objects but for the repairs, and only once."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from manifold.fix.render import Style, flow, pair, plain
from manifold.read import exact, scalars

from tests.fix.test_engine import mended

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
COMMENTS = st.sampled_from(["", " # note", "   # it's: {odd}"])
SLIPS = st.lists(
    st.sampled_from(
        [
            "imagepullPolicy: Always", "imagePullPolicy: always", "stdin: 'true'", "tty: yes", "args: [1, 'on', off]",
            "env: [{name: A, value: 0644}]", "resources: {limits: {memory: 512MB, cpu: '1'}}", "workingDir: /a",
            "ports: [{containerPort: '80'}, {containerPort: 81, protocol: udp}]", "command:\n    - sh\n    - 8080",
            "readinesProbe:\n      httpGet: {path: /, port: 80}", "image: again",
        ]
    ),
    unique=True,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(SLIPS, COMMENTS, st.booleans(), st.booleans())
def test_repairs_are_made_once_and_touch_nothing_else(slips: list[str], comment: str, windows: bool, end: bool) -> None:
    """The second run changes nothing; lines without a slip are what they were; the text stays readable."""
    head = ["apiVersion: v1", "kind: Pod", "metadata: {name: a} # who", "spec:", "  # inside", "  containers:"]
    body = ["  - name: c", "    image: i:1", *(f"    {s}{comment}" for s in slips), "  hostname: h"]
    text = "\n".join([*head, *body]) + ("\n" if end else "")
    text = text.replace("\n", "\r\n") if windows else text
    (one,) = mended(text)
    (again,) = mended(one.after)
    after = one.after.decode()

    assert again.after == one.after
    assert exact.parse(after + "\n").lost is None
    for line in [*head, "  - name: c", "  hostname: h"]:
        assert line in after.split("\r\n" if windows else "\n")
    if comment and slips:
        assert comment in after
    assert after.endswith("\n") == end


@settings(max_examples=150, deadline=None)
@given(WORDS, VALUES, st.sampled_from([Style(), Style(step=4, dashes=2)]))
def test_new_text_reads_as_what_it_was_made_of(key: str, value: object, style: Style) -> None:
    """By kubectl's rules, in block style and within brackets."""
    block = "\n".join(pair(key, value, style)) + "\n"

    assert json.dumps(exact.parse(block).value) == json.dumps({key: value})
    assert json.dumps(exact.parse(flow({key: value}) + "\n").value) == json.dumps({key: value})


@settings(max_examples=150, deadline=None)
@given(WORDS | st.sampled_from(["y", "No", "0x1", "1_0", ".5", "~", "12:30", "a: b", "a #b", "- a", "<<", "="]))
def test_only_what_stays_a_text_goes_without_quotes(text: str) -> None:
    """YAML 1.1 takes many words for something else."""
    if plain(text):
        assert scalars.plain(text) == text
        assert exact.parse(f"a: {text}\nb: [{text}]\n").value == {"a": text, "b": [text]}
