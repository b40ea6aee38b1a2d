"""PersistentVolumes and PersistentVolumeClaims.

Follows kubernetes v1.37.2 pkg/apis/core/validation (ValidatePersistentVolumeSpec, ValidatePersistentVolumeClaim, their
updates), pkg/volume/validation, and the warnings of pkg/api/persistentvolume and pkg/api/persistentvolumeclaim.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from manifold.apiserver import constraints
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import claims, metadata
from manifold.apiserver.validate.pod import scheduling, volumes, warnings
from manifold.apiserver.validate.pod.scope import Scope
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.k8s.pods import amount
from manifold.model import MapKey, Path

Body = dict[str, Any]
Check = Callable[[Body, Path, Scope, str], None]

SPEC: Path = ("spec",)
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
CLASS_NOTE = "volume.beta.kubernetes.io/storage-class"
OPTIONS_NOTE = "volume.beta.kubernetes.io/mount-options"
INITIATOR_LIMIT = 64


def _required(names: tuple[str, ...], source: Body, path: Path, faults: Faults) -> None:
    for name in names:
        if not source.get(name):
            faults.required((*path, name))


def _secret(source: Body, path: Path, faults: Faults) -> None:
    reference = source.get("secretRef")
    if reference is not None:
        _required(("name", "namespace"), reference, (*path, "secretRef"), faults)


def _iscsi(source: Body, path: Path, scope: Scope, name: str) -> None:
    volumes.iscsi(source, path, scope, name)
    portal = source.get("targetPortal") or ""
    if source.get("initiatorName") is not None and len(f"{name}:{portal}".encode()) > INITIATOR_LIMIT:
        scope.faults.invalid((*path, "targetportal"), "with the volume's name it must stay below 64 characters")
    secret = source.get("secretRef")
    if secret is not None and not secret.get("name"):
        scope.faults.required((*path, "secretRef", "name"))


def _cinder(source: Body, path: Path, scope: Scope, name: str) -> None:
    _secret(source, path, scope.faults)


def _azure_file(source: Body, path: Path, scope: Scope, name: str) -> None:
    if source.get("secretNamespace") == "":
        scope.faults.required((*path, "secretNamespace"))


def _storage_os(source: Body, path: Path, scope: Scope, name: str) -> None:
    _secret(source, path, scope.faults)


SECRETS = ("controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")


def csi(source: Body, path: Path, scope: Scope, name: str) -> None:
    """Blame what is wrong with a CSI source of a PersistentVolume."""
    faults = scope.faults
    volumes.csi_driver(source.get("driver") or "", (*path, "driver"), faults)
    for field in SECRETS:
        secret = source.get(field)
        if secret is None:
            continue
        for part, test in (("name", formats.dns_subdomain), ("namespace", formats.dns_label)):
            text = secret.get(part) or ""
            if not text:
                faults.required((*path, field, part))
            for message in test(text) if text else ():
                faults.invalid((*path, field, part), message)


# Those of which tables cannot say all.
SOURCES: dict[str, Check] = {
    "hostPath": volumes.SOURCES["hostPath"],
    "gcePersistentDisk": volumes.SOURCES["gcePersistentDisk"],
    "flocker": volumes.SOURCES["flocker"],
    "nfs": volumes.SOURCES["nfs"],
    "quobyte": volumes.SOURCES["quobyte"],
    "iscsi": _iscsi,
    "cinder": _cinder,
    "fc": volumes.SOURCES["fc"],
    "flexVolume": volumes.SOURCES["flexVolume"],
    "azureFile": _azure_file,
    "azureDisk": volumes.SOURCES["azureDisk"],
    "storageos": _storage_os,
    "csi": csi,
}
# Kinds of volumes whose mount options may stand in the old annotation.
_OPTIONS = frozenset(
    (
        "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs",
        "azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk",
    )
)  # fmt: skip
# source -> the release in which it was deprecated, and the one from which it does nothing
_DEPRECATED = {
    "cephfs": ("1.28", "1.31"),
    "photonPersistentDisk": ("1.11", "1.16"),
    "scaleIO": ("1.16", "1.22"),
    "storageos": ("1.22", "1.25"),
    "glusterfs": ("1.25", "1.26"),
    "rbd": ("1.28", "1.31"),
}


def access_modes(modes: list[str], path: Path, faults: Faults) -> None:
    """Blame no access mode at all, one that does not exist, and ReadWriteOncePod with others."""
    if not modes:
        faults.required(path, "at least one access mode must be set", "for instance [ReadWriteOnce]")
    for mode in modes:
        if mode not in claims.ACCESS_MODES:
            faults.not_supported(path, mode, claims.ACCESS_MODES)
    known = [m for m in modes if m in claims.ACCESS_MODES]
    if "ReadWriteOncePod" in known and set(known) != {"ReadWriteOncePod"}:
        faults.forbidden(path, "ReadWriteOncePod stands alone, without other access modes")


def _capacity(spec: Body, path: Path, faults: Faults) -> None:
    capacity = spec.get("capacity") or {}
    if not capacity:
        faults.required(path)
    if "storage" not in capacity or len(capacity) > 1:
        faults.not_supported(path, ", ".join(sorted(capacity)), ("storage",))
    for name, value in capacity.items():
        found = amount(value)
        if found.nanos <= 0:
            faults.invalid((*path, MapKey(name)), f"{value} must be more than 0")
        elif (found.value() + (1 << 63)) % (1 << 64) < 1 << 63:  # the server counts in 64 bits
            faults.invalid((*path, MapKey(name)), f"{value} is more than can be counted")


def sources(spec: Body, path: Path, scope: Scope, name: str) -> None:
    """Hold a volume's source against the rules of its kind; blame none at all."""
    order = constraints.members("core.v1.PersistentVolumeSpec")
    present = sorted((s for s in order if spec.get(s) is not None), key=order.__getitem__)[:1]
    flex = spec.get("flexVolume") is not None
    if flex:
        if present and order[present[0]] > order["fc"]:
            # It stands before these, so they are too many; otherwise the server lets it pass beside another.
            faults = scope.faults
            faults[:] = [f for f in faults if f.path[: len(path) + 1] != (*path, present[0])]
            faults.forbidden((*path, present[0]), "a volume has one source, and `flexVolume` is set already")
            present = []
        present.append("flexVolume")
    for source in present:
        check = SOURCES.get(source)
        if check is not None:
            check(spec[source], (*path, source), scope, name)
        if source == "local" and spec.get("nodeAffinity") is None:
            scope.faults.required((*path, "nodeAffinity"), "must be set: a local volume says on which node it is")
    if not present:
        scope.faults.required(path, f"a volume has a source: one of {', '.join(sorted((*order, 'flexVolume')))}")


