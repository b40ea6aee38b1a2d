"""`diff` offline, against a snapshot, beside `diff` by the live server's dry run: the same objects, verbs and paths."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.cli.diff import _live
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import load
from manifold.cluster.snapshot import take
from manifold.model import Difference, Document, Source
from manifold.read import read

from tests.conformance.controlplane import ControlPlane

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "diff"
BUNDLES = sorted(p.name for p in FOLDER.iterdir() if p.is_dir())
WAYS = ("server", "client")


def documents(file: Path) -> list[Document]:
    """The objects of a file."""
    return read(Source(str(file), file.read_bytes())).documents


def apply(plane: ControlPlane, found: list[Document], space: str, way: str) -> None:
    """Apply as a user of kubectl does; definitions first, so that their kinds are served."""
    from manifold.report._preview import yaml

    definitions = [d.body for d in found if api.is_crd(d.body)]
    for bodies in (definitions, [d.body for d in found if not api.is_crd(d.body)]):
        if not bodies:
            continue
        flags = ["--server-side", "--force-conflicts"] if way == "server" else []
        done = plane.kubectl("apply", "-n", space, *flags, "-f", "-", stdin=yaml(bodies))
        assert done.returncode == 0, done.stderr
        if bodies is definitions:
            done = plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
            assert done.returncode == 0, done.stderr


def drift(plane: ControlPlane, bundle: str, space: str) -> None:
    """What others do to the objects in between: an autoscaler counts, a sidecar is put in, somebody labels."""
    commands = {
        "web": [
            ["patch", "deployment", "web", "--field-manager=autoscaler", "-p", '{"spec":{"replicas":4}}'],
            ["patch", "deployment", "web", "--field-manager=injector", "-p",
             '{"spec":{"template":{"spec":{"containers":[{"name":"proxy","image":"proxy:1"}]}}}}'],
            ["label", "configmap", "web-config", "by=hand"],
        ],
        "state": [["scale", "statefulset", "db", "--replicas=4"]],
        "guards": [["annotate", "ingress", "web", "touched=yes"]],
        "batch": [["label", "cronjob", "report", "by=hand"]],
    }.get(bundle, [])  # fmt: skip
    for command in commands:
        done = plane.kubectl("-n", space, *command)
        assert done.returncode == 0, done.stderr


def told(found: list[Difference]) -> dict[str, tuple[str, list[str]]]:
    """Object -> verb and changed paths; what the server refuses for any reason counts as refused."""
    return {
        f"{d.key.kind} {d.key.name}": (
            "refused" if d.verb == "replace" else d.verb,
            [] if d.verb == "create" else sorted(c.path for c in d.changes),
        )
        for d in found
    }


@pytest.mark.parametrize("bundle", BUNDLES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moved", [False, True], ids=["as applied", "changed by others"])
def test_offline_diff_says_what_the_cluster_says(full: ControlPlane, bundle: str, way: str, moved: bool) -> None:
    """Changed paths, verbs and conflicts are equal, object by object."""
    space = f"diff-{bundle}-{way}-{int(moved)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    assert full.create(body, dry_run=False).code in (201, 409)
    apply(full, documents(FOLDER / bundle / "before.yaml"), space, way)
    if moved:
        drift(full, bundle, space)
    cluster = Cluster(load(full.kubeconfig, ""))
    snapshot: list[dict[str, Any]] = list(take(cluster, [space], secrets=True))
    found = documents(FOLDER / bundle / "after.yaml")

    live = _live(cluster, copy.deepcopy(found), space, "kubectl", False, "auto")
    asked = api.server(None, [b for b in snapshot if api.is_crd(b)], snapshot)
    outcomes = api.outcomes(found, asked, snapshot, how="auto", namespace=space)
    offline = api.differences(found, outcomes, snapshot)

    assert told(offline) == told(live)
