"""What is shipped is what is written."""

from __future__ import annotations

from manifold import assets


def test_compact_tables_are_in_step() -> None:
    """After a change to a YAML file under schemas/ or rules/: python scripts/build_tables.py."""
    assert assets.compiled() == (assets.root("schemas") / assets.ARTEFACT).read_bytes()
