"""StorageObjectInUseProtection: volumes and claims in use outlive their deletion (plugin/pkg/admission/storage)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "StorageObjectInUseProtection"
PLACE = 90
ALONE = False

# (group, kind) -> the finalizer, and the release from which it is added
FINALIZERS = {
    ("", "PersistentVolume"): ("kubernetes.io/pv-protection", (1, 30)),
    ("", "PersistentVolumeClaim"): ("kubernetes.io/pvc-protection", (1, 30)),
    ("storage.k8s.io", "VolumeAttributesClass"): ("kubernetes.io/vac-protection", (1, 34)),
}
KINDS = frozenset(FINALIZERS)


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Add the finalizer of a volume, a claim or a class of volume attributes."""
    name, release = FINALIZERS[context.kind.group, context.kind.kind]
    if context.operation != "create" or not context.since(*release):
        return
    finalizers = body.setdefault("metadata", {}).setdefault("finalizers", [])
    if name not in finalizers:
        finalizers.append(name)
