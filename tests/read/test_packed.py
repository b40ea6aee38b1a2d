"""Documents that keep their value as JSON are those that are kept as dicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold.model import Document, Source
from manifold.read import read
from manifold.read.packed import Packed, pack

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.yaml"))


@pytest.mark.parametrize("fast", [True, False])
def test_packed_documents_are_the_same(fast: bool) -> None:
    """Value, identity and places of every fixture's documents are the same, packed or not."""
    seen = 0
    for file in FIXTURES:
        source = Source(str(file), file.read_bytes())
        plain, packed = (read(source, fast=fast, packed=p).documents for p in (False, True))
        assert len(plain) == len(packed)
        for a, b in zip(plain, packed, strict=True):
            assert (a.source, a.index, a.named, a.api_version, a.kind) == (
                b.source, b.index, b.named, b.api_version, b.kind,
            )  # fmt: skip
            assert a.body == b.body == b.opened().body
            assert a.key("x") == b.key("x")
            for path in ((), ("metadata", "name"), ("spec",), ("spec", "not-there")):
                assert a.locate(path) == b.locate(path)
            seen += isinstance(b, Packed)
    assert seen > 20


def test_places_of_a_later_document() -> None:
    """A place in the third document of a file is found in the file, though no text of its own was kept."""
    text = "kind: A\napiVersion: v1\n---\n# nothing\n---\napiVersion: v1\nkind: B\nmetadata: &m\n  name: b\n"
    for tail in ("", "é: 1\n", "x: *m\n"):
        found = read(Source("f", (text + tail).encode()), fast=True, packed=True).documents
        assert [d.index for d in found] == [0, 2]
        assert found[1].locate(("metadata", "name")).line == 9


def test_values_that_json_cannot_hold_stay_as_they_are() -> None:
    """Numbers that JSON's reader would round are no reason to lose them."""
    body = {"apiVersion": "v1", "kind": "A", "n": 2**70}
    document = pack("", 0, body, lambda _: (0, 0, 0, 0), True)  # type: ignore[arg-type, return-value]
    assert type(document) is Document
    assert document.body == body


def test_mentions_only_what_is_there() -> None:
    """A word is looked for in the JSON; a document that is not packed may hold any."""
    body = {"apiVersion": "v1", "kind": "A", "metadata": {"annotations": {"kube-score/ignore": "x"}}}
    packed = pack("", 0, body, Document("", 0, body).locate, True)
    assert packed.mentions("ignore")
    assert not packed.mentions("exempt")
    assert Document("", 0, body).mentions("exempt")
