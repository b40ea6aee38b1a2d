"""Admission policies on paper beside those of a real server."""

from __future__ import annotations

import time
from pathlib import Path

from manifold import api

from tests.apiserver.test_policies import CASES, INSTALLED, said, stored
from tests.conformance.controlplane import ControlPlane
from tests.conformance.fuzz import difference


def test_policies_decide_as_on_a_real_server(tmp_path: Path) -> None:
    """The same objects are taken, warned of and refused, and what is stored is the same."""
    with ControlPlane(tmp_path, controllers=True) as plane:
        for body in INSTALLED:
            assert plane.create(body, dry_run=False).accepted
        refused = next(body for expected, body in CASES if expected == "refused atomic")
        last = time.monotonic() + 60
        while plane.create(refused).accepted:  # policies are compiled and found by and by
            assert time.monotonic() < last, "the policies do not take effect"
            time.sleep(0.5)
        time.sleep(2)
        for expected, body in CASES:
            reply = plane.create(body)
            answer = "warned" if reply.warnings else "taken"
            assert (answer if reply.accepted else "refused") == expected.split()[0] == said(body).split()[0]
            if reply.accepted:
                assert not difference(stored(body), reply.body), api.validate([*INSTALLED, body])
