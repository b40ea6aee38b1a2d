"""What holds our rules against other linters, tried without one."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from manifold import api

from tests.peers.fuzz import PEERS, ROOT, UNSEEN, Flagged, bases, cases, compare, plain, program

BOTH, THEY, WE = (Flagged(case, "Pod", "web") for case in range(3))


def test_objects_are_compared_check_by_check() -> None:
    """Any of our rules that stand for a check counts, and cases that are left out do not."""
    theirs = {"latest-tag": {BOTH, THEY, Flagged(7, "Pod", "web")}}
    mine = {"image-latest": {BOTH}, "image-missing": {WE}, "host-ipc": {THEY}}

    found = compare("kube-linter", theirs, mine, {7})["latest-tag"]

    assert (found.both, found.they, found.we) == (1, [THEY], [WE])
    assert found.share == pytest.approx(1 / 3)


def test_a_check_without_an_equivalent_is_an_error() -> None:
    """It would go unnoticed."""
    with pytest.raises(LookupError, match="made-up"):
        compare("kube-score", {"made-up": {BOTH}}, {}, set())


@pytest.mark.parametrize("peer", PEERS)
def test_what_a_peer_is_known_not_to_see_is_left_out(peer: str) -> None:
    """Kinds, and `default` where it stands beside no namespace."""
    bodies = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}} for kind in UNSEEN[peer]]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "default"}}

    assert plain([*bodies, pod], peer) == [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]


def test_cases_are_objects_that_can_be_read_and_most_the_server_takes() -> None:
    """As many as asked for, the same for the same chance, changed, and of many kinds."""
    chosen = bases([ROOT / "fixtures" / "shop", ROOT / "fixtures" / "exemplary"])
    made = list(cases(chosen, "kube-linter", 80, 3, random.Random(1)))
    again = list(cases(chosen, "kube-linter", 80, 3, random.Random(1)))

    assert [c.text for c in made] == [c.text for c in again]
    assert len({b["kind"] for c in made for b in c.bodies}) > 20
    assert sum(bool(c.how) for c in made) > 60
    read = Counter(len(api.read(c.text)) == len(c.bodies) for c in made)
    assert read[True] == len(made)
    assert sum(not any(d.rejects for d in api.validate(c.text)) for c in made) > len(made) / 2


def test_a_peer_that_is_not_installed_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in PATH nor in the folder of programs; one in the folder is."""
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert program("kube-score", tmp_path) is None

    (tmp_path / "kube-score").write_text("#!/bin/sh\n")
    (tmp_path / "kube-score").chmod(0o755)
    assert program("kube-score", tmp_path) == str(tmp_path / "kube-score")
