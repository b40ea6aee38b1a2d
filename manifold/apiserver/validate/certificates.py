"""Certificate signing requests, bundles of trust anchors, and Pods' requests for certificates.

Follows kubernetes v1.37.2 pkg/apis/certificates/validation and pkg/registry/certificates.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.pod.volumes import signer_name
from manifold.k8s import formats, pem, x509
from manifold.k8s.formats import Format
from manifold.model import Path

Body = dict[str, Any]

LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_BUNDLE_LIMIT = 1 << 20
_KEY_LIMIT = 10 * 1024
_UID_LIMIT = 128
_HOUR, _DAY = 3600, 86400
_MODULI = (3072, 4096)
_CURVES = ("P-256", "P-384", "P-521")


def _bytes(value: str | None) -> bytes:
    return a2b_base64(value or "")


def create_signing_request(body: Body, context: Context, faults: Faults) -> None:
    """A CertificateSigningRequest: a signed PKCS #10 request in PEM, for a signer, with usages."""
    spec = body.get("spec") or {}
    path: Path = ("spec", "request")
    block = next(pem.blocks(_bytes(spec.get("request"))), None)
    if block is None or block.type != "CERTIFICATE REQUEST":
        faults.invalid(path, "must be a PEM block of type CERTIFICATE REQUEST", "make one with `openssl req -new`")
    else:
        try:
            holds = x509.request(block.data).holds
        except ValueError as error:
            faults.invalid(path, f"cannot be read as a PKCS #10 request: {error}")
        else:
            if not holds:
                faults.invalid(path, "the request's signature is not that of its key")
    signer = spec.get("signerName") or ""
    if signer == LEGACY_SIGNER:
        faults.invalid(("spec", "signerName"), "the legacy signer is for requests of older versions only")
    else:
        signer_name(signer, ("spec", "signerName"), faults)
    metadata.comes_last(faults, name_only=True)


