#!/usr/bin/env python3
"""Make `schemas/lifecycle.yaml`: when kinds were introduced, deprecated and removed, and what replaces them.

    python scripts/build_lifecycle.py FOLDER ...

Each FOLDER is the module k8s.io/api of one release, oldest first: the `zz_generated.prerelease-lifecycle.go` files say
what was planned; the last that knows a kind is believed. What was done then is seen in the kinds that each release's
OpenAPI holds (`schemas/kubernetes`): where the two differ, `removed` and `introduced` follow that. What neither tells
stands in `scripts/lifecycle-by-hand.yaml`, and wins. Running it again on the same input gives the same bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from manifold.apiserver.schema import load, versions
from manifold.k8s.versions import order as rank_of_version

HERE = Path(__file__).resolve().parents[1]
OUT = HERE / "schemas" / "lifecycle.yaml"
BY_HAND = HERE / "scripts" / "lifecycle-by-hand.yaml"

HEAD = """\
# When API versions and kinds were introduced, deprecated and removed, and what replaces them; a list kind follows its items.
# Made by scripts/build_lifecycle.py from the APILifecycle functions of k8s.io/api {first} to {last}, from the kinds that each
# release's OpenAPI holds, and from scripts/lifecycle-by-hand.yaml. `component` names another project; versions are its own.
# `advice`: what to do where no kind replaces it.
entries:
"""

_GROUP = re.compile(r'^const GroupName = "([^"]*)"', re.MULTILINE)
_RELEASE = re.compile(
    r"func \(in \*(\w+)\) APILifecycle(Introduced|Deprecated|Removed)\(\)[^{]*\{\s*return (\d+), (\d+)"
)
_INSTEAD = re.compile(
    r"func \(in \*(\w+)\) APILifecycleReplacement\(\)[^{]*\{\s*return schema\.GroupVersionKind\{"
    r'Group: "([^"]*)", Version: "([^"]*)", Kind: "([^"]*)"'
)

Key = tuple[str, str]
Entry = dict[str, Any]


def order(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def planned(module: Path) -> dict[Key, Entry]:
    """What the functions of one release's k8s.io/api say, by apiVersion and kind; lists left out."""
    found: dict[Key, Entry] = {}
    for file in sorted(module.glob("*/*/zz_generated.prerelease-lifecycle.go")):
        group = _GROUP.search((file.parent / "register.go").read_text())
        if group is None:
            raise SystemExit(f"{file.parent}: register.go names no group")
        api_version = f"{group[1]}/{file.parent.name}" if group[1] else file.parent.name
        text = file.read_text()
        for kind, what, major, minor in _RELEASE.findall(text):
            if not kind.endswith(("List", "Options")):
                found.setdefault((api_version, kind), {})[what.lower()] = f"{major}.{minor}"
        for kind, into, version, name in _INSTEAD.findall(text):
            if (api_version, kind) in found:
                there = f"{into}/{version}" if into else version
                found[api_version, kind]["replacement"] = {"apiVersion": there, "kind": name}
    return found


def present(plans: dict[str, dict[Key, Entry]]) -> dict[Key, list[str]]:
    """The releases that have a kind, in their OpenAPI or in their code, oldest first."""
    found: dict[Key, list[str]] = {}
    for release in versions():
        schema = load(release)
        for key in dict.fromkeys((*schema.known(), *plans.get(release, ()))):
            found.setdefault(key, []).append(release)
    return found


def corrected(entry: Entry, there: list[str]) -> Entry:
    """The entry with what the releases that we ship really have.

    Servers stop to serve a kind when its plan says so, and earlier where it has left the code; types may stay longer.
    """
    releases = versions()
    if there:
        first, last = there[0], there[-1]
        if last != releases[-1]:
            gone = releases[releases.index(last) + 1]
            entry["removed"] = min(entry.get("removed") or gone, gone, key=order)
        if first != releases[0]:
            entry["introduced"] = first
    return entry


def replaced(key: Key, entry: Entry, keys: Iterable[Key]) -> Entry:
    """The entry with a replacement where it names none: the kind in the version of its group that is preferred now."""
    instead = entry.get("replacement")
    if instead and instead["kind"].endswith("List"):
        instead["kind"] = instead["kind"].removesuffix("List")
    if not instead:
        group, _, version = key[0].rpartition("/")
        others = [v.rpartition("/")[2] for v, k in keys if k == key[1] and v.rpartition("/")[0] == group]
        best = max(others, key=rank_of_version, default=version)
        if rank_of_version(best) > rank_of_version(version):
            entry["replacement"] = {"apiVersion": f"{group}/{best}" if group else best, "kind": key[1]}
    return entry


def line(key: Key, entry: Entry) -> str:
    said = [f"apiVersion: {key[0]}", f"kind: {key[1]}"]
    if "component" in entry:
        said.append(f"component: {entry['component']}")
    said += [f'{word}: "{entry[word]}"' for word in ("introduced", "deprecated", "removed") if entry.get(word)]
    if instead := entry.get("replacement"):
        said.append(f"replacement: {{apiVersion: {instead['apiVersion']}, kind: {instead['kind']}}}")
    if advice := entry.get("advice"):
        said.append(f'advice: "{advice}"')
    return f"  - {{{', '.join(said)}}}\n"


def main() -> None:
    modules = [Path(argument) for argument in sys.argv[1:]]
    if not modules:
        sys.exit(__doc__)
    known: dict[Key, Entry] = {}
    plans: dict[str, dict[Key, Entry]] = {}
    for module in modules:
        release = re.sub(r".*@v0\.(\d+).*", r"1.\1", str(module))
        plans[release] = planned(module)
        known.update(plans[release])
    there = present(plans)
    newest = [key for key, releases in there.items() if releases[-1] == versions()[-1]]
    for key in there:
        if "alpha" in key[0] or "beta" in key[0]:
            known.setdefault(key, {})
    table = {k: replaced(k, corrected(e, there.get(k, [])), newest) for k, e in known.items()}
    for entry in yaml.safe_load(BY_HAND.read_text())["entries"]:
        key = (entry.pop("apiVersion"), entry.pop("kind"))
        table[key] = {**table.get(key, {}), **entry}
    # What stays for good tells nothing that the schemas do not.
    kept = {k: e for k, e in table.items() if e.get("deprecated") or e.get("removed") or "component" in e}

    def rank(item: tuple[Key, Entry]) -> tuple[Any, ...]:
        key, entry = item
        return ("component" in entry, order(entry.get("removed") or "99.0"), key)

    releases = sorted(plans, key=order)
    text = HEAD.format(first=releases[0], last=releases[-1])
    OUT.write_text(text + "".join(line(k, e) for k, e in sorted(kept.items(), key=rank)))
    print(f"{OUT.name}: {len(kept)} entries")


if __name__ == "__main__":
    main()
