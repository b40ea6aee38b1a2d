"""The constraint tables: well-formed, of types that exist, and in step with what is shipped."""

from __future__ import annotations

import zlib

from manifold import assets
from manifold.apiserver import constraints
from manifold.apiserver.schema import load, versions


def test_artefact_is_in_step_with_the_tables() -> None:
    """After a change to a table: python scripts/build_tables.py."""
    root = assets.root("schemas")

    # Not the compressed bytes: zlib's builds differ in those.
    assert zlib.decompress(constraints.compiled(root / "constraints")) == zlib.decompress(
        (root / constraints.ARTEFACT).read_bytes()
    )


def test_tables_speak_of_types_and_fields_that_exist() -> None:
    """In one release at least."""
    known: dict[str, set[str]] = {}
    for version in versions():
        schema = load(version)
        for name in schema.type_names():
            known.setdefault(name, set()).update(schema.type(name).fields)
    wrong = [
        f"{name}.{field}"
        for name, fields in constraints.read_tables(assets.root("schemas") / "constraints").items()
        for field in fields
        if field != "$self" and field not in known.get(name, ())
    ]

    assert wrong == []