def update_signing_request(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """The server keeps spec and status of the stored request, and what was wrong in usages and signer may stay so."""


def _bundle_name(signer: str) -> Format:
    """The format of a bundle's name: with a signer it begins with the signer's, its slash a colon."""

    def test(name: str) -> list[str]:
        if not signer:
            if ":" in name:
                return [f"{name!r} holds a colon, which is for bundles that name a signer"]
            return formats.dns_subdomain(name)
        prefix = signer.replace("/", ":") + ":"
        if not name.startswith(prefix):
            return [f"{name!r} must begin with {prefix}, as the bundle is for the signer {signer}"]
        return formats.dns_subdomain(name.removeprefix(prefix))

    return test


def _anchor(block: pem.Block) -> str:
    """What is wrong with one entry of a bundle; empty for a good one."""
    if block.type != "CERTIFICATE":
        return f"is a {block.type}, no CERTIFICATE"
    if block.headers:
        return "has PEM headers, which are not allowed"
    try:
        authority = x509.certificate(block.data).authority
    except ValueError as error:
        return f"cannot be read as a certificate: {error}"
    return "" if authority else "is no certificate of an authority: its CA bit is not set"


def _anchors(text: str, path: Path, faults: Faults) -> None:
    if formats.size(text) > _BUNDLE_LIMIT:
        faults.too_long(path, _BUNDLE_LIMIT)
        return
    before = len(faults)
    seen: dict[bytes, int] = {}
    twice = {}
    for i, block in enumerate(pem.blocks(text.encode("utf-8", "surrogatepass"))):
        wrong = _anchor(block)
        if wrong:
            faults.invalid(path, f"entry {i} {wrong}")
        elif block.data in seen:
            twice[seen[block.data]] = i
        else:
            seen[block.data] = i
    if len(faults) > before:
        return
    if not seen:
        faults.invalid(path, "must hold at least one certificate in PEM")
    for first, again in twice.items():
        faults.invalid(path, f"entries {first} and {again} are the same certificate")


def _bundle(body: Body, context: Context, faults: Faults, *, anchors: bool) -> None:
    spec = body.get("spec") or {}
    signer = spec.get("signerName") or ""
    metadata.names(body.get("metadata") or {}, _bundle_name(signer), faults)
    if signer:
        signer_name(signer, ("spec", "signerName"), faults)
    if anchors:
        _anchors(spec.get("trustBundle") or "", ("spec", "trustBundle"), faults)


def create_bundle(body: Body, context: Context, faults: Faults) -> None:
    """A ClusterTrustBundle: certificates of authorities in PEM, each once."""
    _bundle(body, context, faults, anchors=True)


def update_bundle(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; certificates that stay as they are are not read again."""
    before, after = ((b.get("spec") or {}).get("trustBundle") or "" for b in (old, new))
    _bundle(new, context, faults, anchors=before != after)


def _weak(key: x509.Key | None) -> str:
    """Why a Pod's key is refused; empty for a good one."""
    if isinstance(key, x509.EdKey):
        return ""
    if isinstance(key, x509.EcKey):
        return "" if key.curve.name in _CURVES else f"the curve {key.curve.name} is not one of {', '.join(_CURVES)}"
    if isinstance(key, x509.RsaKey):
        return "" if key.bits in _MODULI else f"an RSA key has 3072 or 4096 bits, not {key.bits}"
    return "the key must be an Ed25519, ECDSA or RSA key"


def _stub(value: str, path: Path, faults: Faults) -> None:
    data = _bytes(value)
    if len(data) > _KEY_LIMIT:
        faults.too_long(path, _KEY_LIMIT)
        return
    try:
        request = x509.request(data)
    except ValueError as error:
        faults.invalid(path, f"cannot be read as a PKCS #10 request in DER: {error}")
        return
    if weak := _weak(request.key):
        faults.invalid(path, weak)
    elif not request.holds:
        faults.invalid(path, "the request's signature is not that of its key")


def create_pod_request(body: Body, context: Context, faults: Faults) -> None:
    """A PodCertificateRequest: of which Pod, on which node, for which signer, with which key."""
    spec = body.get("spec") or {}
    signer = spec.get("signerName") or ""
    signer_name(signer, ("spec", "signerName"), faults)
    notes = spec.get("unverifiedUserAnnotations")
    if notes:
        _user_annotations(notes, ("spec", "unverifiedUserAnnotations"), faults)
    for name, uid in (("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")):
        for message in formats.dns_subdomain(spec.get(name) or ""):
            faults.invalid(("spec", name), message)
        value = spec.get(uid) or ""
        if not value:
            faults.invalid(("spec", uid), "must not be empty")
        if formats.size(value) > _UID_LIMIT:
            faults.too_long(("spec", uid), _UID_LIMIT)
    seconds = spec.get("maxExpirationSeconds")
    if seconds is None:
        faults.required(("spec", "maxExpirationSeconds"))
        return
    domain = signer.partition("/")[0]
    most = _DAY if domain == "kubernetes.io" or domain.endswith(".kubernetes.io") else 91 * _DAY
    if not _HOUR <= seconds <= most:
        faults.invalid(("spec", "maxExpirationSeconds"), f"{seconds} must be {_HOUR} to {most}")
    if spec.get("stubPKCS10Request"):
        _stub(spec["stubPKCS10Request"], ("spec", "stubPKCS10Request"), faults)
    else:
        at = ("spec", "stubPKCS10Request")
        faults.add(
            "FieldValueInvalid", ("spec",), "stubPKCS10Request must be set: a request signed with the key", at=at
        )


def _user_annotations(value: dict[str, str], path: Path, faults: Faults) -> None:
    total = 0
    for key, text in value.items():
        at = (*path, key)
        messages = formats.qualified_name(key.lower())
        if not messages and "/" not in key:
            messages = ["must have a domain in front, such as example.com/key"]
        for message in messages:
            faults.add("FieldValueInvalid", path, f"the key {key!r}: {message}", at=at)
        total += formats.size(key) + formats.size(text or "")
    if total > metadata.ANNOTATIONS_LIMIT:
        faults.too_long(path, metadata.ANNOTATIONS_LIMIT)


def update_pod_request(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Nothing but metadata changes, and schemas/immutable.yaml says so of the rest."""


CREATE = {
    "CertificateSigningRequest": create_signing_request,
    "ClusterTrustBundle": create_bundle,
    "PodCertificateRequest": create_pod_request,
}
UPDATE = {
    "CertificateSigningRequest": update_signing_request,
    "ClusterTrustBundle": update_bundle,
    "PodCertificateRequest": update_pod_request,
}
