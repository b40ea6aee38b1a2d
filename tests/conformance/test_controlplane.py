"""The harness itself: a server that runs, answers and refuses."""

from __future__ import annotations

from tests.conformance.controlplane import RELEASE, ControlPlane


def test_server_is_the_release_that_the_programs_were_built_from(plain: ControlPlane) -> None:
    """The version stamp reaches the server; without it features would be off."""
    version = plain.request("GET", "/version").body

    assert version["gitVersion"] == f"v{RELEASE}"


def test_server_refuses_with_causes(plain: ControlPlane) -> None:
    """A refusal carries reason and field of each cause."""
    reply = plain.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "No_Name"}})

    assert (reply.code, reply.causes()) == (422, [("FieldValueInvalid", "metadata.name")])
