"""A text that repairs look at again is not read again, and what is kept of texts has a bound."""

from __future__ import annotations

import pytest
from manifold.fix import texts
from manifold.model import Source
from manifold.read.recent import Recent

TEXT = b"apiVersion: v1\nkind: A\n"


def test_each_text_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text of the same name gives the same reading; each way of reading is one of its own."""
    monkeypatch.setattr(texts, "_readings", Recent(1000))
    one = texts.read(Source("a.yaml", TEXT))
    assert texts.read(Source("a.yaml", bytes(bytearray(TEXT)))) is one
    assert texts.read(Source("a.yaml", TEXT), fast=False) is not one
    assert texts.read(Source("b.yaml", TEXT)).documents[0].source == "b.yaml"
    assert texts.read(Source("a.yaml", TEXT + b"b: 1\n")).documents[0].body["b"] == 1


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more text than that only the last readings are kept, and none of a text that is larger by itself."""
    monkeypatch.setattr(texts, "_readings", Recent(4 * len(TEXT)))
    for i in range(10):
        assert texts.read(Source(f"{i}.yaml", TEXT)).documents
        assert len(texts._readings) <= 4
    large = Source("large.yaml", TEXT + b"#" * 5 * len(TEXT))
    assert texts.read(large) is not texts.read(large)
