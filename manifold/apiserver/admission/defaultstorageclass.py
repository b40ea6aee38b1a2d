"""DefaultStorageClass: the class of claims that name none (plugin/pkg/admission/storage/storageclass/setdefault)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "DefaultStorageClass"
PLACE = 80
KINDS = frozenset((("", "PersistentVolumeClaim"),))
ALONE = False
# storage.k8s.io/v1 util: the annotation, and what it was called in beta
MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
CLASS = "volume.beta.kubernetes.io/storage-class"
"""The annotation that once was the field `storageClassName`."""


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Write the default class into a new claim that says nothing of one, an empty name included."""
    spec = body.setdefault("spec", {})
    notes = (body.get("metadata") or {}).get("annotations") or {}
    if context.operation != "create" or CLASS in notes or spec.get("storageClassName") is not None:
        return
    name = newest_default(context, "storage.k8s.io", "StorageClass", MARKS)
    if name:
        spec["storageClassName"] = name


def newest_default(context: Context, group: str, kind: str, marks: tuple[str, ...]) -> str:
    """The name of the class that an annotation marks as the default: the newest, or the first by name."""
    found = []
    for one in context.each(group, kind):
        meta = one.get("metadata") or {}
        if any((meta.get("annotations") or {}).get(mark) == "true" for mark in marks):
            found.append((str(meta.get("creationTimestamp") or ""), str(meta.get("name") or "")))
    newest = max((time for time, _ in found), default="")
    return min((name for time, name in found if time == newest), default="")
