#!/usr/bin/env python3
"""Make the compact files that are read in place of YAML: `schemas/tables.json.zz` and `schemas/constraints.json.zz`.

Run it after each change to a YAML file under schemas/ or rules/; a test tells when it was forgotten.
"""

from __future__ import annotations

from manifold import assets
from manifold.apiserver import constraints


def main() -> None:
    root = assets.root("schemas")
    for file, data in (
        (root / constraints.ARTEFACT, constraints.compiled(root / "constraints")),
        (root / assets.ARTEFACT, assets.compiled()),
    ):
        file.write_bytes(data)
        print(f"{file.name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
