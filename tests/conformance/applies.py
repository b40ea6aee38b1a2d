"""Ask a real server what applies come to, and print where the paper one says otherwise, as minimal cases.

    python -m tests.conformance.applies --count 2000 --kind Service --kind Deployment
    python -m tests.conformance.applies --client --count 300 --seed 7 FOLDER ...

Objects are created from the kitchen sinks (or the folders given) in one of several ways, changed by somebody else now and
then, and a changed manifest is applied with dry run: server-side, or with `--client` by kubectl's three-way patch. Compared
are the verdict, the conflicts with their managers, the result, and who owns what. The seed is printed.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from manifold import api
from manifold.apiserver.convert import convert
from manifold.errors import ReadError
from manifold.model import Key

from tests.conformance.controlplane import LOOKS_ELSEWHERE, ControlPlane, Reply
from tests.conformance.fuzz import SINKS, Disagreement, bases, definitions, difference, in_earnest, install, show, wild
from tests.conformance.mutations import Body, Mutator

Answer = TypeVar("Answer")
PATCH = "application/apply-patch+yaml"
LAST = "kubectl.kubernetes.io/last-applied-configuration"
# Reviews are answered and not stored; loops of the server write into these by themselves.
LEFT_OUT = frozenset((
    "Binding", "TokenReview", "SubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectAccessReview",
    "SelfSubjectRulesReview", "SelfSubjectReview", "TokenRequest", "Eviction", "Scale", "Namespace",
    "PodAttachOptions", "PriorityLevelConfiguration", "FlowSchema", "APIService", "ServiceCIDR", "StorageVersionMigration",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Live:
    """A stored object, the manifest that it was made from, and how."""

    body: Body
    manifest: Body
    history: str


class Cluster:
    """The server's side of the cases: creates, drifts, dry-run applies."""

    def __init__(self, plane: ControlPlane, chance: random.Random) -> None:
        self.plane, self.chance = plane, chance

    def _url(self, body: Body) -> str:
        base = self.plane.collection(body["apiVersion"], body["kind"], "default")
        return f"{base}/{body['metadata']['name']}"

    def apply(self, body: Body, manager: str, *, force: bool = False, dry_run: bool = True) -> Reply:
        query = f"fieldManager={manager}&force={str(force).lower()}&fieldValidation=Strict{'&dryRun=All' if dry_run else ''}"
        return self.plane.request("PATCH", f"{self._url(body)}?{query}", body, PATCH)

    def steady(self, live: Live, ask: Callable[[], Answer]) -> tuple[Answer, Live]:
        """An answer, and the object as it then was: loops of the server may have written to it since it was read."""
        while True:
            answer = ask()
            stored = self.plane.request("GET", self._url(live.body)).body
            if stored["metadata"]["resourceVersion"] == live.body["metadata"]["resourceVersion"]:
                return answer, live
            live = replace(live, body=stored)

    def client(self, body: Body) -> tuple[str, Body | None]:
        """kubectl's word for an apply, and the result; `refused` where it or the server gave up."""
        text = json.dumps(body)
        done = self.plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
        if done.returncode:
            return f"refused {done.stderr}", None
        verb = done.stdout.partition(" (server dry run)")[0].rpartition(" ")[2]
        result = self.plane.kubectl(
            "apply", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-", stdin=text
        )
        return verb, json.loads(result.stdout)

    def make(self, manifest: Body, mutator: Mutator, *, annotated: bool = False) -> Live | None:
        """The object as it is stored after one of several histories; None where the server refuses it."""
        how = "client" if annotated else self.chance.choice(("server", "server", "client", "create"))
        if how == "server":
            reply = self.apply(manifest, "kubectl", dry_run=False)
        else:
            body, query = manifest, "fieldManager=kubectl-create"
            if how == "client":
                from manifold.apiserver.patch.apply import last_applied

                meta = manifest["metadata"]
                note = {LAST: last_applied(manifest)}
                body = {**manifest, "metadata": {**meta, "annotations": {**(meta.get("annotations") or {}), **note}}}
                query = "fieldManager=kubectl-client-side-apply"
            url = self._url(manifest).rpartition("/")[0]
            # Compact, as clients in Go write it: of data of any form the server keeps the very bytes.
            sent = json.dumps(body, separators=(",", ":")).encode()
            reply = self.plane.request("POST", f"{url}?{query}&fieldValidation=Strict", sent)
        if not reply.accepted:
            return None
        drift = self.chance.choice(("", "", "applied", "edited"))
        if drift == "applied":
            self.apply(self._part(manifest), "gitops", force=True, dry_run=False)
        elif drift == "edited":
            stored = self.plane.request("GET", self._url(manifest)).body
            stored["metadata"].pop("managedFields", None)
            for _ in range(5):
                edited, _ = mutator.mutate(stored)
                if self.plane.request("PUT", f"{self._url(manifest)}?fieldManager=editor", edited).accepted:
                    break
        return Live(self.plane.request("GET", self._url(manifest)).body, manifest, f"{how} {drift}".strip())

    def _part(self, manifest: Body) -> Body:
        """Some fields of a manifest, as another manager might apply them, and a label of its own."""
        meta = {"name": manifest["metadata"]["name"], "namespace": manifest["metadata"].get("namespace")}
        out: Body = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}
        out["metadata"] = {**{k: v for k, v in meta.items() if v}, "labels": {"gitops": "1"}}
        for name, value in manifest.items():
            if name not in out and name != "status":
                if isinstance(value, dict):
                    out[name] = {k: v for k, v in value.items() if self.chance.random() < 0.4}
                elif self.chance.random() < 0.4:
                    out[name] = value
        return out

    def remove(self, live: Live) -> None:
        url = self._url(live.body)
        body = self.plane.request("GET", url).body
        if (body.get("metadata") or {}).get("finalizers"):
            self.plane.request("PATCH", url, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        at_once = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        self.plane.request("DELETE", f"{url}?gracePeriodSeconds=0", at_once)
        if body.get("kind") == "CustomResourceDefinition":  # the other cases need it
            while self.plane.request("GET", url).code == 200:
                time.sleep(0.1)
            install(self.plane)


def owners(body: Body) -> list[tuple[Any, ...]]:
    """Who owns what, without times."""
    return sorted(
        (
            str(m.get("manager")),
            str(m.get("operation")),
            str(m.get("subresource", "")),
            str(m.get("apiVersion")),
            json.dumps(m.get("fieldsV1"), sort_keys=True),
        )
        for m in body["metadata"].get("managedFields") or []
    )


def conflicts(reply: Reply) -> set[tuple[str, str]]:
    """(manager, field) of each conflict."""
    causes = (reply.body.get("details") or {}).get("causes") or []
    return {(c["message"].split('"')[1], c["field"]) for c in causes if c.get("reason") == "FieldManagerConflict"}


def compare(live: Live, new: Body, how: str, reply: Reply, ours: api.Outcome) -> Iterator[Disagreement]:
    """A server-side apply: the server's answer beside ours."""
    kind = f"{new['apiVersion']} {new['kind']}"
    theirs = f"{reply.code} {str(reply.body.get('message', ''))[:400]}"
    said = f"{ours.verb} " + "; ".join(f"{d.path}: {d.message}" for d in ours.diagnostics if d.rejects)[:400]
    they = "taken" if reply.accepted else "conflict" if reply.code == 409 and conflicts(reply) else "refused"
    we = "taken" if ours.object is not None else ours.verb
    note = f"{how} over {live.history}"

    def differ(sort: str, left: str = theirs, right: str = said) -> Disagreement:
        return Disagreement(f"{sort}: {kind}", note, {"live": live.body, "new": new}, left, right)

    if they == "taken" and we == "refused" and not in_earnest(ours.diagnostics):
        return
    if they != we:
        yield differ(f"server {they}, we {we}")
    elif they == "conflict":
        mine = {(c.manager, c.path) for c in ours.conflicts}
        if mine != conflicts(reply):
            yield differ("other conflicts", str(conflicts(reply) - mine), str(mine - conflicts(reply)))
    elif ours.object is not None and they == "taken":
        found = difference(ours.object, reply.body)
        if found and not found.startswith(".status"):  # controllers write it meanwhile
            yield differ(f"other result {wild(found)}", json.dumps(reply.body)[:3000], json.dumps(ours.object)[:3000])
        elif owners(ours.object) != owners(reply.body):
            left, right = set(owners(reply.body)), set(owners(ours.object))
            yield differ("other owners", str(sorted(left - right)), str(sorted(right - left)))


def compare_client(
    live: Live, new: Body, how: str, verb: str, result: Body | None, ours: api.Outcome
) -> Iterator[Disagreement]:
    """A client-side apply: kubectl's answer beside ours."""
    kind = f"{new['apiVersion']} {new['kind']}"
    said = f"{ours.verb} " + "; ".join(f"{d.path}: {d.message}" for d in ours.diagnostics if d.rejects)[:400]
    note = f"{how} over {live.history}"
    if verb == "configured" and ours.verb == "refused" and not in_earnest(ours.diagnostics):
        return
    if verb.partition(" ")[0] != ours.verb:
        sort = f"kubectl {verb.partition(' ')[0]}, we {ours.verb}: {kind}"
        yield Disagreement(sort, note, {"live": live.body, "new": new}, verb[:400], said)
    elif result is not None and ours.object is not None and (found := difference(ours.object, result)):
        sort = f"other result {wild(found)}: {kind}"
        yield Disagreement(
            sort, note, {"live": live.body, "new": new}, json.dumps(result)[:3000], json.dumps(ours.object)[:3000]
        )


def run(
    plane: ControlPlane,
    chosen: list[Body],
    donors: list[Body],
    count: int,
    chance: random.Random,
    *,
    client: bool = False,
) -> Iterator[Disagreement | None]:
    """`count` applies, by chance: None for one that agrees, else where it does not."""
    mutator, crds = Mutator(donors, chance), definitions()
    cluster = Cluster(plane, chance)
    done = 0
    while done < count:
        manifest = copy.deepcopy(chance.choice(chosen))
        manifest["metadata"].pop("namespace", None)
        if plane.namespaced(manifest):  # as kubectl sends it
            manifest["metadata"]["namespace"] = "default"
        live = cluster.make(manifest, mutator, annotated=client and chance.random() < 0.8)
        if live is None:
            done += 1  # so that the loop ends where a server takes nothing
            continue
        for _ in range(min(3 if client else 8, count - done)):
            new, how = copy.deepcopy(manifest), "nothing"
            if chance.random() < 0.9:
                new, how = mutator.mutate(manifest, chance.choice((1, 1, 2)))
            done += 1
            if new["kind"] == "HorizontalPodAutoscaler" and chance.random() < 0.5:
                other = "autoscaling/v2" if new["apiVersion"] == "autoscaling/v1" else "autoscaling/v1"
                new, how = _other_version(new, other), f"{how} in {other}"
            meta = new.get("metadata")
            if not isinstance(meta, dict) or any(
                meta.get(n) != manifest["metadata"].get(n) for n in ("name", "namespace")
            ):
                continue
            if client:
                (verb, result), live = cluster.steady(live, partial(cluster.client, new))
                try:
                    ours = api.apply(json.dumps(new), [live.body], how="client", crds=crds)[0]
                except ReadError as error:  # kubectl does not even send it
                    ours = api.Outcome(Key("", "", "", ""), "refused", None, diagnostics=error.diagnostics)
                yield from list(compare_client(live, new, how, verb, result, ours)) or [None]
            else:
                force = chance.random() < 0.5
                reply, live = cluster.steady(live, partial(cluster.apply, new, "kubectl", force=force))
                ours = api.apply([new], [live.body], how="server", force=force, crds=crds)[0]
                yield from list(compare(live, new, how, reply, ours)) or [None]
        cluster.remove(live)


def _other_version(body: Body, version: str) -> Body:
    """A manifest in another version of its kind; as it is where it is too odd for that."""
    try:
        return convert(body, version)
    except (AttributeError, TypeError, ValueError, KeyError):
        return body


def suitable(found: list[Body]) -> list[Body]:
    """Manifests with a name of their own, of kinds that are stored as they are applied."""
    return [
        b
        for b in found
        if b["kind"] not in LEFT_OUT and isinstance(b.get("metadata"), dict) and b["metadata"].get("name")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--kind", action="append", default=[], help="only these kinds")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--full", action="store_true", help="print each example whole")
    parser.add_argument("--client", action="store_true", help="as kubectl apply does it without --server-side")
    arguments = parser.parse_args()
    donors = bases(arguments.folders or [SINKS])
    chosen = [b for b in suitable(donors) if not arguments.kind or b["kind"] in arguments.kind]
    print(f"seed {arguments.seed}; {len(chosen)} manifests to change")
    differing: list[Disagreement] = []
    agreed = 0
    with tempfile.TemporaryDirectory() as folder, ControlPlane(Path(folder), disable=LOOKS_ELSEWHERE) as plane:
        install(plane)
        chance = random.Random(arguments.seed)
        for found in run(plane, chosen, donors, arguments.count, chance, client=arguments.client):
            if found is None:
                agreed += 1
            else:
                differing.append(found)
    print(f"{len(differing)} disagreements, {agreed} agree")
    show(differing, top=arguments.top, width=6000 if arguments.full else 500, whole=arguments.full)


if __name__ == "__main__":
    main()
