"""What is shipped is what is written."""

from __future__ import annotations

import zlib

import orjson
from manifold import assets


def test_compact_tables_are_in_step() -> None:
    """After a change to a YAML file under schemas/ or rules/: python scripts/build_tables.py."""
    # Not the compressed bytes: zlib's builds differ in those.
    written = orjson.loads(zlib.decompress(assets.compiled()))
    made, shipped = assets.unpack(assets.root("schemas") / assets.ARTEFACT)

    assert [name for name in {**written["data"], **shipped} if written["data"].get(name) != shipped.get(name)] == []
    assert made == written["of"]


def test_a_changed_table_counts_over_the_compact_one() -> None:
    """By its content, whatever its time says."""
    file = assets.root("schemas") / "names.yaml"
    made, _ = assets.unpack(assets.root("schemas") / assets.ARTEFACT)

    assert assets.unchanged(made, file)
    assert not assets.unchanged({**made, "schemas/names.yaml": 0}, file)
