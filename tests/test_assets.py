"""What is shipped is what is written."""

from __future__ import annotations

import zlib

import orjson
from manifold import assets


def test_compact_tables_are_in_step() -> None:
    """After a change to a YAML file under schemas/ or rules/: python scripts/build_tables.py."""
    # Not the compressed bytes: zlib's builds differ in those.
    written = orjson.loads(zlib.decompress(assets.compiled()))
    shipped = orjson.loads(zlib.decompress((assets.root("schemas") / assets.ARTEFACT).read_bytes()))

    assert [name for name in {**written, **shipped} if written.get(name) != shipped.get(name)] == []