def _class_name(value: str, path: Path, faults: Faults) -> None:
    for message in formats.dns_subdomain(value):
        faults.invalid(path, message)


def _volume(body: Body, context: Context, faults: Faults, *, values: bool) -> None:
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    access_modes(spec.get("accessModes") or [], (*SPEC, "accessModes"), faults)
    _capacity(spec, (*SPEC, "capacity"), faults)
    policy = spec.get("persistentVolumeReclaimPolicy")
    here: Path = (*SPEC, "persistentVolumeReclaimPolicy")
    if policy and policy not in RECLAIM_POLICIES:
        faults.not_supported(here, policy, RECLAIM_POLICIES)
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required") is None:
            faults.required((*SPEC, "nodeAffinity", "required"))
        else:
            scheduling.node_selector(affinity["required"], (*SPEC, "nodeAffinity", "required"), faults, values=values)
    sources(spec, SPEC, Scope({}, context, faults), meta.get("name") or "")
    path = (spec.get("hostPath") or {}).get("path")
    if path is not None and posixpath.normpath(path or ".") in ("/", "//") and policy == "Recycle":
        faults.forbidden(here, "the root of a host cannot be recycled")
    if spec.get("storageClassName"):
        _class_name(spec["storageClassName"], (*SPEC, "storageClassName"), faults)
    mode = spec.get("volumeMode")
    if mode is not None and mode not in claims.VOLUME_MODES:
        faults.not_supported((*SPEC, "volumeMode"), mode, claims.VOLUME_MODES)
    attributes = spec.get("volumeAttributesClassName")
    if attributes is not None and context.since(1, 34):
        if not attributes:
            faults.required((*SPEC, "volumeAttributesClassName"), "must not be empty")
        else:
            _class_name(attributes, (*SPEC, "volumeAttributesClassName"), faults)
        if spec.get("csi") is None:
            faults.required((*SPEC, "csi"), "volumeAttributesClassName goes with a volume of a CSI driver only")
    notes = meta.get("annotations") or {}
    if OPTIONS_NOTE in notes and _OPTIONS.isdisjoint(k for k, v in spec.items() if v is not None):
        faults.forbidden(("metadata", "annotations", OPTIONS_NOTE), "this kind of volume takes no mount options there")
    _warn(spec, notes, context, faults)


