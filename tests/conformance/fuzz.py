"""Ask a real server about changed manifests, and print where the paper one answers otherwise, as minimal cases.

    python -m tests.conformance.fuzz --count 3000 --kind Service --kind EndpointSlice
    python -m tests.conformance.fuzz --stored --group apps --seed 7 FOLDER ...

Without folders the kitchen sinks are changed. `--stored` compares what is stored by a server with default admission
instead of verdicts. `--update` changes stored objects instead of new ones. `--kubernetes 1.33` answers as that release
does, which `KUBEBUILDER_ASSETS` must then hold. The seed is printed.
"""

from __future__ import annotations

import argparse
import collections
import copy
import http.client
import json
import random
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifold import api
from manifold.apiserver.server import Server
from manifold.model import Source
from manifold.read import read

from tests.conformance.controlplane import LOOKS_ELSEWHERE, ControlPlane, Reply
from tests.conformance.mutations import Body, Mutator

ROOT = Path(__file__).resolve().parents[2]
SINKS = ROOT / "fixtures" / "sinks"
NOT_VALID_ALONE = {"cr-invalid.yaml", "cr-updates.yaml", "subresource-bodies.yaml", "flowcontrol-exempt.yaml"}


def bases(folders: Iterable[Path] = (SINKS,)) -> list[Body]:
    """The objects in `folders` that a server may take by themselves."""
    found = []
    for folder in folders:
        for file in sorted([folder] if folder.is_file() else folder.rglob("*.yaml")):
            if file.name not in NOT_VALID_ALONE:
                found += [d.body for d in read(Source(str(file), file.read_bytes())).documents]
    return [b for b in found if b.get("apiVersion") and b.get("kind")]


def served(found: Iterable[Body]) -> list[Body]:
    """Those of a kind that the server has, of itself or by the sinks' definitions."""
    server = Server(crds=definitions())
    return [b for b in found if server.kind(str(b["apiVersion"]), str(b["kind"])) is not None]


def definitions() -> list[Body]:
    """The CustomResourceDefinitions of the sinks, which must exist for the custom resources among them."""
    files = sorted((SINKS / "platform").glob("crd-*.yaml"))
    return [b for b in bases(files) if b["kind"] == "CustomResourceDefinition"]


