#!/usr/bin/env python3
"""Make `schemas/kubernetes/v1.NN.json.zz`: what Kubernetes' OpenAPI and Go types say, compact.

    python scripts/build_schemas.py --gotypes gotypes.json
        [--openapi 1.37=FOLDER] [--discovery FILE ...]

Sources: the JSON schemas in the installed kubernetes-validate package (all releases); the OpenAPI v3 documents of a
running server (`GET /openapi/v3/apis/GROUP/VERSION`, one file each in FOLDER, .json or .json.gz: enums and defaults
come from there); the server's aggregated discovery (`GET /api`, `/apis`: plurals, scope, verbs);
scripts/gotypes/main.go (pointers and omitempty); schemas/dropped-fields.yaml. Running it again on the same input gives
the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from manifold.apiserver import openapi

HERE = Path(__file__).resolve().parents[1]
OUT = HERE / "schemas" / "kubernetes"


def read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def documents(folder: Path) -> dict[str, Any]:
    """All definitions of a folder of OpenAPI v3 documents."""
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("version"):
            continue
        found.update(read(path)["components"]["schemas"])
    return found


def discovered(files: list[Path]) -> dict[tuple[str, str], tuple[str, bool, list[str]]]:
    """(group, kind) -> plural, namespaced, verbs."""
    out: dict[tuple[str, str], tuple[str, bool, list[str]]] = {}
    for path in files:
        for group in read(path)["items"]:
            name = (group.get("metadata") or {}).get("name", "")
            for version in group["versions"]:
                for r in version["resources"]:
                    kind = (r.get("responseKind") or {}).get("kind")
                    if kind:
                        out.setdefault((name, kind), (r["resource"], r["scope"] == "Namespaced", sorted(r["verbs"])))
    return out


def served(files: list[Path]) -> set[tuple[str, str, str]]:
    out = set()
    for path in files:
        for group in read(path)["items"]:
            name = (group.get("metadata") or {}).get("name", "")
            for version in group["versions"]:
                out |= {
                    (name, version["version"], (r.get("responseKind") or {}).get("kind", ""))
                    for r in version["resources"]
                }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gotypes", type=Path, required=True)
    parser.add_argument("--openapi", action="append", default=[], metavar="1.NN=FOLDER")
    parser.add_argument("--discovery", type=Path, action="append", default=[])
    parser.add_argument("--newest", default="1.37", help="the release that --discovery was read from")
    parser.add_argument("--oldest", type=int, default=25)
    arguments = parser.parse_args()
    go = json.loads(arguments.gotypes.read_bytes())
    live = {release: documents(Path(folder)) for release, _, folder in (o.partition("=") for o in arguments.openapi)}
    known = discovered(arguments.discovery)
    newest = int(arguments.newest.split(".")[1])
    OUT.mkdir(parents=True, exist_ok=True)
    for minor in range(arguments.oldest, newest + 1):
        release = f"1.{minor}"
        base = openapi.bundled(release)
        if base is None:
            parser.error(f"kubernetes-validate has no schemas of {release}")
        rich = live.get(release) or live.get(arguments.newest, {})
        definitions = {**base, **live.get(release, {})}
        exact = served(arguments.discovery) if release == arguments.newest and arguments.discovery else None
        data = openapi.compact(release, definitions, go=go, richer=rich, known=known, exact=exact)
        text = json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
        path = OUT / f"v{release}.json.zz"
        path.write_bytes(zlib.compress(text, 9))
        print(
            f"{path.relative_to(HERE)}: {len(data['kinds'])} kinds, {len(data['types'])} types, {len(text)} -> {path.stat().st_size} bytes"
        )


if __name__ == "__main__":
    main()
