"""Hold our lint rules against kube-linter or kube-score on changed manifests, check by check, with minimal cases.

    python -m tests.peers.fuzz --peer kube-score --count 2000
    python -m tests.peers.fuzz --peer kube-linter --count 2000 --seed 7 --check no-anti-affinity FOLDER ...

A case is one file: objects of a manifest of this repository's fixtures (or of the folders given), changed at the places
that linters look at, with neighbours. The peer sees each file alone. Its check and our equivalent (`api.equivalents()`)
are compared by the objects that each flags. Files that the peer cannot read are left out, and so are those with an object
that the API server refuses, unless `--refused`: there the rules leave the word to it. `--check` shows each difference
with the file. The peers are looked for in PATH and in `--programs`; tests do not run this.
"""

from __future__ import annotations

import argparse
import collections
import copy
import fnmatch
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from manifold import api
from manifold.model import Source
from manifold.read import read

from tests.peers.variations import Body, Varier

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "manifold" / "peers"
OPTIONAL = (
    "container-resource-requests-equal-limits", "container-cpu-requests-equal-limits", "container-memory-requests-equal-limits",
    "container-ephemeral-storage-request-equals-limit", "container-ports-check", "container-seccomp-profile",
)  # fmt: skip
"""The checks of kube-score that it makes only when asked."""


UNSEEN = {
    "kube-linter": {"PodTemplate"},
    "kube-score": {"ReplicaSet", "ReplicationController", "PodTemplate", "DeploymentConfig"},
}
"""Kinds with Pods that a peer does not look at, which docs/differences-to-linters.md says: cases are without them."""
ANNOTATIONS = {"kube-linter": "kube-linter.io/", "kube-score": "kube-score/"}
"""What the annotations by which an object is left out have in their names; ours heeds those of all peers."""


class Flagged(NamedTuple):
    """An object that a check says something about."""

    case: int
    kind: str
    name: str


@dataclass
class Case:
    """One file, and what was done to it."""

    bodies: list[Body]
    how: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "---\n".join(json.dumps(body, indent=1) + "\n" for body in self.bodies)


@dataclass
class Tally:
    """What one check and its equivalent flag: both, the peer alone, we alone."""

    ours: list[str]
    both: int = 0
    they: list[Flagged] = field(default_factory=list)
    we: list[Flagged] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The part of what either flags that both do."""
        return self.both / max(1, self.both + len(self.they) + len(self.we))


Findings = Mapping[str, set[Flagged]]


def bases(folders: Iterable[Path]) -> list[list[Body]]:
    """The files of `folders` as lists of objects; those without any, or with more than a dozen, left out."""
    found = []
    for folder in folders:
        for file in sorted([folder] if folder.is_file() else [*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
            bodies = [d.body for d in read(Source(str(file), file.read_bytes())).documents if isinstance(d.body, dict)]
            bodies = [b for b in bodies if isinstance(b.get("kind"), str) and isinstance(b.get("apiVersion"), str)]
            if 0 < len(bodies) <= 12:
                found.append(bodies)
    return found


def plain(bodies: list[Body], peer: str) -> list[Body]:
    """Without what is known to be taken otherwise: kinds the peer does not see, `default` beside none, others' annotations."""
    bodies = [b for b in bodies if b.get("kind") not in UNSEEN[peer]]
    for body in bodies:
        meta = body.get("metadata")
        if isinstance(meta, dict) and meta.get("namespace") == "default":
            del meta["namespace"]
        for part in [b for b in [meta, ((body.get("spec") or {}).get("template") or {}).get("metadata")] if b]:
            if isinstance(part, dict) and isinstance(part.get("annotations"), dict):
                part["annotations"] = {
                    key: value
                    for key, value in part["annotations"].items()
                    if ANNOTATIONS[peer] in key or not re.search("kube-linter|kube-score|polaris", key)
                }
    return bodies


