"""PersistentVolumeClaimResize: which claims may grow (plugin/pkg/admission/storage/persistentvolume/resize)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.admission.defaultstorageclass import CLASS
from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, Faults
from manifold.k8s import pods

NAME = "PersistentVolumeClaimResize"
PLACE = 100
KINDS = frozenset((("", "PersistentVolumeClaim"),))
ALONE = False
AT = ("spec", "resources", "requests", "storage")


def storage_class(claim: Mapping[str, Any]) -> str:
    """The class that a claim names, by annotation or field; empty where it names none."""
    notes = (claim.get("metadata") or {}).get("annotations") or {}
    return str(notes.get(CLASS) or (claim.get("spec") or {}).get("storageClassName") or "")


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse growth of a claim that is not bound, or whose class does not let it grow."""
    old = context.old
    if old is None:
        return
    sizes = [
        pods.amounts((claim.get("spec") or {}).get("resources"), "requests").get("storage") for claim in (old, body)
    ]
    before, after = sizes
    if after is None or (before is not None and after <= before):
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        faults.add(FORBIDDEN, (), "a claim can grow once it is bound", at=AT)
        return
    name = storage_class(body)
    found = context.find("storage.k8s.io", "StorageClass", "", name) if name and name == storage_class(old) else None
    if found is None and name and not context.complete:
        if not any(context.each("storage.k8s.io", "StorageClass")):
            return  # no class is known
    if found is None or not found.get("allowVolumeExpansion"):
        message = "a claim can grow only where its StorageClass has allowVolumeExpansion"
        faults.add(FORBIDDEN, (), message, "allow it in the class, or leave the size as it is", at=AT)
