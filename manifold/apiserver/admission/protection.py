"""StorageObjectInUseProtection: volumes and claims in use outlive their deletion (plugin/pkg/admission/storage)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

FINALIZERS = {
    "PersistentVolume": "kubernetes.io/pv-protection",
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
}


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Add the finalizer of a volume or a claim."""
    name = FINALIZERS.get(context.kind.kind) if context.kind.group == "" else None
    if name is None:
        return
    finalizers = body.setdefault("metadata", {}).setdefault("finalizers", [])
    if name not in finalizers:
        finalizers.append(name)