def install(plane: ControlPlane) -> None:
    """Create the definitions and wait until they are served."""
    for body in definitions():
        plane.create(body, dry_run=False)
    for _ in range(50):  # kubectl fails where a definition has no status yet
        done = plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        if not done.returncode:
            return
        time.sleep(0.2)
    raise RuntimeError(done.stderr)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One case in which we answer otherwise: its `sort` groups equal ones."""

    sort: str
    how: str
    body: Body
    theirs: str
    ours: str


def wild(path: str) -> str:
    return re.sub(r"\[[^\[\]]*\]", "[]", path)


def strict_only(reply: Reply) -> bool:
    """Whether the server went no further than decoding: we then say more than it does."""
    return reply.code == 400 and not reply.causes()


def said_by(reply: Reply) -> set[str]:
    """The fields that the server blames."""
    if strict_only(reply):
        found = re.findall(r'unknown field ("(?:[^"\\]|\\.)+")', str(reply.body.get("message")))
        return {json.loads(f) for f in found}
    return {field for _, field in reply.causes() if field and field != "<nil>"}


def in_earnest(found: Iterable[api.Diagnostic]) -> bool:
    """Whether the refusals among these hold in a dry run, too: it does not look at the ranges of node ports."""
    paths = [d.path for d in found if d.rejects]
    return not paths or any(not p.lower().endswith("nodeport") for p in paths)


def compare_verdict(body: Body, how: str, reply: Reply, found: list[api.Diagnostic]) -> Iterator[Disagreement]:
    """Verdict, fields blamed, and whether there is a warning."""
    kind = f"{body['apiVersion']} {body['kind']}"
    refusals = [d for d in found if d.rejects]
    theirs = f"{reply.code} {str(reply.body.get('message', ''))[:600]}"
    ours = "; ".join(f"{d.path}: {d.message}" for d in found)[:600]
    if refusals and reply.accepted and not in_earnest(refusals):
        return
    if bool(refusals) == reply.accepted:
        first = refusals[0].path if refusals else (sorted(said_by(reply)) or [""])[0]
        message = re.sub(r'"[^"]*"|\d+', "_", refusals[0].message if refusals else theirs)[:70]
        who = "refused" if refusals else "accepted"
        yield Disagreement(f"{who} by us alone: {kind} {wild(first)}: {message}", how, body, theirs, ours)
    elif reply.accepted:
        warned = any(d.origin == "apiserver" and not d.rejects for d in found)
        if warned != bool(reply.warnings):
            who = "warned by us alone" if warned else "not warned"
            text = ours if warned else str(reply.warnings)
            yield Disagreement(
                f"{who}: {kind}: {re.sub(chr(34) + '[^' + chr(34) + ']*' + chr(34), '_', text)[:90]}",
                how,
                body,
                str(reply.warnings),
                ours,
            )
    else:
        wanted = said_by(reply)
        seen = [d for d in refusals if d.path in wanted or in_earnest([d])]
        blamed = {d.path for d in seen if d.path and d.path != "<nil>"}
        if wanted:
            for path in sorted(wanted - blamed)[:1]:
                yield Disagreement(f"path not blamed: {kind} {wild(path)}", how, body, theirs, ours)
            for path in sorted(blamed - wanted)[: 0 if strict_only(reply) else 1]:
                yield Disagreement(f"path wrongly blamed: {kind} {wild(path)}", how, body, theirs, ours)
            if blamed == wanted and not strict_only(reply):
                reasons = {(d.reason, d.path) for d in refusals if d.path}
                for reason, path in sorted({(r, p) for r, p in reply.causes() if p in wanted} - reasons)[:1]:
                    yield Disagreement(f"not with {reason}: {kind} {wild(path)}", how, body, theirs, ours)


_OWN = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "generation"}
_ITS_OWN = {"controller-uid", "batch.kubernetes.io/controller-uid", "timeAdded", "lastPhaseTransitionTime"}


def difference(ours: Any, theirs: Any, path: str = "") -> str:
    """Where two stored objects differ first; what we leave to the server to pick agrees with anything."""
    if ours == "<allocated>" or (isinstance(ours, str) and "<allocated>" in ours):
        return ""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            if (path == ".metadata" and key in _OWN) or key in _ITS_OWN:
                continue
            if key not in ours or key not in theirs:
                return f"{path}.{key} {'only with us' if key in ours else 'missing with us'}"
            if found := difference(ours[key], theirs[key], f"{path}.{key}"):
                return found
        return ""
    if isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return f"{path}[] length"
        return next((f for a, b in zip(ours, theirs, strict=True) if (f := difference(a, b, f"{path}[]"))), "")
    return "" if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool) else path or "(whole)"


def ask(
    plane: ControlPlane, body: Body, how: str, crds: list[Body], stored: bool, release: str | None = None
) -> list[Disagreement]:
    """Both answers to a create of `body`; ours as a server of `release`."""
    try:
        reply = plane.create(body)
    except LookupError:  # an older server does not serve the kind
        kind = f"{body['apiVersion']} {body['kind']}"
        found = api.validate(json.dumps(body), crds=crds, kubernetes=release)
        known = any(d.rule in ("api/no-such-kind", "api/removed") for d in found)
        ours = "; ".join(d.message for d in found)
        return [] if known else [Disagreement(f"not served: {kind}", how, body, "no such kind", ours)]
    except (OSError, http.client.HTTPException):  # it closed the connection without an answer
        return []
    if reply.code in (404, 409) or reply.code >= 500:  # a Binding's Pod is not there, or the name is taken; a fall
        return []
    if stored:
        if not reply.accepted or str(body["apiVersion"]).startswith(("authentication.", "authorization.")):
            return []  # reviews are answered, not stored
        got = api.preview(json.dumps(body), crds=crds, kubernetes=release)
        if not got and not in_earnest(api.validate(json.dumps(body), crds=crds, kubernetes=release)):
            return []
        found = difference(got[0], reply.body) if len(got) == 1 else "no object"
        if not found:
            return []
        kind = f"{body['apiVersion']} {body['kind']}"
        return [
            Disagreement(
                f"stored otherwise: {kind} {wild(found)}",
                how,
                body,
                json.dumps(reply.body)[:1500],
                json.dumps(got)[:1500],
            )
        ]
    return list(compare_verdict(body, how, reply, api.validate(json.dumps(body), crds=crds, kubernetes=release)))


def update(
    plane: ControlPlane, old: Body, new: Body, how: str, crds: list[Body], release: str | None = None
) -> list[Disagreement]:
    """Both answers to a PUT of `new` over the stored `old`; ours as a server of `release`."""
    path = plane.collection(old["apiVersion"], old["kind"], old["metadata"].get("namespace", ""))
    url = f"{path}/{old['metadata']['name']}?fieldValidation=Strict&dryRun=All"
    reply = plane.request("PUT", url, new)
    if reply.code in (403, 404, 409) or reply.code >= 500:  # a stored policy or webhook, or a loop of the server's own
        return []
    return list(compare_verdict(old, how, reply, api.update(old, new, crds=crds, kubernetes=release)))


def usable(body: Body) -> bool:
    """Whether the request's own path does not depend on what was changed."""
    meta = body.get("metadata")
    return body.get("apiVersion") is not None and (
        not isinstance(meta, dict) or meta.get("namespace") in (None, "", "default")
    )


