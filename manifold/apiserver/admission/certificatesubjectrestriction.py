"""CertificateSubjectRestriction: nobody gets a client certificate for system:masters (plugin/pkg/admission/certificates/subjectrestriction)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, Faults

NAME = "CertificateSubjectRestriction"
PLACE = 150
KINDS = frozenset((("certificates.k8s.io", "CertificateSigningRequest"),))
ALONE = True
SIGNER = "kubernetes.io/kube-apiserver-client"
GROUP = b"system:masters"
ORGANIZATION = bytes((0x06, 0x03, 0x55, 0x04, 0x0A))
"""The object identifier 2.5.4.10, organizationName, in DER (ITU-T X.520)."""


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse a request to the client signer whose subject has the organization system:masters."""
    spec = body.get("spec") or {}
    if spec.get("signerName") == SIGNER and GROUP in organizations(spec.get("request")):
        message = f"the signer {SIGNER} gives no certificate to the group {GROUP.decode()}"
        faults.add(FORBIDDEN, (), message, at=("spec", "request"))


def organizations(request: Any) -> set[bytes]:
    """The organizations in the subject of a PEM request that is base64 once more; none where it is no such text.

    In DER a name's attribute is the identifier, then a string: its tag, its length (below 128 here), its bytes.
    """
    try:
        pem = base64.b64decode(str(request)).decode("ascii", "replace")
        lines = [line for line in pem.splitlines() if line and not line.startswith("-----") and ":" not in line]
        der = base64.b64decode("".join(lines))
    except (binascii.Error, ValueError):  # validation says so
        return set()
    found = set()
    at = der.find(ORGANIZATION)
    while at >= 0:
        start = at + len(ORGANIZATION)
        if start + 1 < len(der) and der[start + 1] < 128:
            found.add(der[start + 2 : start + 2 + der[start + 1]])
        at = der.find(ORGANIZATION, at + 1)
    return found
