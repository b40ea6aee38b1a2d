"""StorageObjectInUseProtection: volumes and claims in use outlive their deletion (plugin/pkg/admission/storage)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

# (group, kind) -> the finalizer, and the release from which it is added
FINALIZERS = {
    ("", "PersistentVolume"): ("kubernetes.io/pv-protection", (1, 30)),
    ("", "PersistentVolumeClaim"): ("kubernetes.io/pvc-protection", (1, 30)),
    ("storage.k8s.io", "VolumeAttributesClass"): ("kubernetes.io/vac-protection", (1, 34)),
}


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Add the finalizer of a volume, a claim or a class of volume attributes."""
    name, release = FINALIZERS.get((context.kind.group, context.kind.kind), ("", (0, 0)))
    if not name or not context.since(*release):
        return
    finalizers = body.setdefault("metadata", {}).setdefault("finalizers", [])
    if name not in finalizers:
        finalizers.append(name)
