"""Our answers beside the server's: verdicts of our own manifests and changes to them, plans that apply, live diffs."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.cli.diff import _live
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import load
from manifold.model import Source
from manifold.read import read

from tests.conformance.controlplane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
# Kinds whose every rule is meant to be known; the others join as their modules are written.
KNOWN = {
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ConfigMap",
    "Secret",
    "Namespace",
    "ServiceAccount",
    "Role",
}


def documents(folder: Path) -> list[Any]:
    return [d for f in sorted(folder.rglob("*.yaml")) for d in read(Source(str(f), f.read_bytes())).documents]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(body: dict[str, Any], chance: random.Random) -> tuple[dict[str, Any], str]:
    """One change to a manifest, of the kind that people make by mistake."""
    body = copy.deepcopy(body)
    path = chance.choice([p for p in places(body) if p[0] not in ("apiVersion", "kind")])
    holder = body
    for part in path[:-1]:
        holder = holder[part]
    last, value = path[-1], holder[path[-1]]
    how = chance.choice(["remove", "empty", "text", "number", "negative", "rename", "twice"])
    if how == "remove":
        del holder[last]
    elif how == "rename" and isinstance(holder, dict):
        holder[f"{last}s"] = holder.pop(last)
    elif how == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    else:
        holder[last] = {"empty": "", "text": "Not Valid_", "number": 70000, "negative": -1}.get(how, [])
    return body, f"{how} {'.'.join(map(str, path))}"


def test_verdicts_of_changed_manifests(plain: ControlPlane) -> None:
    """Some hundreds of changes to our own manifests: accepted here where they are there. The seed is printed."""
    seed = int(os.environ.get("MANIFOLD_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed}: run with MANIFOLD_SEED={seed} for the same cases")
    chance = random.Random(seed)
    bases = [d.body for d in documents(FIXTURES) if d.kind in KNOWN]
    wrong = []
    count = 400
    for _ in range(count):
        body, how = changed(chance.choice(bases), chance)
        if not isinstance(body.get("metadata"), dict):
            continue
        if not isinstance(body["metadata"].get("namespace", ""), str):
            continue
        ours = not any(d.rejects for d in api.validate(json.dumps(body)))
        body["metadata"].pop("namespace", None)  # the path of the request names one, and an odd one would be a 404
        ours = not any(d.rejects for d in api.validate(json.dumps(body)))
        reply = plain.create(body)
        if ours != reply.accepted:
            wrong.append(
                f"{body['kind']}: {how}: we {'accept' if ours else 'refuse'}; {reply.body.get('message', '')[:160]}"
            )
    print("\n".join(wrong))

    assert len(wrong) <= count * 0.02, f"seed {seed}: {len(wrong)} of {count} disagree"


@pytest.mark.parametrize("folder", ["tutorial", "exemplary"])
def test_plan_applies_without_a_refusal(full: ControlPlane, folder: str) -> None:
    """Step by step in the plan's order."""
    if not (FIXTURES / folder).is_dir():
        pytest.skip(f"fixtures/{folder} is not there yet")
    found = documents(FIXTURES / folder)
    plan = api.planned(found, api.server(), [])
    bodies = {d.key("default" if api.server().kind(d.api_version, d.kind).namespaced else ""): d.body for d in found}  # type: ignore[union-attr]

    assert plan.problems == ()
    for wave in plan.waves:
        for step in wave:
            body = bodies[step.key]
            done = full.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

            assert done.returncode == 0, f"{step.key}: {done.stderr}"


def kubectl_paths(text: str) -> set[str]:
    """The objects that `kubectl diff` prints differences of."""
    return {Path(m).name for m in re.findall(r"^\+\+\+ (\S+)", text, re.MULTILINE)}


def _edit(body: dict[str, Any], how: int, n: int) -> None:
    """One of three changes to a bundle's object."""
    if body["kind"] == "ConfigMap":
        data = body["data"]
        if how == 0:
            del data["a"]
        else:
            data["c" if how == 1 else "b"] = str(n)
        return
    container = body["spec"]["template"]["spec"]["containers"][0]
    if how == 0:
        container["image"] = f"web:{n}"
    elif how == 1:
        del container["env"]
    else:
        container["env"].append({"name": "B"})


def test_live_diff_names_the_objects_that_kubectl_names(full: ControlPlane) -> None:
    """Twenty changed bundles: the same objects differ."""
    chance = random.Random(7)
    base = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"c{i}", "namespace": "default"},
            "data": {"a": "1", "b": "2"},
        }
        for i in range(3)
    ] + [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}]},
                },
            },
        }
    ]
    done = full.kubectl(
        "apply", "--server-side", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": base})
    )
    assert done.returncode == 0, done.stderr
    cluster = Cluster(load(full.kubeconfig))
    for n in range(20):
        bundle = copy.deepcopy(base)
        for body in bundle:
            if chance.random() < 0.5:
                continue
            _edit(body, chance.randrange(3), n)
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": bundle})
        theirs = kubectl_paths(full.kubectl("diff", "--server-side", "-f", "-", stdin=text).stdout)
        ours = _live(cluster, read(Source("", text.encode())).documents, "default", "kubectl", False)
        named = {
            f"{(d.key.group + '.' if d.key.group else '') + 'v1.'}{d.key.kind}.{d.key.namespace}.{d.key.name}"
            for d in ours
            if d.verb != "unchanged"
        }

        assert theirs == named
