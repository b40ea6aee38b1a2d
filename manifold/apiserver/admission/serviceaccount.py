"""ServiceAccount: every Pod has one, and its token unless somebody says no (plugin/pkg/admission/serviceaccount)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.create import SUFFIX
from manifold.apiserver.decode import copy
from manifold.apiserver.faults import Faults

NAME = "ServiceAccount"
PLACE = 30
KINDS = frozenset((("", "Pod"),))
ALONE = False

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
SECONDS = 3607  # one hour, and a little to tell it from what a person would write


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Name the account, mount its token, add its pull secrets."""
    if (context.kind.group, context.kind.kind) != ("", "Pod"):
        return
    meta = body.get("metadata") or {}
    if "kubernetes.io/config.mirror" in (meta.get("annotations") or {}):
        return
    spec = body.setdefault("spec", {})
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account: Any = None
    if context.world is not None:
        account = context.world.get("", "ServiceAccount", context.namespace, name)
        if account is None:
            faults.forbidden((), f"there is no service account {context.namespace}/{name}", "create it first")
            return
    if account and not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = copy(account["imagePullSecrets"])
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None and account:
        wanted = account.get("automountServiceAccountToken")
    if wanted is not False:
        _mount(spec)


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
