"""Updates of the core group's config and storage kinds: what they keep once they exist.

Source: kubernetes v1.37.2 pkg/apis/core/validation (ValidateConfigMapUpdate, ValidateSecretUpdate,
ValidatePersistentVolumeUpdate, ValidatePersistentVolumeClaimUpdate), pkg/apis/core/validation/events.go.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.k8s.equality import same
from manifold.k8s.pods import amount

Body = dict[str, Any]


def keep_sealed(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A ConfigMap or Secret that says `immutable: true` keeps its content, and that word."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        changed(faults, ("immutable",), reason=reasons.FORBIDDEN)
    for name in ("data", "binaryData"):
        if (old.get(name) or {}) != (new.get(name) or {}):
            changed(faults, (name,), reason=reasons.FORBIDDEN)


# What a PersistentVolume's spec holds besides its source.
_VOLUME_FIELDS = frozenset(
    ("capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode", "nodeAffinity", "volumeAttributesClassName")
)  # fmt: skip


def update_volume(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A volume keeps its source, its mode and, once set, the nodes that it can be reached from."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if not same(_source(before), _source(after)):
        faults.forbidden(("spec", "persistentvolumesource"), "the source of a volume cannot be changed once it exists")
    if before.get("volumeMode") != after.get("volumeMode"):
        changed(faults, ("volumeMode",), ("spec", "volumeMode"))
    if before.get("nodeAffinity") and not same(before.get("nodeAffinity"), after.get("nodeAffinity")):
        changed(faults, ("nodeAffinity",), ("spec", "nodeAffinity"))


def _source(spec: Body) -> Body:
    source = {k: v for k, v in spec.items() if k not in _VOLUME_FIELDS}
    csi = source.get("csi")
    if isinstance(csi, dict):  # may be set later
        source["csi"] = {k: v for k, v in csi.items() if k not in ("controllerExpandSecretRef", "nodeExpandSecretRef")}
    return source


def update_claim(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A claim keeps its spec, but for what it asks of storage, and what was never set."""
    after, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName")
    if before.get("storageClassName") is None:
        before["storageClassName"] = after.get("storageClassName")
    phase = (old.get("status") or {}).get("phase")
    wanted, had = (((s.get("resources") or {}).get("requests") or {}).get("storage") for s in (after, before))
    if phase == "Bound":
        before["resources"] = {
            **(before.get("resources") or {}),
            "requests": (after.get("resources") or {}).get("requests"),
        }
        before["volumeAttributesClassName"] = after.get("volumeAttributesClassName")
    if not same(before, after):
        faults.forbidden(
            ("spec",),
            "the spec of a claim cannot be changed once it exists, but for resources.requests and volumeAttributesClassName of a bound one",
        )
    if phase == "Bound" and wanted is not None and had is not None and amount(wanted) < amount(had):
        there = ((old.get("status") or {}).get("capacity") or {}).get("storage")
        if there is None or amount(wanted) <= amount(there):
            faults.forbidden(("spec", "resources", "requests", "storage"), "a claim cannot shrink below what it has")
    if (old.get("spec") or {}).get("volumeMode") != after.get("volumeMode"):
        changed(faults, ("volumeMode",), ("spec", "volumeMode"))


_EVENT_FIELDS = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime", "action",
    "related", "reportingComponent", "reportingInstance",
)  # fmt: skip


def update_event(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """An event of the new kind, which has an eventTime, keeps all but its series."""
    if not new.get("eventTime") and not old.get("eventTime"):
        return
    for name in _EVENT_FIELDS:
        if not same(old.get(name), new.get(name)):
            changed(faults, ("reportingController",) if name == "reportingComponent" else (name,), (name,))


UPDATE = {
    "ConfigMap": keep_sealed,
    "Secret": keep_sealed,
    "PersistentVolume": update_volume,
    "PersistentVolumeClaim": update_claim,
    "Event": update_event,
}
