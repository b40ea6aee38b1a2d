"""ConfigMaps, Secrets, Namespaces and ServiceAccounts.

Source: kubernetes v1.37.2 pkg/apis/core/validation, pkg/registry/core/{secret,serviceaccount} (warnings).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import metadata
from manifold.k8s import formats
from manifold.model import MapKey
from manifold.patterns import late

Body = dict[str, Any]

LARGEST = 1024 * 1024
ACCOUNT_NAME = "kubernetes.io/service-account.name"
MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
SECURITY = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
_VERSION = late(r"v1\.(0|[1-9][0-9]*)")
# type -> the keys that its data must hold
NEEDED = {"kubernetes.io/tls": ("tls.crt", "tls.key")}
DOCKER = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


def _bytes(text: str) -> bytes:
    """The content of a field of base64; nothing for what decoding has blamed already."""
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return b""


def config_map(body: Body, context: Context, faults: Faults) -> None:
    """A ConfigMap: no key in both maps, a MiB in all."""
    data, binary = body.get("data") or {}, body.get("binaryData") or {}
    for key in data:
        if key in binary:
            faults.invalid(("data", MapKey(key)), f"{key!r} stands in binaryData as well")
    size = sum(formats.size(v) for v in data.values() if v) + sum(len(v) * 3 // 4 for v in binary.values() if v)
    if size > LARGEST:
        if binary:
            size = sum(formats.size(v) for v in data.values() if v) + sum(len(_bytes(v)) for v in binary.values() if v)
        if size > LARGEST:
            faults.append(
                reasons.Fault(
                    (),
                    reasons.TOO_LONG,
                    f"longer than {LARGEST} bytes in all",
                    rule="api/too-long",
                    at=("data",),
                    whole="[]",
                )
            )


def _keeps(new: Body, old: Body, faults: Faults, names: tuple[str, ...]) -> None:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        changed(faults, ("immutable",), reason=reasons.FORBIDDEN)
    for name in names:
        if (old.get(name) or {}) != (new.get(name) or {}):
            changed(faults, (name,), reason=reasons.FORBIDDEN)


def update_config_map(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """One that says `immutable: true` keeps its content, and that word."""
    _keeps(new, old, faults, ("data", "binaryData"))
    config_map(new, context, faults)


def secret(body: Body, context: Context, faults: Faults) -> None:
    """A Secret: a MiB in all, and what its type asks for."""
    data, kind = body.get("data") or {}, body.get("type") or ""
    if sum(len(v) * 3 // 4 for v in data.values() if v) > LARGEST - 3 * len(data):
        if sum(len(_bytes(v)) for v in data.values() if v) > LARGEST:
            faults.too_long(("data",), LARGEST)
    if kind == "kubernetes.io/service-account-token":
        if not ((body.get("metadata") or {}).get("annotations") or {}).get(ACCOUNT_NAME):
            faults.required(
                ("metadata", "annotations", MapKey(ACCOUNT_NAME)), "must name the ServiceAccount whose token this is"
            )
    elif kind in DOCKER:
        _docker(data, DOCKER[kind], faults)
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            for key in ("username", "password"):
                faults.required(("data", MapKey(key)))
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            faults.required(("data", MapKey("ssh-privatekey")))
    for key in NEEDED.get(kind, ()):
        if key not in data:
            faults.required(("data", MapKey(key)))
    if kind == "kubernetes.io/tls":
        _pair(data, faults)


def _docker(data: Body, key: str, faults: Faults) -> None:
    if key not in data:
        faults.required(("data", MapKey(key)))
        return
    try:
        found = json.loads(_bytes(data[key] or ""))
    except ValueError:
        found = ()
    if found is not None and not isinstance(found, dict):
        faults.invalid(("data", MapKey(key)), "must be an object in JSON")


def _pair(data: Body, faults: Faults) -> None:
    """Warn of a certificate or a key that is none at first sight; whether the two go together is not looked at."""
    for key, word in (("tls.crt", b"CERTIFICATE"), ("tls.key", b"PRIVATE KEY")):
        if not _is_pem(_bytes(data.get(key) or ""), word):
            faults.warn(("data", MapKey(key)), f"{key} holds no {word.decode().lower()} in PEM")
            return


def _is_pem(text: bytes, word: bytes) -> bool:
    head, begin, rest = text.partition(b"-----BEGIN ")
    del head
    label, dashes, rest = rest.partition(b"-----")
    if not begin or not dashes or not label.endswith(word):
        return False
    body, end, _ = rest.partition(b"-----END " + label + b"-----")
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(end) and der[:1] == b"\x30"


def update_secret(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """One that says `immutable: true` keeps its content, and that word."""
    _keeps(new, old, faults, ("data",))
    secret(new, context, faults)


def _security(body: Body, faults: Faults) -> None:
    """Labels of Pod Security (k8s.io/pod-security-admission v0.37.2 api.PolicyToEvaluate)."""
    for key, value in ((body.get("metadata") or {}).get("labels") or {}).items():
        mode, _, version = key.removeprefix(SECURITY).partition("-") if key.startswith(SECURITY) else ("", "", "")
        if mode not in ("enforce", "audit", "warn"):
            continue
        path = ("metadata", "labels", MapKey(key))
        if not version and value not in LEVELS:
            faults.invalid(path, reasons.not_among(value, LEVELS))
        elif version == "version" and value != "latest" and not _VERSION.fullmatch(value):
            faults.invalid(path, f"{value!r} is neither `latest` nor a version such as v1.30")


def namespace(body: Body, context: Context, faults: Faults) -> None:
    """A Namespace: its finalizers, and its labels of Pod Security."""
    found = Faults()
    metadata.finalizers((body.get("spec") or {}).get("finalizers") or [], ("spec", "finalizers"), found, qualified=True)
    faults.extend(f._replace(path=f.path[:2], at=f.path) for f in found)
    if not faults.refused:  # a plug-in's question, asked of what is valid
        _security(body, faults)


def update_namespace(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Of a changed Namespace the server looks at the labels."""
    found = Faults()
    if not faults.refused:
        _security(new, found)
    before = (old.get("metadata") or {}).get("labels") or {}
    labels = (new.get("metadata") or {}).get("labels") or {}
    faults.extend(f for f in found if before.get(str(f.path[2])) != labels.get(str(f.path[2])))


def service_account(body: Body, context: Context, faults: Faults) -> None:
    """A ServiceAccount: nothing but a warning."""
    if MOUNTABLE in ((body.get("metadata") or {}).get("annotations") or {}) and context.since(1, 32):
        path = ("metadata", "annotations", MapKey(MOUNTABLE))
        faults.warn(path, "deprecated since 1.32: separate Secrets by namespaces instead")


def update_service_account(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Warned of where the annotation is new."""
    if MOUNTABLE not in ((old.get("metadata") or {}).get("annotations") or {}):
        service_account(new, context, faults)
