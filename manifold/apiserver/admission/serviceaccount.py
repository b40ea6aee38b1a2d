"""ServiceAccount: every Pod has one, and its token unless somebody says no (plugin/pkg/admission/serviceaccount)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.create import SUFFIX
from manifold.apiserver.faults import FORBIDDEN, Faults
from manifold.k8s import pods
from manifold.model import Path

NAME = "ServiceAccount"
PLACE = 30
KINDS = frozenset((("", "Pod"),))
ALONE = False

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a Pod that stands for one of a node's own."""
ENFORCED = "kubernetes.io/enforce-mountable-secrets"
TRUE = ("1", "t", "true")
SECONDS = 3607  # one hour, and a little to tell it from what a person would write


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Name the account of a new Pod, mount its token, add its pull secrets."""
    if context.operation != "create" or MIRROR in ((body.get("metadata") or {}).get("annotations") or {}):
        return
    spec = body.setdefault("spec", {})
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = spec["serviceAccount"] = "default"
    account = _account(spec, context)
    if account is None and _missing(spec["serviceAccountName"], context):
        message = f"there is no service account {context.namespace}/{spec['serviceAccountName']}"
        faults.add(FORBIDDEN, (), message, "create it first", at=("spec", "serviceAccountName"))
        return
    account = account or {}
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [{"name": s.get("name") or ""} for s in account["imagePullSecrets"]]
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken")
    if wanted is not False:
        _mount(spec)


def _account(spec: Mapping[str, Any], context: Context) -> Mapping[str, Any] | None:
    return context.find("", "ServiceAccount", context.namespace, spec.get("serviceAccountName") or "")


def _missing(name: str, context: Context) -> bool:
    """Whether an account that was not found does not exist: a controller makes the default one of each namespace."""
    if not context.complete:
        return False
    return name != "default" or any(context.each("", "ServiceAccount", context.namespace))


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse mirror Pods that point at what is the API server's, and Secrets that an account does not let its Pods use."""
    spec = body.get("spec") or {}
    if context.operation != "create":
        return
    if MIRROR in ((body.get("metadata") or {}).get("annotations") or {}):
        _mirror(spec, faults)
        return
    account = _account(spec, context) or {}
    if (((account.get("metadata") or {}).get("annotations") or {}).get(ENFORCED) or "").lower() in TRUE:
        _mountable(spec, account, faults)


def _mirror(spec: Mapping[str, Any], faults: Faults) -> None:
    if spec.get("serviceAccountName"):
        faults.add(FORBIDDEN, (), "a mirror Pod must name no service account", at=("spec", "serviceAccountName"))
    for i, volume in enumerate(spec.get("volumes") or ()):
        tokens = [s for s in (volume.get("projected") or {}).get("sources") or () if s.get("serviceAccountToken")]
        if tokens:
            faults.add(FORBIDDEN, (), "a mirror Pod must mount no token", at=("spec", "volumes", i))
    for _, at in _secrets(spec):
        faults.add(FORBIDDEN, (), "a mirror Pod must use no Secret", at=at)


def _secrets(spec: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The Secrets that a Pod's volumes and variables name, with the place of each."""
    for i, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("secret") is not None:
            yield volume["secret"].get("secretName") or "", ("spec", "volumes", i, "secret")
    for container, at in pods.containers(spec, ("spec",)):
        for i, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
            if reference is not None:
                yield reference.get("name") or "", (*at, "env", i, "valueFrom", "secretKeyRef")
        for i, source in enumerate(container.get("envFrom") or ()):
            if source.get("secretRef") is not None:
                yield source["secretRef"].get("name") or "", (*at, "envFrom", i, "secretRef")


def _mountable(spec: Mapping[str, Any], account: Mapping[str, Any], faults: Faults) -> None:
    """An account that says so lets its Pods use only the Secrets that it names."""
    name = (account.get("metadata") or {}).get("name")
    allowed = {s.get("name") for s in account.get("secrets") or ()}
    pulled = {s.get("name") for s in account.get("imagePullSecrets") or ()}
    found = [(secret, at) for secret, at in _secrets(spec) if secret not in allowed]
    found += [
        (str(s.get("name")), ("spec", "imagePullSecrets", i))
        for i, s in enumerate(spec.get("imagePullSecrets") or ())
        if s.get("name") not in pulled
    ]
    for secret, at in found:
        faults.add(FORBIDDEN, (), f"the service account {name} does not name the Secret {secret}", at=at)


def _mount(spec: dict[str, Any]) -> None:
    volumes = spec.get("volumes") or []
    there = next(
        (v["name"] for v in volumes if str(v.get("name", "")).startswith("kube-api-access-") and v.get("projected")),
        None,
    )
    volume = there or f"kube-api-access-{SUFFIX}"
    added = False
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or ():
            mounts = container.setdefault("volumeMounts", [])
            if not any(m.get("mountPath") == MOUNT for m in mounts):
                mounts.append({"name": volume, "readOnly": True, "mountPath": MOUNT})
                added = True
    if added and there is None:
        spec["volumes"] = [*volumes, _volume(volume)]


def _volume(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": SECONDS, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {
                    "downwardAPI": {
                        "items": [
                            {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                        ]
                    }
                },
            ],
        },
    }
