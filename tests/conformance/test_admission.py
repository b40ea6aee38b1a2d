"""Admission with a cluster at hand, beside a server with default admission: verdicts, warnings, and what is stored."""

from __future__ import annotations

import copy
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from manifold import api
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import load
from manifold.cluster.snapshot import take
from manifold.model import Source
from manifold.read import read

from tests.conformance.chance import cases, seeded
from tests.conformance.controlplane import ControlPlane
from tests.conformance.fuzz import bases, difference, wild

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "fixtures" / "admission" / "cluster.yaml"
SPACES = (
    "open", "baseline", "restricted", "restricted-old", "warned", "limited", "limited-twice", "quota", "scoped", "ghost",
)  # fmt: skip
KINDS = ("Pod", "Deployment", "CronJob", "Service", "PersistentVolumeClaim", "ConfigMap", "Ingress", "Job", "Secret")
QUANTITIES = ("10m", "100m", "500m", "1", "3", "8Mi", "64Mi", "256Mi", "512Mi", "2Gi", "12Gi", "0")

Body = dict[str, Any]


def prepare(plane: ControlPlane) -> list[Body]:
    """Create the cluster's objects and wait until accounts and quotas are in order; returns all that is there."""
    for document in read(Source(str(FILE), FILE.read_bytes())).documents:
        reply = plane.create(document.body, dry_run=False)
        assert reply.accepted or reply.code in (403, 409), reply.body.get("message")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        quotas = plane.request("GET", "/api/v1/resourcequotas").body["items"]
        accounts = plane.request("GET", "/api/v1/serviceaccounts").body["items"]
        homes = {a["metadata"]["namespace"] for a in accounts if a["metadata"]["name"] == "default"}
        if all((q.get("status") or {}).get("used") for q in quotas) and homes >= set(SPACES) - {"ghost"}:
            break
        time.sleep(0.5)
    return list(take(Cluster(load(plane.kubeconfig, ""))))


def spiced(body: Body, chance: random.Random) -> Body:
    """A Pod spec with some of what admission looks at."""
    spec = body
    if chance.random() < 0.3:
        spec["priorityClassName"] = chance.choice(("important", "usual", "system-node-critical", "missing"))
    if chance.random() < 0.2:
        spec["runtimeClassName"] = chance.choice(("vm", "plain", "missing"))
    if chance.random() < 0.2:
        spec["serviceAccountName"] = chance.choice(("puller", "strict", "missing", "default"))
    if chance.random() < 0.1:
        spec["activeDeadlineSeconds"] = 60
    if chance.random() < 0.1:
        spec["hostUsers"] = chance.random() < 0.5
    if chance.random() < 0.1:
        spec["nodeName"] = chance.choice(("node-a", "missing"))
    if chance.random() < 0.1:
        spec["tolerations"] = [{"key": "vm", "operator": "Exists"}]
    security = spec.setdefault("securityContext", {})
    if chance.random() < 0.4:
        security["runAsNonRoot"] = chance.random() < 0.8
    if chance.random() < 0.5:
        security["seccompProfile"] = {"type": chance.choice(("RuntimeDefault", "RuntimeDefault", "Unconfined"))}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if chance.random() < 0.6:
            container["securityContext"] = {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"], "add": chance.choice(([], ["NET_BIND_SERVICE"], ["SYS_TIME"]))},
                **chance.choice(({}, {"runAsNonRoot": True}, {"runAsUser": 0}, {"privileged": False})),
            }
        if chance.random() < 0.7:
            container["resources"] = {
                which: {
                    name: chance.choice(QUANTITIES[:5] if name == "cpu" else QUANTITIES[5:])
                    for name in ("cpu", "memory")
                    if chance.random() < 0.7
                }
                for which in ("requests", "limits")
                if chance.random() < 0.7
            }
    return body


def drawn(base: Body, chance: random.Random) -> Body:
    """A manifest of the sinks in one of the namespaces, changed where admission may look."""
    body = copy.deepcopy(base)
    body["metadata"]["namespace"] = chance.choice(SPACES)
    spec = body.get("spec") or {}
    if body["kind"] == "Pod":
        spiced(spec, chance)
    elif body["kind"] in ("Deployment", "Job"):
        spiced(spec["template"]["spec"], chance)
    elif body["kind"] == "PersistentVolumeClaim":
        spec["resources"] = {"requests": {"storage": chance.choice(("500Mi", "1Gi", "4Gi", "20Gi", "1.5"))}}
        if chance.random() < 0.6:
            spec.pop("storageClassName", None)
        elif chance.random() < 0.6:
            spec["storageClassName"] = chance.choice(("fast", "slow", ""))
    elif body["kind"] == "Ingress" and chance.random() < 0.6:
        spec.pop("ingressClassName", None)
    return body


def test_admission_answers_as_the_server(full: ControlPlane) -> None:
    """Some hundreds of manifests in ten namespaces: the same verdict, the same warnings, the same object. Seeded."""
    chance, count = seeded("admission"), cases(500)
    cluster = prepare(full)
    asked = api.server(None, (), cluster)
    chosen = [b for b in bases() if b["kind"] in KINDS and isinstance(b.get("metadata"), dict)]
    wrong: list[str] = []
    compared = 0
    for _ in range(count):
        body = drawn(chance.choice(chosen), chance)
        bare = any(d.rejects for d in api.validate([body]))
        reply = full.create(body)
        if bare or reply.code >= 500:
            continue  # refused by itself, whatever the cluster
        compared += 1
        answer = asked.create(body)
        what = f"{body['kind']} {body['metadata'].get('name')} in {body['metadata']['namespace']}"
        refused, theirs = answer.faults.refused, str(reply.body.get("message", ""))[:300]
        said = "; ".join(f.message for f in answer.faults if not f.warning)[:300]
        if refused == reply.accepted:
            wrong.append(
                f"{what}: we {'refuse' if refused else 'accept'}: {said} | {theirs} | {json.dumps(body)[:1500]}"
            )
        elif reply.accepted:
            warned = any("PodSecurity" in w for w in reply.warnings)
            ours = any("Pod Security" in f.message for f in answer.faults if f.warning)
            if warned != ours:
                wrong.append(f"{what}: warned {warned}, by us {ours}: {reply.warnings}")
            stored = api.preview([body], cluster=cluster)
            found = difference(stored[0], reply.body) if stored else "no object"
            if found:
                wrong.append(
                    f"{what}: stored otherwise {wild(found)}: {json.dumps(reply.body)[:1500]} | {json.dumps(stored)[:1500]}"
                )
    print(f"{compared} compared")
    print("\n".join(wrong))
    print(Counter(w.partition(":")[2][:40] for w in wrong))

    assert len(wrong) <= compared * 0.01, f"{len(wrong)} of {compared} disagree"
