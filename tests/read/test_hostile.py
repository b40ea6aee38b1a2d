"""Texts made to take all time or room end in a diagnostic."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from manifold.model import Source
from manifold.read import read, walk
from manifold.read.reader import MOST_DUPLICATES

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize("fast", [True, False])
def test_a_key_that_stands_there_many_times(fast: bool) -> None:
    """So many diagnostics are said that people can read, and the last says how many more there were."""
    text = HEAD + "data:\n" + "  a: b\n" * (MOST_DUPLICATES * 30)
    found = read(Source("f", text.encode()), fast=fast)
    assert len(found.diagnostics) == MOST_DUPLICATES
    assert f"{MOST_DUPLICATES * 29 - 1} more keys" in found.diagnostics[-1].message
    assert found.documents[0].body["data"] == {"a": "b"}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("nested", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000, "[" * 20_000 + "]" * 20_000])
def test_deep_nesting(nested: str, fast: bool) -> None:
    """Brackets and dashes without end are refused, and nothing overflows."""
    found = read(Source("f", f"{HEAD}data: {nested}\n".encode()), fast=fast)
    assert [d.rejects for d in found.diagnostics] == [True]


@pytest.mark.parametrize("fast", [True, False])
def test_alias_bomb(fast: bool) -> None:
    """Aliases that multiply are refused before they do."""
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    text = HEAD + "a0: &a0 [x, x]\n" + "\n".join(lines) + "\n"
    found = read(Source("f", text.encode()), fast=fast)
    assert [d.rule for d in found.diagnostics] == ["yaml/alias"]


def test_more_than_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a stream of more bytes than any manifest has is named, and not read."""
    monkeypatch.setattr(walk, "LARGEST", 100)
    (tmp_path / "large.yaml").write_bytes(b"x" * 101)
    stream = io.TextIOWrapper(io.BytesIO(b"x" * 5_000))
    monkeypatch.setattr(sys, "stdin", stream)
    found = walk.walk([tmp_path, Path("-")])
    assert [d.rule for d in found.diagnostics] == ["yaml/unreadable"] * 2
    assert not found.sources
    assert stream.buffer.tell() <= 101
