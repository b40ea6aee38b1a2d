"""Admission policies among the inputs, held against the other objects."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from manifold import api

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "policies"
INSTALLED = api.read((FOLDER / "installed.yaml").read_text())
CASES = [
    (found[1], api.read(found[2])[0])
    for text in (FOLDER / "asked.yaml").read_text().split("---\n")
    if (found := re.search(r"# expect: (.*)\n((?:.*\n)*)", text))
]


def said(body: dict[str, Any]) -> str:
    """What the policies say of an object: taken, warned, or refused by the policies named."""
    found = [d for d in api.validate([*INSTALLED, body]) if d.object.kind == body["kind"]]
    found = [d for d in found if d.object.name == body["metadata"]["name"]]
    assert {d.rule for d in found} <= {"api/policy"}
    refused = [d.message.split()[1] for d in found if d.rejects]
    return f"refused {' '.join(refused)}" if refused else "warned" if found else "taken"


def stored(body: dict[str, Any]) -> dict[str, Any]:
    """An object as the server stores it once the policies have changed it."""
    return next(
        b
        for b in api.preview([*INSTALLED, body])
        if (b["kind"], b["metadata"]["name"]) == (body["kind"], body["metadata"]["name"])
    )


def asked(name: str) -> dict[str, Any]:
    return next(body for _, body in CASES if body["metadata"]["name"] == name)


@pytest.mark.parametrize(("expected", "body"), CASES, ids=[f"{b['kind']}-{b['metadata']['name']}" for _, b in CASES])
def test_objects_are_held_against_the_policies_that_match(expected: str, body: dict[str, Any]) -> None:
    """Constraints, selectors, conditions, variables, parameters, failure policies and actions decide as on a server."""
    assert said(body) == expected


def test_refusals_say_what_the_policy_says() -> None:
    """The message names the policy, its binding, and what its expression gives."""
    body = asked("many")
    (found,) = [d for d in api.validate([*INSTALLED, body]) if d.object.name == "many"]
    assert found.message == "ValidatingAdmissionPolicy replicas (binding replicas): at most 5 replicas, not 6"


def test_apply_configurations_are_merged() -> None:
    """A container is added to the list, labels join the others, and what is new gets its defaults."""
    pod = stored(asked("joined"))
    assert [c["name"] for c in pod["spec"]["containers"]] == ["web", "proxy"]
    assert pod["spec"]["containers"][1]["image"] == "proxy:2"
    assert pod["spec"]["containers"][1]["ports"] == [{"containerPort": 15001, "protocol": "TCP"}]
    assert pod["metadata"]["labels"] == {"sidecar": "yes", "proxied": "true"}
    mounts = [c["volumeMounts"] for c in pod["spec"]["containers"]]
    assert mounts[0] == mounts[1]  # the other plug-ins ran once more


def test_json_patches_are_applied_in_order() -> None:
    """A test that does not hold leaves the object as it was, but for the mutations after it."""
    assert stored(asked("patched"))["data"] == {"a": "2", "d": "2"}
    assert stored(asked("patched"))["metadata"]["labels"]["example.com/b"] == "c"
    assert stored(asked("test-fails"))["data"] == {"a": "9"}
    assert stored(asked("test-fails"))["immutable"] is True


def test_invalid_policies_are_not_installed() -> None:
    """A policy that the server refuses holds nobody back."""
    policy = next(b for b in INSTALLED if b["metadata"]["name"] == "failing")
    broken = {**policy, "spec": {**policy["spec"], "validations": [{"expression": "object.("}]}}
    others = [b for b in INSTALLED if b is not policy]
    found = api.validate([*others, broken, asked("without")])
    assert {(d.object.kind, d.rule) for d in found if d.rejects} == {("ValidatingAdmissionPolicy", "api/invalid")}


def test_policies_of_the_cluster_count() -> None:
    """What is in the cluster applies to the inputs, with the parameters that are there."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    found = api.validate([asked("many")], cluster=[space, *INSTALLED])
    assert [d.rule for d in found] == ["api/policy"]
    without = [b for b in INSTALLED if b["metadata"]["name"] != "limits"]
    (missing,) = api.validate([asked("few")], cluster=[space, *without])
    assert "parameters" in missing.message
    assert api.validate([*without, asked("few")]) == []  # they may be in the cluster
