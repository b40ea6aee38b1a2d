"""Certificates: requests for them, bundles of trust anchors, Pods' requests."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.model import Source
from manifold.read import read

ROOT = Path(__file__).resolve().parents[3]
SINK = ROOT / "fixtures" / "sinks" / "platform" / "certificates.yaml"


def objects(kind: str) -> list[dict[str, Any]]:
    return [d.body for d in read(Source(str(SINK), SINK.read_bytes())).documents if d.body["kind"] == kind]


def blamed(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(d.path, d.reason) for d in api.validate([body]) if d.rejects]


def test_the_kitchen_sink_passes() -> None:
    """Requests with ECDSA and Ed25519 keys and bundles with and without a signer are taken."""
    assert [d for d in api.validate(SINK) if d.rejects] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"usages": ["client auth", "client auth"]}, [("spec.usages[1]", "FieldValueDuplicate")]),
        ({"usages": []}, [("spec.usages", "FieldValueRequired")]),
        ({"usages": ["brewing"]}, [("spec.usages[0]", "FieldValueNotSupported")]),
        ({"signerName": "nobody"}, [("spec.signerName", "FieldValueInvalid")]),
        ({"signerName": "kubernetes.io/legacy-unknown"}, [("spec.signerName", "FieldValueInvalid")]),
        ({"expirationSeconds": 599}, [("spec.expirationSeconds", "FieldValueInvalid")]),
        ({"request": "aGVsbG8="}, [("spec.request", "FieldValueInvalid")]),
    ],
)
def test_a_signing_request_is_refused(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Usages, signer, term and the request itself are looked at."""
    body = copy.deepcopy(objects("CertificateSigningRequest")[0])
    body["spec"].update(change)
    assert blamed(body) == expected


def test_a_bundle_is_named_after_its_signer() -> None:
    """With a signer the name begins with it; without one it holds no colon."""
    with_signer, without = objects("ClusterTrustBundle")
    with_signer["metadata"]["name"] = "other.example.com:anything:2026"
    without["metadata"]["name"] = "a:b"
    assert blamed(with_signer) == blamed(without) == [("metadata.name", "FieldValueInvalid")]


@pytest.mark.parametrize(
    "mend",
    [
        lambda text: "",
        lambda text: text + text,
        lambda text: text.replace("CERTIFICATE", "PUBLIC KEY"),
        lambda text: text.replace("MIIB", "MIIC", 1),
        lambda text: text.replace("-----\nMIIB", "-----\nProc-Type: 4\n\nMIIB"),
    ],
)
def test_a_bundle_holds_certificates_of_authorities(mend: Any) -> None:
    """No entry, one twice, one of another type, one that cannot be read and one with headers are refused."""
    body = objects("ClusterTrustBundle")[1]
    body["spec"]["trustBundle"] = mend(body["spec"]["trustBundle"])
    assert {path for path, _ in blamed(body)} == {"spec.trustBundle"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"podName": "-"}, "spec.podName"),
        ({"podUID": ""}, "spec.podUID"),
        ({"nodeUID": "x" * 129}, "spec.nodeUID"),
        ({"maxExpirationSeconds": 60}, "spec.maxExpirationSeconds"),
        ({"stubPKCS10Request": ""}, "spec"),
        ({"stubPKCS10Request": "AAAA"}, "spec.stubPKCS10Request"),
        ({"unverifiedUserAnnotations": {"plain": ""}}, "spec.unverifiedUserAnnotations"),
    ],
)
def test_a_pod_request_is_refused(change: dict[str, Any], path: str) -> None:
    """Who asks, for how long, and with which key."""
    body = objects("PodCertificateRequest")[0]
    body["spec"].update(change)
    assert [p for p, _ in blamed(body)] == [path]


def test_a_pod_request_cannot_be_changed() -> None:
    """All of its spec is immutable, and blamed as one."""
    old = objects("PodCertificateRequest")[0]
    new = copy.deepcopy(old)
    new["spec"]["podName"] = "web-1"
    assert [d.path for d in api.update(old, new) if d.rejects] == ["spec"]
