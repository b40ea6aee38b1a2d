"""The promise of diff, plan, preview and snapshot: only GETs and dry runs are sent, and nothing in the cluster changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from manifold.cli._main import run
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import load
from manifold.cluster.snapshot import take

from tests.conformance.controlplane import ControlPlane

BUNDLE = Path(__file__).resolve().parents[2] / "fixtures" / "diff" / "web"
COMMANDS = (
    ("diff", "AFTER"),
    ("diff", "AFTER", "--how", "server", "--force-conflicts"),
    ("diff", "AFTER", "--how", "client", "-o", "json"),
    ("plan", "AFTER", "--against", "live"),
    ("plan", "AFTER", "--against", "live", "--prune", "--prune-all"),
    ("preview", "AFTER", "--live"),
    ("snapshot",),
)


def state(plane: ControlPlane) -> dict[str, Any]:
    """Every object of the cluster by its path, in the version that it has; what changes by itself is left out."""
    cluster = Cluster(load(plane.kubeconfig, ""))
    return {
        f"{b['apiVersion']}/{b['kind']}/{b['metadata'].get('namespace', '')}/{b['metadata']['name']}": b[
            "metadata"
        ].get("resourceVersion")
        for b in take(cluster)
        if b["kind"] not in ("Node", "EndpointSlice", "Endpoints", "Pod", "ReplicaSet", "Deployment", "FlowSchema")
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_only_reads_and_dry_runs_are_sent(
    full: ControlPlane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    """Each command does its work, and leaves the cluster as it was."""
    import urllib3

    space = "promise"
    full.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, dry_run=False)
    assert full.kubectl("apply", "-n", space, "-f", str(BUNDLE / "before.yaml")).returncode == 0
    sent: list[tuple[str, str]] = []
    request = urllib3.PoolManager.request

    def record(self: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        sent.append((method, url))
        return request(self, method, url, *arguments, **options)

    before = state(full)
    monkeypatch.setattr(urllib3.PoolManager, "request", record)
    given = [str(BUNDLE / "after.yaml") if part == "AFTER" else part for part in command]
    monkeypatch.setattr(sys, "argv", ["manifold", *given, "-n", space, "--kubeconfig", str(full.kubeconfig)])
    code = run(sys.argv[1:])
    monkeypatch.undo()

    assert code in (0, 1), capsys.readouterr().err
    assert sent
    assert [(m, u) for m, u in sent if m != "GET" and "dryRun=All" not in u.partition("?")[2].split("&")] == []
    assert state(full) == before


def test_snapshot_stands_for_the_cluster(full: ControlPlane, tmp_path: Path) -> None:
    """What is written and read again is what is there, Secrets masked; a diff against it names what one of the cluster names."""
    from manifold.cli._checks import cluster_objects
    from manifold.cli._options import Settings

    file = tmp_path / "all.snapshot"
    done = full.kubectl("version", "-o", "json")
    assert done.returncode == 0
    objects = list(take(Cluster(load(full.kubeconfig, ""))))
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    read = cluster_objects(Settings(cluster=file))

    assert read == objects
    assert not any(v != "<masked>" for b in read if b["kind"] == "Secret" for v in (b.get("data") or {}).values())
