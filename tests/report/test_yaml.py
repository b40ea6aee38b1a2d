"""Objects written as YAML are read as they were, by the server's rules and by everybody's."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from manifold.read import exact
from manifold.report._yaml import dumps

ODD = [
    "", "a", "y", "No", "null", "~", "1", "1.5", "1e3", "0x1f", "0o7", "010", "1_000", "12:30", "500m", "128Mi", "1.2.3",
    "10.0.0.1", "2026-01-01", "=", "<<", "*a", "&a", "- a", "a: b", "a #b", " a", "a ", "a\n", "a\nb", "a\n\nb\n\n", "\n",
    " a\nb", "a \nb", "\té", "\u2028", "\x07", "\U0001f600", "a\tb", "it's", "%a", "@a", "|", "{", "]", "x:y", "x:", "--", "---",
    "...", ".inf", "+1", "a\r\nb", "\ufeffx", "\x85", "http://a:80/b?c=d#e",
]  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from(ODD), st.text(max_size=12), st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
KEYS = st.one_of(st.sampled_from(ODD), st.text(max_size=6))


def readable(value: Any) -> bool:
    """Whether YAML can hold a value at all: go-yaml takes no control characters, not even escaped surrogates."""
    try:
        return exact.parse(yaml.safe_dump(value)).value == value
    except exact.UnreadableError:
        return False


@given(
    st.dictionaries(
        KEYS,
        st.recursive(LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=4), max_leaves=20),
        max_size=5,
    )
)
def test_what_is_written_is_read(value: dict[str, Any]) -> None:
    """Any object comes back the same, by go-yaml's rules."""
    if readable(value):
        assert exact.parse(dumps(value)).value == value


@pytest.mark.parametrize("text", ODD)
def test_texts_stay_texts_for_every_reader(text: str) -> None:
    """Numbers, booleans, dates and signs in texts are quoted, so that PyYAML's older rules read texts as well."""
    assert yaml.safe_load(dumps({"a": [text, {"b": text}], "c": text})) == {"a": [text, {"b": text}], "c": text}


def test_looks_as_people_write() -> None:
    """No quotes where none are needed, lists at their key's column, lines of a text as lines."""
    body = {
        "spec": {"image": "registry.example.com/web:1.2", "cpu": "500m", "ports": [{"port": 80, "name": "http"}], "args": []},
        "data": {"on": "yes", "conf": "a: 1\n\nb: 2\n", "tail": "x\ny"},
    }  # fmt: skip
    assert dumps(body) == (
        "spec:\n  image: registry.example.com/web:1.2\n  cpu: 500m\n  ports:\n  - port: 80\n    name: http\n  args: []\n"
        "data:\n  'on': 'yes'\n  conf: |\n    a: 1\n\n    b: 2\n  tail: |-\n    x\n    y\n"
    )