def _warn(spec: Body, notes: Body, context: Context, faults: Faults) -> None:
    for note, field, since in ((CLASS_NOTE, "storageClassName", (1, 8)), (OPTIONS_NOTE, "mountOptions", (1, 31))):
        if note in notes and context.since(*since):
            here: Path = ("metadata", "annotations", MapKey(note))
            faults.warn(here, f"the annotation is deprecated: write {field} in the spec")
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        faults.warn((*SPEC, "persistentVolumeReclaimPolicy"), "Recycle is deprecated: provision volumes dynamically")
    required = (spec.get("nodeAffinity") or {}).get("required") or {}
    for i, term in enumerate(required.get("nodeSelectorTerms") or ()):
        path = (*SPEC, "nodeAffinity", "required", "nodeSelectorTerms", i)
        warnings.node_term(term, path, faults)
    for source, (deprecated, gone) in _DEPRECATED.items():
        if spec.get(source) is not None:
            faults.warn((*SPEC, source), f"deprecated in {deprecated}, without effect from {gone} on")


def create_volume(body: Body, context: Context, faults: Faults) -> None:
    """A new PersistentVolume."""
    _volume(body, context, faults, values=True)


# What a PersistentVolume's spec holds besides its source.
_VOLUME_FIELDS = frozenset(
    (
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
        "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    )
)  # fmt: skip


def _source(spec: Body, *, without_secret: bool = False) -> Body:
    source = {k: v for k, v in spec.items() if k not in _VOLUME_FIELDS}
    if without_secret:
        source["csi"] = {k: v for k, v in source["csi"].items() if k != "controllerExpandSecretRef"}
    return source


# The labels that nodes had before these were stable.
_STABLE = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


def _same_nodes(old: Body, new: Body | None) -> bool:
    """Whether a volume can be reached from the same nodes: labels may become the stable ones.

    A key that is gone passes as well: the server looks up in vain what it would be, and finds nothing.
    """
    terms, wanted = (((a or {}).get("required") or {}).get("nodeSelectorTerms") or [] for a in (old, new))
    renamed = [
        {
            **term,
            **{
                part: [_renamed(r, s) for r, s in zip(term[part], other[part], strict=True)]
                for part in ("matchExpressions", "matchFields")
                if len(term.get(part) or ()) == len(other.get(part) or ()) > 0
            },
        }
        for term, other in zip(terms, wanted, strict=False)
    ]
    if len(terms) != len(wanted):
        return False
    return same({"required": {"nodeSelectorTerms": renamed}} if terms else old, new)


def _renamed(requirement: Body, wanted: Body) -> Body:
    key, new = requirement.get("key") or "", wanted.get("key") or ""
    if key != new and _STABLE.get(key, "") == new:
        return {**{k: v for k, v in requirement.items() if k != "key"}, **({"key": new} if new else {})}
    return requirement


def update_volume(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A volume keeps its source and its mode; where it can be reached from is open since 1.35 only."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    odd = Faults()
    required = (before.get("nodeAffinity") or {}).get("required")
    if required is not None:
        scheduling.node_selector(required, (), odd)
    _volume(new, context, faults, values=not any("values" in f.path for f in odd))
    # The Secret for expansion may be added later.
    added = all(s.get("csi") is not None for s in (before, after)) and (
        before["csi"].get("controllerExpandSecretRef") is None
        and after["csi"].get("controllerExpandSecretRef") is not None
    )
    if not same(_source(before), _source(after, without_secret=added)):
        faults.forbidden((*SPEC, "persistentvolumesource"), "the source of a volume cannot be changed once it exists")
    if before.get("volumeMode") != after.get("volumeMode"):
        changed(faults, ("volumeMode",), (*SPEC, "volumeMode"))
    if before.get("nodeAffinity") is not None and not _same_nodes(before["nodeAffinity"], after.get("nodeAffinity")):
        changed(faults, ("nodeAffinity",), (*SPEC, "nodeAffinity"))
    if before.get("volumeAttributesClassName") is not None and after.get("volumeAttributesClassName") is None:
        faults.forbidden((*SPEC, "volumeAttributesClassName"), "cannot be taken away once it is set")


def _claim(body: Body, context: Context, faults: Faults, *, selector_values: bool) -> None:
    spec = body.get("spec") or {}
    claims.claim_spec(spec, SPEC, context, faults, selector_values=selector_values)
    if CLASS_NOTE in ((body.get("metadata") or {}).get("annotations") or {}):
        path = ("metadata", "annotations", MapKey(CLASS_NOTE))
        faults.warn(path, "the annotation is deprecated: write storageClassName in the spec")
    claims.warn_of_fractions(spec, SPEC, faults)


def create_claim(body: Body, context: Context, faults: Faults) -> None:
    """A new PersistentVolumeClaim."""
    _claim(body, context, faults, selector_values=True)


def _class_of(body: Body) -> tuple[str | None, str | None]:
    """The class in the old annotation and in the spec."""
    notes = (body.get("metadata") or {}).get("annotations") or {}
    return notes.get(CLASS_NOTE), (body.get("spec") or {}).get("storageClassName")


def update_claim(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A claim keeps its spec, but for what it asks of storage once it is bound, and what was never set."""
    odd = Faults()
    selector = (old.get("spec") or {}).get("selector")
    if selector is not None:
        metadata.label_selector(selector, (), odd)
    _claim(new, context, faults, selector_values=not any("values" in f.path for f in odd))
    after, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName")
    (old_note, old_class), (new_note, new_class) = _class_of(old), _class_of(new)
    if old_note and old_class is None and new_class == old_note and not new_note:
        after.pop("storageClassName", None)  # moved from the annotation to the field
    else:
        if (old_note or "") != (new_note or ""):
            changed(faults, ("metadata", "annotations", MapKey(CLASS_NOTE)))
        if old_class is None and not old_note and new_class is not None:
            after["storageClassName"] = None
            before["storageClassName"] = None
    status = old.get("status") or {}
    bound = (new.get("status") or {}).get("phase") == "Bound"
    wanted, had = (((s.get("resources") or {}).get("requests") or {}).get("storage") for s in (after, before))
    if bound:
        resources = dict(after.get("resources") or {})
        if resources.get("requests") is not None:
            kept = {k: v for k, v in resources["requests"].items() if k != "storage"}
            after["resources"] = {**resources, "requests": {**kept, **({"storage": had} if had is not None else {})}}
        after["volumeAttributesClassName"] = before.get("volumeAttributesClassName")
    if not same(before, after):
        faults.forbidden(
            SPEC,
            "the spec of a claim cannot be changed once it exists, but for resources.requests and "
            "volumeAttributesClassName of a bound one",
        )
    if amount(wanted or "0") < amount(had or "0"):
        there = (status.get("capacity") or {}).get("storage") or "0"
        if amount(wanted or "0") <= amount(there):
            faults.forbidden((*SPEC, "resources", "requests", "storage"), "a claim cannot shrink below what it has")
    if (old.get("spec") or {}).get("volumeMode") != (new.get("spec") or {}).get("volumeMode"):
        changed(faults, ("volumeMode",), (*SPEC, "volumeMode"))
    attributes = (new.get("spec") or {}).get("volumeAttributesClassName")
    if not attributes and status.get("currentVolumeAttributesClassName") is not None:
        if attributes != (old.get("spec") or {}).get("volumeAttributesClassName"):
            faults.forbidden((*SPEC, "volumeAttributesClassName"), "cannot be taken away once it is in effect")
