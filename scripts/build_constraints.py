#!/usr/bin/env python3
"""Make `schemas/constraints.json.zz` out of `schemas/constraints/*.yaml`: reading YAML at each start would be slow."""

from __future__ import annotations

from manifold import assets
from manifold.apiserver import constraints


def main() -> None:
    root = assets.root("schemas")
    found = constraints.read_tables(root / "constraints")
    file = root / constraints.ARTEFACT
    file.write_bytes(constraints.compiled(found))
    print(f"{file.name}: {len(found)} types, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
