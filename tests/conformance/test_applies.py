"""Applies beside the server's: conflicts with manager and path, results, owners; and what `--prune` deletes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.errors import UsageError
from manifold.plan import Prune

from tests.conformance.applies import run, suitable
from tests.conformance.chance import cases, seeded
from tests.conformance.controlplane import ControlPlane
from tests.conformance.fuzz import bases, install


@pytest.mark.parametrize(("client", "count"), [(False, 600), (True, 60)], ids=["server-side", "client-side"])
def test_changed_manifests_are_applied_as_by_the_server(plain: ControlPlane, client: bool, count: int) -> None:
    """Over objects with several histories: the same verdict, conflicts, result and owners. Seeded."""
    chance, count = seeded("client-side" if client else "server-side"), cases(count)
    install(plain)
    donors = bases()
    found = list(run(plain, suitable(donors), donors, count, chance, client=client))
    wrong = [d for d in found if d is not None]
    for d in wrong:
        print(f"{d.sort}\n  {d.how}\n  server: {d.theirs[:500]}\n  we:     {d.ours[:500]}")

    assert len(found) > count / 2
    assert len(wrong) <= max(2, len(found) * 0.01), f"{len(wrong)} of {len(found)} disagree"


def _map(name: str, space: str, **labels: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": space, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "1"}}


# How objects came to be, and what kubectl is asked to prune by; the manifest holds `keep` alone.
PRUNES: list[tuple[list[str], Prune]] = [
    (["-l", "set=one"], Prune(selector="set=one")),
    (["-l", "set in (one,two)"], Prune(selector="set in (one,two)")),
    (["-l", "set=one", "--prune-allowlist=core/v1/Secret"], Prune(selector="set=one", allowlist=("core/v1/Secret",))),
    (["-l", "set=one", "--prune-allowlist=core/v1/ConfigMap"], Prune(selector="set=one", allowlist=("core/v1/ConfigMap",))),
    (["--all"], Prune(all=True)),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "asked"), PRUNES, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_prune_names_the_objects_that_kubectl_prunes(
    plain: ControlPlane, tmp_path: Path, flags: list[str], asked: Prune
) -> None:
    """Those that were applied, carry the label and are of an allowed kind; not those made in another way."""
    space = f"prune-{PRUNES.index((flags, asked))}"
    plain.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, dry_run=False)
    secret = {**_map("login", space, set="one"), "kind": "Secret", "data": {"a": "YQ=="}}
    applied = [_map("a", space, set="one"), _map("b", space, set="two"), _map("c", space, set="three"), secret]
    for body in applied:
        assert plain.kubectl("apply", "-f", "-", stdin=json.dumps(body)).returncode == 0
    created, served = _map("created", space, set="one"), _map("served", space, set="one")
    assert plain.kubectl("create", "-f", "-", stdin=json.dumps(created)).returncode == 0
    assert plain.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(served)).returncode == 0
    keep = _map("keep", space, set="one")
    file = tmp_path / "keep.json"
    file.write_text(json.dumps(keep))
    live = [
        item | {"apiVersion": "v1", "kind": kind}
        for kind in ("ConfigMap", "Secret")
        for item in plain.request("GET", plain.collection("v1", kind, space)).body["items"]
    ]

    done = plain.kubectl("apply", "-f", str(file), "--prune", "-n", space, "--dry-run=server", *flags)
    plan = api.plan([keep], live, prune=Prune(asked.selector, asked.applyset, asked.allowlist, asked.all, space))

    assert done.returncode == 0, done.stderr
    theirs = re.findall(r"^(\w+)/(\S+) pruned", done.stdout, re.MULTILINE)
    assert sorted((k.kind.lower(), k.name) for k in plan.pruned) == sorted(theirs)


def test_prune_by_label_does_not_go_with_server_side_apply(plain: ControlPlane) -> None:
    """kubectl gives up, and so do we; by an apply set it does go."""
    keep = _map("keep", "default", set="one")
    asked = ("apply", "--server-side", "--prune", "--dry-run=server", "-f", "-")
    done = plain.kubectl(*asked, "-l", "set=one", stdin=json.dumps(keep))

    assert done.returncode
    assert "server-side" in done.stderr
    with pytest.raises(UsageError, match="server-side"):
        api.plan([keep], prune=Prune("set=one"), how="server")
    assert not api.plan([keep], prune=Prune(applyset="secret/parent"), how="server").pruned
