"""What a volume claim asks for, wherever it is written: a PersistentVolumeClaim, a StatefulSet's claim template, an
ephemeral volume.

Follows kubernetes v1.37.2 pkg/apis/core/validation: ValidatePersistentVolumeClaimSpec and what it calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.k8s.quantity import BINARY_SI
from manifold.model import MapKey, Path
from manifold.patterns import late

Body = dict[str, Any]

ACCESS_MODES = frozenset(("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"))
VOLUME_MODES = frozenset(("Block", "Filesystem"))
_DIGITS = late(r"[-+]?([0-9]*\.?[0-9]*)")


def claim_spec(spec: Body, path: Path, context: Context, faults: Faults, *, selector_values: bool = True) -> None:
    """Blame what is wrong with the spec of a claim.

    `selector_values=False` lets bad label values in its selector pass, as for claims that are stored with such.
    """
    modes = spec.get("accessModes")
    if not modes:
        faults.required((*path, "accessModes"), "at least one access mode must be set", "for instance [ReadWriteOnce]")
    selector = spec.get("selector")
    if selector is not None:
        found = Faults()
        metadata.label_selector(selector, (*path, "selector"), found)
        faults.extend(f for f in found if selector_values or "values" not in f.path)
    alone = others = False
    for mode in modes or ():
        if mode not in ACCESS_MODES:
            faults.not_supported((*path, "accessModes"), mode, ACCESS_MODES)
        elif mode == "ReadWriteOncePod":
            alone = True
        else:
            others = True
    if alone and others:
        faults.forbidden((*path, "accessModes"), "ReadWriteOncePod stands alone, without other access modes")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        faults.required((*path, "resources", MapKey("storage")), "resources.requests.storage must be set")
    elif amount(storage).nanos <= 0:
        faults.invalid((*path, "resources", MapKey("storage")), f"{storage} must be more than 0")
    name = spec.get("storageClassName")
    if name:
        for message in formats.dns_subdomain(name):
            faults.invalid((*path, "storageClassName"), message)
    kind = spec.get("volumeMode")
    if kind is not None and kind not in VOLUME_MODES:
        faults.not_supported((*path, "volumeMode"), kind, VOLUME_MODES)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None:
        _data_source(source, (*path, "dataSource"), context, faults)
    if reference is not None:
        _data_source(reference, (*path, "dataSourceRef"), context, faults)
        namespace = reference.get("namespace")
        if namespace:
            for message in formats.dns_label(namespace):
                faults.invalid((*path, "dataSourceRef", "namespace"), message)
            if source is not None:
                faults.invalid(path, "dataSource goes without dataSourceRef.namespace only")
        elif source is not None and any(source.get(k) != reference.get(k) for k in ("apiGroup", "kind", "name")):
            faults.invalid(path, "dataSource must name what dataSourceRef names", "write dataSourceRef alone")
    attributes = spec.get("volumeAttributesClassName")
    if attributes and context.since(1, 34):
        for message in formats.dns_subdomain(attributes):
            faults.invalid((*path, "volumeAttributesClassName"), message)


def _data_source(source: Body, path: Path, context: Context, faults: Faults) -> None:
    if not source.get("name"):
        faults.required((*path, "name"))
    kind = source.get("kind")
    if not kind:
        faults.required((*path, "kind"))
    group = source.get("apiGroup")
    if not group and kind != "PersistentVolumeClaim":
        faults.invalid(path, "without apiGroup it must be a PersistentVolumeClaim")
    if group and not any(_grouped(context.old)):
        for message in formats.dns_subdomain(group):
            faults.invalid((*path, "apiGroup"), message)


def _grouped(old: Body | None) -> Iterator[bool]:
    """Of each source of a stored claim, whether it names a group: then none is looked at any more."""
    spec = (old or {}).get("spec") or {}
    for name in ("dataSource", "dataSourceRef"):
        yield (spec.get(name) or {}).get("apiGroup") is not None


# The server names fields of the metadata by Go's spelling, its first letter made small.
_GO_NAMES = {"uid": "uID"}


def claim_template_metadata(meta: Body, path: Path, faults: Faults) -> None:
    """Blame what is wrong with the metadata of an ephemeral volume's claim template: labels and annotations only."""
    annotations, labels = meta.get("annotations"), meta.get("labels")
    if annotations:
        metadata.annotation_map(annotations, (*path, "annotations"), faults)
    if labels:
        metadata.labels(labels, (*path, "labels"), faults)
    for field, value in meta.items():
        # An empty list is one that is set, to the server.
        if field not in ("annotations", "labels") and (value or value == []):
            faults.forbidden((*path, _GO_NAMES.get(field, field)), "a claim template has labels and annotations only")


def fractional(size: Any) -> bool:
    """Whether the server counts a size in fractions of a byte.

    It counts thousandths in 64 bits. What it holds as a decimal of any length, from 19 digits or with a binary suffix,
    overflows them into what mostly looks like a fraction.
    """
    quantity = amount(size)
    thousandths = quantity.milli()
    if -(1 << 63) <= thousandths < 1 << 63:
        return thousandths % 1000 != 0
    if quantity.format != BINARY_SI:
        digits = _DIGITS.match(str(size))
        if digits is None or len(digits[1].replace(".", "").lstrip("0")) <= 18:
            return False
    low = thousandths & ((1 << 64) - 1)
    return (low - (1 << 64) if low >> 63 else low) % 1000 != 0


def warn_of_fractions(spec: Body, path: Path, faults: Faults) -> None:
    """Warn of sizes in fractions of a byte (pkg/api/persistentvolumeclaim)."""
    resources = spec.get("resources")
    if not resources:
        return
    for which in ("requests", "limits"):
        size = (resources.get(which) or {}).get("storage")
        if size is not None and fractional(size):
            faults.warn((*path, "resources", which, MapKey("storage")), f"{size} is a fraction of bytes")