def cases(chosen: list[list[Body]], peer: str, count: int, most: int, chance: random.Random) -> Iterator[Case]:
    """`count` files with up to `most` changes each."""
    varier = Varier(chance)
    for _ in range(count):
        case = Case(copy.deepcopy(chance.choice(chosen)) if chance.random() < 0.6 else [])
        for _ in range(0 if case.bodies else chance.randrange(1, 4)):
            varier.beside(case.bodies)
        if len(case.bodies) > 3 and chance.random() < 0.5:
            case.bodies = chance.sample(case.bodies, chance.randrange(1, 4))
        for _ in range(chance.randrange(1, most + 1)):
            if said := varier.change(case.bodies):
                case.how.append(said)
        case.bodies = plain(case.bodies, peer)
        if case.bodies:
            yield case


def kube_linter(program: str, files: list[Path]) -> tuple[Findings, set[int]]:
    """What kube-linter flags, and the cases that it could not read; each file is in a folder of its own."""
    config = files[0].parent.parent / "kube-linter.yaml"
    config.write_text("checks: {addAllBuiltIn: true, exclude: [schema-validation]}\n")  # that one asks the network
    flagged: dict[str, set[Flagged]] = collections.defaultdict(set)
    unread: set[int] = set()
    for start in range(0, len(files), 200):
        part = [str(f) for f in files[start : start + 200]]
        done = subprocess.run(
            [program, "lint", "--verbose", "--config", str(config), "--format", "json", *part],
            capture_output=True,
            text=True,
            check=False,
        )
        for line in done.stderr.splitlines():
            unread |= {int(f.parent.name) for f in files[start : start + 200] if f"{f}:" in line or f"{f} " in line}
        if done.returncode not in (0, 1) or not done.stdout:
            raise RuntimeError(done.stderr[-2000:])
        for one in json.loads(done.stdout)["Reports"] or ():
            about = one["Object"]["K8sObject"]
            case = int(Path(one["Object"]["Metadata"]["FilePath"]).parent.name)
            flagged[one["Check"]].add(Flagged(case, about["GroupVersionKind"]["Kind"], about["Name"]))
    return flagged, unread


def kube_score(program: str, files: list[Path]) -> tuple[Findings, set[int]]:
    """What kube-score flags, and the cases that it could not read; grades below 10 count, as it prints them."""
    flagged: dict[str, set[Flagged]] = collections.defaultdict(set)
    unread: set[int] = set()
    options = ["-o", "json", "--kubernetes-version", "v1.37", *(f"--enable-optional-test={o}" for o in OPTIONAL)]
    for file in files:
        case = int(file.parent.name)
        done = subprocess.run([program, "score", *options, str(file)], capture_output=True, text=True, check=False)
        try:
            answer = json.loads(done.stdout)
        except json.JSONDecodeError:
            unread.add(case)
            continue
        for one in answer or ():
            for check in one["checks"] or ():
                if not check["skipped"] and check["grade"] < 10:
                    name = one["object_meta"].get("name") or ""
                    flagged[check["check"]["id"]].add(Flagged(case, one["type_meta"]["kind"], name))
    return flagged, unread


PEERS = {"kube-linter": kube_linter, "kube-score": kube_score}


def ours(files: list[Path]) -> tuple[Findings, set[int]]:
    """What our rules flag, and the cases with something that the server refuses, which may stand for a check as well."""
    answers: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
    for rules in api.equivalents().values():
        for name in [rules] if isinstance(rules, str) else rules:
            rule, at, pattern = name.partition("@")
            if at:
                answers[rule].append((name, pattern))
    flagged: dict[str, set[Flagged]] = collections.defaultdict(set)
    refused: set[int] = set()
    for file in files:
        case = int(file.parent.name)
        for said in api.check(file.read_bytes(), profile="all"):
            about = said.object
            if said.rejects:
                refused.add(case)
            one = Flagged(case, about.kind if about else "", (about.name if about else "") or "")
            flagged[said.rule].add(one)
            for name, pattern in answers.get(said.rule, ()):
                if fnmatch.fnmatchcase(said.path, pattern):
                    flagged[name].add(one)
    return flagged, refused


