#!/usr/bin/env python3
"""Make `schemas/features.yaml`: which feature gate is on by default in which release.

    python scripts/build_features.py 1.30=FILE ... 1.37=FILE [1.37=FILE ...]

Each FILE is a `kube_features.go` of that release: of k8s.io/kubernetes pkg/features, k8s.io/apiserver pkg/features,
k8s.io/apiextensions-apiserver pkg/features. Newer ones hold the history of their gates; gates that have gone since
are found in older ones only. Running it again on the same input gives the same bytes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "schemas" / "features.yaml"

HEAD = """\
# Feature gates of the API server: the releases from which on a gate is on (true) or off (false) by default. Before the first
# release named a gate is off.
# Made by scripts/build_features.py from kube_features.go of k8s.io/kubernetes, apiserver and apiextensions-apiserver,
# {first} to {last}.
gates:
"""

_NAMES = re.compile(r"^\s*(\w+)\s+featuregate\.Feature = \"(\w+)\"", re.MULTILINE)
_ENTRY = re.compile(r"^\t(?:\w+\.)?(\w+):\s*(\{[^\n]*\}|\{\n.*?^\t\}),", re.MULTILINE | re.DOTALL)
_SPEC = re.compile(r"\{([^{}]*\bDefault:[^{}]*)\}")
_VERSION = re.compile(r"MustParse\(\"([\d.]+)\"\)")
_DEFAULT = re.compile(r"Default:\s*(true|false)")


def order(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def gates(release: str, text: str) -> dict[str, dict[str, bool]]:
    """The gates of one file by their name in Go: release -> default."""
    found: dict[str, dict[str, bool]] = {}
    for name, body in _ENTRY.findall(text):
        for spec in _SPEC.findall(body):
            default, version = _DEFAULT.search(spec), _VERSION.search(spec)
            if default is not None:
                found.setdefault(name, {})[version[1] if version else release] = default[1] == "true"
    return found


def changes(history: dict[str, bool]) -> dict[str, bool]:
    """Only the releases in which the default turns."""
    now, kept = False, {}
    for release in sorted(history, key=order):
        if history[release] != now:
            now = kept[release] = history[release]
    return kept


def main() -> None:
    files = [argument.split("=", 1) for argument in sys.argv[1:]]
    if not files:
        sys.exit(__doc__)
    known: dict[str, dict[str, bool]] = {}
    names: dict[str, str] = {}
    releases = sorted({release for release, _ in files}, key=order)
    for release, path in sorted(files, key=lambda f: order(f[0])):
        text = Path(path).read_text()
        names.update(_NAMES.findall(text))
        for name, history in gates(release, text).items():
            known.setdefault(name, {}).update(history)
    lines = []
    for name in sorted(known):
        turned = changes(known[name])
        said = ", ".join(f'"{release}": {str(on).lower()}' for release, on in turned.items())
        lines.append(f"  {names.get(name, name)}: {{{said}}}\n")
    OUT.write_text(HEAD.format(first=releases[0], last=releases[-1]) + "".join(lines))
    print(f"{OUT.name}: {len(lines)} gates")


if __name__ == "__main__":
    main()
