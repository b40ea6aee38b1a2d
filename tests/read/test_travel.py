"""What was read in one process is the same in another."""

from __future__ import annotations

from pathlib import Path

from manifold.model import Source
from manifold.read import Reading, read, travel
from manifold.read.packed import Packed

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.yaml"))
ODD = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: &a {b: c}}\ndata: *a\n",  # the exact path
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- 3\n",
    '{"apiVersion": "v1", "kind": "Pod"}{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}',
    "a: 1\na: 2\n",
    "- 1\n",
    "kind: Pod\n---x\n",
    "",
)


def test_readings_arrive_as_they_were_sent() -> None:
    """Of every fixture and of odd texts: documents with their places, diagnostics, what was skipped, lists."""
    texts = [f.read_bytes() for f in FIXTURES] + [text.encode() for text in ODD]
    sources = [Source(f"{i}.yaml", text, bool(i % 2)) for i, text in enumerate(texts)]
    sent = [(i, read(source, packed=True), [b"%d" % i]) for i, source in reversed(list(enumerate(sources)))]
    arrived = travel.load(travel.dump(sent, sources), sources)

    assert [(number, more) for number, _, more in arrived] == [(number, more) for number, _, more in sent]
    plain = 0
    for (_, a, _), (_, b, _) in zip(sent, arrived, strict=True):
        assert (a.diagnostics, a.skipped, a.pieces) == (b.diagnostics, b.skipped, b.pieces)
        assert [d.body for d in a.lists] == [d.body for d in b.lists]
        assert len(a.documents) == len(b.documents)
        for one, other in zip(a.documents, b.documents, strict=True):
            plain += other.__class__ is Packed
            assert (one.source, one.index, one.named) == (other.source, other.index, other.named)
            assert (one.body, one.key("x"), one.glance) == (other.body, other.key("x"), other.glance)
            assert (one.api_version, one.kind) == (other.api_version, other.kind)
            for path in ((), ("metadata", "name"), ("spec", "not-there")):
                assert one.locate(path) == other.locate(path)
    assert plain > 20


def test_the_text_of_a_source_stays_at_home() -> None:
    """Places are looked up in the text that the receiver has: it is not sent along."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: &x b, c: *x}\n# " + "x" * 100_000 + "\n"
    source = Source("a.yaml", text.encode())
    reading: Reading = read(source, packed=True)

    assert len(travel.dump([(0, reading, [])], [source])) < 2000
    assert (
        travel.load(travel.dump([(0, reading, [])], [source]), [source])[0][1].documents[0].locate(("data", "a")).line
        == 4
    )