def run(
    plane: ControlPlane,
    chosen: list[Body],
    donors: list[Body],
    count: int,
    chance: random.Random,
    *,
    stored: bool = False,
    updates: bool = False,
    release: str | None = None,
    most: int = 2,
) -> Iterator[Disagreement]:
    """`count` objects with up to `most` changes, by chance; yields where we disagree."""
    mutator = Mutator(donors, chance)
    changes = (1, 1, 1, *range(2, most + 1)) if most < 4 else range(1, most + 1)
    crds = definitions()
    made: dict[int, Body | None] = {}
    for _ in range(count):
        at = chance.randrange(len(chosen))
        base = copy.deepcopy(chosen[at])
        if not isinstance(base.get("metadata"), dict):
            base["metadata"] = {}
        base["metadata"].pop("namespace", None)
        if updates:
            if at not in made:
                try:
                    reply = plane.create(base, dry_run=False)
                except LookupError:  # an older server does not serve the kind
                    made[at] = None
                    continue
                made[at] = reply.body if reply.accepted and reply.body.get("metadata", {}).get("name") else None
            old = made[at]
            if old is None:
                continue
            sent = {**old, "metadata": {k: v for k, v in old["metadata"].items() if k != "managedFields"}}
            new, how = mutator.mutate(sent, chance.choice(changes))
            if isinstance(new.get("metadata"), dict) and new["metadata"].get("name") == old["metadata"]["name"]:
                yield from update(plane, old, new, how, crds, release)
            continue
        body, how = mutator.mutate(base, chance.choice(changes))
        if usable(body):
            yield from ask(plane, body, how, crds, stored, release)


def show(found: Iterable[Disagreement], *, top: int | None = None, width: int = 300, whole: bool = False) -> None:
    """Print the disagreements by sort, the most frequent first, each with its smallest case; `whole`: with its object."""
    sorts: dict[str, list[Disagreement]] = collections.defaultdict(list)
    for one in found:
        sorts[one.sort].append(one)
    for sort, cases in sorted(sorts.items(), key=lambda s: -len(s[1]))[:top]:
        least = min(cases, key=lambda c: len(json.dumps(c.body)))
        print(f"\n{len(cases):4} {sort}\n     {least.how}")
        print(f"     server: {least.theirs[:width]}\n     we:     {least.ours[:width]}")
        if whole:
            print(f"     {json.dumps(least.body)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--kind", action="append", default=[], help="only these kinds")
    parser.add_argument("--group", action="append", default=[], help="only these API groups, `core` for the empty one")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--changes", type=int, default=2, help="as many to one object, at most")
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--full", action="store_true", help="print each example whole")
    parser.add_argument("--stored", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--kubernetes", help="the release that KUBEBUILDER_ASSETS holds, where it is not the newest")
    arguments = parser.parse_args()
    donors = bases(arguments.folders or [SINKS])
    chosen = [
        b
        for b in served(donors)
        if (not arguments.kind or b["kind"] in arguments.kind)
        and (not arguments.group or (str(b["apiVersion"]).rpartition("/")[0] or "core") in arguments.group)
    ]
    if not chosen:
        raise SystemExit("no such manifests")
    print(f"seed {arguments.seed}; {len(chosen)} manifests to change")
    with (
        tempfile.TemporaryDirectory() as folder,
        ControlPlane(Path(folder), disable="" if arguments.stored else LOOKS_ELSEWHERE) as plane,
    ):
        install(plane)
        if arguments.stored:
            plane.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, dry_run=False)
        found = list(
            run(
                plane,
                chosen,
                donors,
                arguments.count,
                random.Random(arguments.seed),
                stored=arguments.stored,
                updates=arguments.update,
                release=arguments.kubernetes,
                most=arguments.changes,
            )
        )
    print(f"{len(found)} disagreements of {arguments.count}")
    show(found, top=arguments.top, width=3000 if arguments.full else 300, whole=arguments.full)


if __name__ == "__main__":
    main()
