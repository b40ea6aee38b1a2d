"""Kinds that a release does not serve, and kinds that it serves with a warning."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.apiserver.lifecycle import table
from manifold.apiserver.schema import load, versions
from manifold.apiserver.server import Server


def ask(api_version: str, kind: str, version: str | None = None) -> Any:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}
    return Server(version).create(body).faults


@pytest.mark.parametrize(
    ("api_version", "kind", "version", "says", "help"),
    [
        ("extensions/v1beta1", "Deployment", "1.37", "removed in Kubernetes 1.16", "apps/v1 Deployment"),
        ("policy/v1beta1", "PodSecurityPolicy", "1.37", "removed in Kubernetes 1.25", ""),
        ("batch/v1beta1", "CronJob", "1.25", "removed in Kubernetes 1.25", "batch/v1 CronJob"),
        ("v1", "Deployment", "1.37", "serves no kind Deployment in v1", "use apps/v1"),
        ("apps/v1", "deployment", "1.37", "serves no kind deployment", "spelled Deployment"),
        ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "1.33", "comes with Kubernetes 1.36", ""),
        ("internal.apiserver.k8s.io/v1alpha1", "StorageVersion", "1.37", "switched on", ""),
    ],
)
def test_not_served(api_version: str, kind: str, version: str, says: str, help: str) -> None:
    """An error that says why, and what to use."""
    (fault,) = ask(api_version, kind, version)
    assert says in fault.message
    assert help in fault.help
    assert not fault.warning


def test_kinds_of_other_groups_may_be_in_the_cluster() -> None:
    """So that is a warning."""
    (fault,) = ask("example.com/v1", "Widget")
    assert (fault.rule, fault.warning) == ("api/no-such-kind", True)


def test_deprecated_kinds_are_served_with_a_warning() -> None:
    """The warning tells what replaces them."""
    faults = [f for f in ask("v1", "ComponentStatus") if f.rule == "api/deprecated"]
    assert faults == [f for f in faults if f.warning] != []
    assert "1.19" in faults[0].message


def test_table_agrees_with_what_is_served() -> None:
    """A removed kind is served by no later release, an introduced one by none before."""
    for version in versions():
        schema = load(version)
        for (api_version, kind), entry in table().items():
            if "component" in entry or schema.kind(api_version, kind) is None:
                continue
            minor = schema.release[1]
            removed, introduced = entry.get("removed"), entry.get("introduced")
            assert not removed or minor < int(removed.split(".")[1]), (version, api_version, kind)
            assert not introduced or minor >= int(introduced.split(".")[1]), (version, api_version, kind)


def test_a_kind_that_nothing_replaces_comes_with_advice() -> None:
    """What to do instead stands in the table where no other kind does the work."""
    body = {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "a"}}
    (fault,) = Server("1.25").create(body).faults
    assert "Pod Security Admission" in fault.help
