"""Our answers beside the server's: verdicts of our own manifests and changes to them, plans that apply, live diffs."""

from __future__ import annotations

import copy
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.cli.diff import _live
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import load
from manifold.model import Source
from manifold.read import read

from tests.conformance import fuzz
from tests.conformance.chance import cases, seeded
from tests.conformance.controlplane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"


def documents(folder: Path) -> list[Any]:
    return [d for f in sorted(folder.rglob("*.yaml")) for d in read(Source(str(f), f.read_bytes())).documents]


def test_verdicts_of_changed_manifests(plain: ControlPlane) -> None:
    """Changes to every kind's kitchen sink: accepted here where they are there, the same fields blamed, warned of alike."""
    fuzz.install(plain)
    sinks = [*fuzz.bases(), *fuzz.bases([FIXTURES / "shop", FIXTURES / "tutorial"])]
    count = cases(1500)
    found = list(fuzz.run(plain, sinks, sinks, count, seeded("verdicts")))
    fuzz.show(found)
    verdicts = [d for d in found if "by us alone" in d.sort and "warned" not in d.sort]

    assert len(verdicts) <= count * 0.005
    assert len(found) <= count * 0.03


def test_updates_of_stored_objects(plain: ControlPlane) -> None:
    """Changes to what is stored: refused here where they are there."""
    fuzz.install(plain)
    sinks = fuzz.bases()
    count = cases(600)
    found = list(fuzz.run(plain, sinks, sinks, count, seeded("updates"), updates=True))
    fuzz.show(found)
    verdicts = [d for d in found if "by us alone" in d.sort and "warned" not in d.sort]

    assert len(verdicts) <= count * 0.01


def test_what_is_stored(untouched: ControlPlane) -> None:
    """Changed manifests that a server with default admission takes are stored there as `preview` says."""
    fuzz.install(untouched)
    sinks = fuzz.bases()
    count = cases(600)
    found = list(fuzz.run(untouched, sinks, sinks, count, seeded("stored"), stored=True))
    fuzz.show(found)

    assert len(found) <= count * 0.01


@pytest.mark.parametrize("folder", ["tutorial", "exemplary"])
def test_plan_applies_without_a_refusal(full: ControlPlane, folder: str) -> None:
    """Step by step in the plan's order; definitions of custom resources are waited for, and nobody is warned."""
    found = documents(FIXTURES / folder)
    server = api.server(None, [d.body for d in found if api.is_crd(d.body)])
    plan = api.planned(found, server, [])
    bodies = {d.key("default" if server.kind(d.api_version, d.kind).namespaced else ""): d.body for d in found}  # type: ignore[union-attr]

    assert plan.problems == ()
    for wave in plan.waves:
        for step in wave:
            body = bodies[step.key]
            done = full.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(body))

            assert done.returncode == 0, f"{step.key}: {done.stderr}"
            assert "Warning" not in done.stderr, f"{step.key}: {done.stderr}"
            if step.key.kind == "CustomResourceDefinition":
                full.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{step.key.name}")


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