def compare(peer: str, theirs: Findings, mine: Findings, left_out: set[int]) -> dict[str, Tally]:
    """Check by check; `left_out` are cases that do not count."""
    table = {}
    for alias, rules in api.equivalents().items():
        tool, _, check = alias.partition(":")
        if tool != peer:
            continue
        names = [rules] if isinstance(rules, str) else list(rules)
        they = {f for f in theirs.get(check, ()) if f.case not in left_out}
        we = {f for name in names for f in mine.get(name, ()) if f.case not in left_out}
        table[check] = Tally(names, len(they & we), sorted(they - we), sorted(we - they))
    if missing := set(theirs) - set(table):
        raise LookupError(f"no equivalent of {', '.join(sorted(missing))}")
    return table


def program(peer: str, folder: Path) -> str | None:
    """Where the peer is installed, if it is."""
    return shutil.which(peer, path=f"{folder}{os.pathsep}{os.environ.get('PATH', '')}")


def show(tally: Tally, made: Mapping[int, Case], most: int, width: int) -> None:
    """Print the differences of one check, the smallest files first."""
    for who, found in (("they alone", tally.they), ("we alone", tally.we)):
        for one in sorted(found, key=lambda f: len(made[f.case].text))[:most]:
            print(f"\n{who}: {one.kind} {one.name} ({one.case}: {'; '.join(made[one.case].how)})")
            for body in made[one.case].bodies:
                print(f"  {json.dumps(body):.{width}}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--peer", choices=sorted(PEERS), required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--changes", type=int, default=4, help="as many to one file, at most")
    parser.add_argument("--check", action="append", default=[], help="show each difference of this check")
    parser.add_argument("--most", type=int, default=6, help="as many differences of a kind are shown")
    parser.add_argument("--full", action="store_true", help="print each file whole")
    parser.add_argument("--refused", action="store_true", help="count objects that the server refuses, too")
    parser.add_argument("--programs", type=Path, default=PROGRAMS, help="a folder with the peers' programs")
    arguments = parser.parse_args()
    peer = program(arguments.peer, arguments.programs)
    if peer is None:
        raise SystemExit(f"{arguments.peer} is neither in PATH nor in {arguments.programs}: build it with `go build`")
    chosen = bases(
        arguments.folders or [ROOT / "fixtures" / name for name in ("exemplary", "shop", "sinks", "tutorial")]
    )
    if not chosen:
        raise SystemExit("no such manifests")
    print(f"seed {arguments.seed}; {len(chosen)} files to change")
    made: dict[int, Case] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, case in enumerate(
            cases(chosen, arguments.peer, arguments.count, arguments.changes, random.Random(arguments.seed))
        ):
            made[i] = case
            files.append(Path(folder) / str(i) / "case.yaml")
            files[-1].parent.mkdir()
            files[-1].write_text(case.text)
        theirs, unread = PEERS[arguments.peer](peer, files)
        mine, refused = ours(files)
    left_out = unread if arguments.refused else unread | refused
    table = compare(arguments.peer, theirs, mine, left_out)
    for check, tally in sorted(table.items(), key=lambda t: (t[1].share, -len(t[1].they) - len(t[1].we))):
        print(
            f"{check:65} {100 * tally.share:6.2f} % both {tally.both:5}  they alone {len(tally.they):4}  "
            f"we alone {len(tally.we):4}  {', '.join(tally.ours)}"
            if tally.both or tally.they or tally.we
            else f"{check:65} never flagged"
        )
    for check in arguments.check:
        print(f"\n== {check}")
        show(table[check], made, arguments.most, 3000 if arguments.full else 420)
    close = sum(t.share >= 0.99 for t in table.values() if t.both or t.they or t.we)
    fired = sum(bool(t.both or t.they or t.we) for t in table.values())
    print(
        f"{len(made)} files, {len(made) - len(left_out)} compared ({len(unread)} not read by the peer, {len(refused)} with "
        f"refusals); {close} of {fired} checks that flagged something agree on 99 % or more"
    )


if __name__ == "__main__":
    main()
