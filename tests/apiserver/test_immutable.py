"""What an update may not change, by the table and its releases."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold import api

CLASS: dict[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "fast"},
    "provisioner": "csi.example.com",
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
}
SET: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db", "namespace": "default"},
    "spec": {
        "serviceName": "db",
        "replicas": 1,
        "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}},
    },
}


def blamed(old: dict[str, Any], new: dict[str, Any], release: str) -> list[tuple[str, str]]:
    return [(d.path, d.reason) for d in api.update(old, new, kubernetes=release) if d.rejects]


@pytest.mark.parametrize(("release", "reason"), [("1.35", "FieldValueForbidden"), ("1.36", "FieldValueInvalid")])
def test_the_reason_is_that_of_the_release(release: str, reason: str) -> None:
    """A StorageClass keeps its provisioner in every release; from 1.36 on the server gives another reason."""
    assert blamed(CLASS, {**CLASS, "provisioner": "other.example.com"}, release) == [("provisioner", reason)]


def test_fields_that_may_change_are_left_out() -> None:
    """Until 1.37 a StatefulSet's spec is blamed as a whole, unless only what may change has changed."""
    more, renamed = copy.deepcopy(SET), copy.deepcopy(SET)
    more["spec"]["replicas"] = 3
    renamed["spec"]["serviceName"] = "other"
    assert blamed(SET, more, "1.33") == []
    assert blamed(SET, renamed, "1.33") == [("spec", "FieldValueForbidden")]
    assert blamed(SET, renamed, "1.37") == [("spec.serviceName", "FieldValueInvalid")]


def test_what_the_server_owns_is_read_where_it_differs() -> None:
    """A field that does not exist in a signing request's spec is refused, though the server keeps the stored spec."""
    old = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "jane"},
        "spec": {"request": "", "signerName": "example.com/a", "usages": ["any"]},
    }
    new = copy.deepcopy(old)
    new["spec"]["bogus"] = 1  # type: ignore[index]
    assert "spec.bogus" in [d.path for d in api.update(old, new) if d.rejects]
