"""Storage classes, CSI drivers and nodes, attachments.

Follows kubernetes v1.37.2 pkg/apis/storage/validation and pkg/registry/storage.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import metadata, persistent
from manifold.apiserver.validate.pod import volumes, warnings
from manifold.apiserver.validate.pod.scope import Scope
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.k8s.pods import amount
from manifold.model import Path

Body = dict[str, Any]

LIFECYCLE_MODES = ("Persistent", "Ephemeral")
_PARAMETERS_LIMIT = 512
_PARAMETERS_SIZE = 256 * 1024
_SHORTEST_TOKEN = 600


def _names(path: Path, value: str, test: formats.Format, faults: Faults) -> None:
    for message in test(value):
        faults.invalid(path, message)


def _driver(value: str, path: Path, faults: Faults) -> None:
    if not value:
        faults.required(path)
    else:
        _names(path, value.lower(), formats.qualified_name, faults)


def _parameters(parameters: Body, path: Path, faults: Faults, *, needed: bool) -> None:
    if len(parameters) > _PARAMETERS_LIMIT:
        faults.too_long(path, _PARAMETERS_LIMIT, "parameters")
        return
    total = 0
    for key, value in parameters.items():
        if not key:
            faults.invalid(path, "a parameter needs a name")
        total += formats.size(key) + formats.size(value or "")
    if total > _PARAMETERS_SIZE:
        faults.too_long(path, _PARAMETERS_SIZE)
    if needed and not parameters:
        faults.required(path, "at least one parameter")


def create_storage_class(body: Body, context: Context, faults: Faults) -> None:
    """A StorageClass: who provisions, how, and where."""
    _driver(body.get("provisioner") or "", ("provisioner",), faults)
    _parameters(body.get("parameters") or {}, ("parameters",), faults, needed=False)
    _topologies(body.get("allowedTopologies") or [], faults)
    warn_of_topologies(body, context, faults)


def warn_of_topologies(body: Body, context: Context, faults: Faults) -> None:
    """Warn of deprecated labels of nodes."""
    for i, term in enumerate(body.get("allowedTopologies") or ()):
        for j, expression in enumerate(term.get("matchLabelExpressions") or ()):
            message = warnings.deprecated_label(expression.get("key") or "")
            if message:
                faults.warn(("allowedTopologies", i, "matchLabelExpressions", j, "key"), message)


def _topologies(terms: list[Body], faults: Faults) -> None:
    # The server compares with as many empty terms as there are terms, besides those before: an empty one is a repetition.
    seen: list[dict[str, frozenset[str]] | None] = []
    for i, term in enumerate(terms):
        found: dict[str, frozenset[str]] = {}
        path: Path = ("allowedTopologies", i, "matchLabelExpressions")
        for j, expression in enumerate(term.get("matchLabelExpressions") or ()):
            key, values = expression.get("key") or "", expression.get("values") or []
            if not values:
                faults.required((*path, j, "values"))
            for k, value in enumerate(values):
                if value in values[:k]:
                    faults.duplicate((*path, j, "values", k), value)
            _names((*path, j, "key"), key, formats.qualified_name, faults)
            if key in found:
                faults.duplicate((*path, j, "key"), key)
            found[key] = frozenset(values)
        for other in seen:
            if other == found:
                faults.duplicate(path, "the term")
        if not found:
            for _ in terms:
                faults.duplicate(path, "the empty term")
        seen.append(found)


def update_storage_class(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; what cannot change the table of immutable fields says."""
    create_storage_class(new, context, faults)


def create_attachment(body: Body, context: Context, faults: Faults) -> None:
    """A VolumeAttachment: what is attached, by whom, to which node."""
    _attachment(body, context, faults, spelling=True)


def update_attachment(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; before 1.36 names are looked at on creation only."""
    _attachment(new, context, faults, spelling=context.since(1, 36))


def _attachment(body: Body, context: Context, faults: Faults, *, spelling: bool) -> None:
    spec = body.get("spec") or {}
    if spelling or not spec.get("attacher"):
        volumes.csi_driver(spec.get("attacher") or "", ("spec", "attacher"), faults)
    source = spec.get("source") or {}
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    path: Path = ("spec", "source")
    if inline is None and name is None:
        faults.required(path, "inlineVolumeSpec or persistentVolumeName must be set")
    elif inline is not None and name is not None:
        faults.forbidden(path, "either inlineVolumeSpec or persistentVolumeName")
    elif inline is not None:
        _inline(inline, (*path, "inlineVolumeSpec"), context, faults)
    elif not name:
        faults.required((*path, "persistentVolumeName"))
    if name is not None and spelling:
        _names((*path, "persistentVolumeName"), name, formats.dns_subdomain, faults)


def _inline(spec: Body, path: Path, context: Context, faults: Faults) -> None:
    """A volume within an attachment: a CSI source and the ways of access, and little else."""
    for field in ("claimRef", "nodeAffinity"):
        if spec.get(field) is not None:
            faults.forbidden((*path, field), "a volume within an attachment has no such field")
    for field in ("capacity", "storageClassName"):
        if spec.get(field):
            faults.forbidden((*path, field), "a volume within an attachment has no such field")
    for field, only in (("persistentVolumeReclaimPolicy", "Retain"), ("volumeMode", "Filesystem")):
        value = spec.get(field)
        if value != only and (value or (value is not None and field == "volumeMode")):
            faults.forbidden((*path, field), f"{value!r}: of a volume within an attachment it can only be {only}")
    if spec.get("csi") is None:
        faults.required((*path, "csi"), "a volume within an attachment is one of a CSI driver")
    persistent.access_modes(spec.get("accessModes") or [], (*path, "accessModes"), faults)
    persistent.sources(spec, path, Scope({}, context, faults), "")


def create_csi_node(body: Body, context: Context, faults: Faults) -> None:
    """A CSINode: its drivers, each once."""
    seen = set()
    for i, driver in enumerate((body.get("spec") or {}).get("drivers") or ()):
        path: Path = ("spec", "drivers", i)
        name = driver.get("name") or ""
        volumes.csi_driver(name, (*path, "name"), faults)
        if name in seen:
            faults.duplicate((*path, "name"), name)
        seen.add(name)
        keys = driver.get("topologyKeys") or []
        for j, key in enumerate(keys):
            at = (*path, "topologyKeys", j)
            if not key:
                faults.add("FieldValueRequired", path, "a topology key must not be empty", at=at)
            if key in keys[:j]:
                faults.add("FieldValueDuplicate", path, f"the topology key {key!r} occurs more than once", at=at)
            for message in formats.qualified_name(key):
                faults.add("FieldValueInvalid", path, message, at=at)


def update_csi_node(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; a driver stays as it was, but for what it can take (since 1.34)."""
    create_csi_node(new, context, faults)
    grows = context.since(1, 34)
    for before in (old.get("spec") or {}).get("drivers") or ():
        for after in (new.get("spec") or {}).get("drivers") or ():
            if before.get("name") != after.get("name"):
                continue
            first, second = (
                {k: v for k, v in d.items() if not (grows and k == "allocatable")} for d in (before, after)
            )
            if not same(first, second):
                path: Path = ("spec", "drivers")
                changed(faults, path if context.since(1, 33) else ("CSINodeDriver",), path)


def _csi_driver_spec(spec: Body, context: Context, faults: Faults) -> None:
    if spec.get("attachRequired") is None:
        faults.add("FieldValueRequired", ("spec", "attachedRequired"), "must be set", at=("spec", "attachRequired"))
    seen = set()
    requests = spec.get("tokenRequests") or ()
    for i, request in enumerate(requests):
        path: Path = ("spec", "tokenRequests", i)
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in seen:
            faults.duplicate((*path, "audience"), audience)
            continue
        seen.add(audience)
        if seconds is not None and not _SHORTEST_TOKEN <= seconds <= 1 << 32:
            faults.invalid((*path, "expirationSeconds"), f"{seconds} must be {_SHORTEST_TOKEN} to {1 << 32}")
    for i, mode in enumerate(spec.get("volumeLifecycleModes") or ()):
        if mode not in LIFECYCLE_MODES:
            faults.add(
                "FieldValueNotSupported",
                ("spec", "volumeLifecycleModes"),
                f"{mode!r} is not one of: {', '.join(LIFECYCLE_MODES)}",
                at=("spec", "volumeLifecycleModes", i),
            )
    if spec.get("serviceAccountTokenInSecrets") is not None and not requests:
        faults.invalid(("spec", "serviceAccountTokenInSecrets"), "goes with tokenRequests only")


def create_csi_driver(body: Body, context: Context, faults: Faults) -> None:
    """A CSIDriver: what it can do, and the tokens that it wants."""
    spec = body.get("spec") or {}
    _csi_driver_spec(spec, context, faults)
    _warn_of_tokens(spec, context, faults)


def _warn_of_tokens(spec: Body, context: Context, faults: Faults) -> None:
    if (
        context.enabled("CSIServiceAccountTokenSecrets")
        and spec.get("tokenRequests")
        and spec.get("serviceAccountTokenInSecrets") is None
    ):
        faults.warn(
            ("spec", "tokenRequests"),
            "with tokenRequests say `serviceAccountTokenInSecrets: true`, or false on purpose",
        )


def update_csi_driver(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; it warns only where the tokens change."""
    spec = new.get("spec") or {}
    _csi_driver_spec(spec, context, faults)
    if not same((old.get("spec") or {}).get("tokenRequests") or [], spec.get("tokenRequests") or []):
        _warn_of_tokens(spec, context, faults)


def _capacity(body: Body, lenient: bool, faults: Faults) -> None:
    metadata.label_selector(body.get("nodeTopology"), ("nodeTopology",), faults, lenient_values=lenient)
    size = body.get("capacity")
    if size is not None and amount(size).nanos < 0:
        faults.invalid(("capacity",), f"{size} must not be negative")
    _warn_of_labels(body, faults)


def _warn_of_labels(body: Body, faults: Faults) -> None:
    topology = body.get("nodeTopology") or {}
    for i, expression in enumerate(topology.get("matchExpressions") or ()):
        message = warnings.deprecated_label(expression.get("key") or "")
        if message:
            faults.warn(("nodeTopology", "matchExpressions", i, "key"), message)
    for key in topology.get("matchLabels") or ():
        message = warnings.deprecated_label(key)
        if message:
            faults.warn(("nodeTopology", "matchLabels", key), message)


def create_capacity(body: Body, context: Context, faults: Faults) -> None:
    """A CSIStorageCapacity: how much, for which class, on which nodes."""
    _capacity(body, False, faults)


def update_capacity(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; values of a selector that is bad already are not looked at."""
    found = Faults()
    metadata.label_selector(old.get("nodeTopology"), (), found)
    _capacity(new, bool(found), faults)


def create_attributes_class(body: Body, context: Context, faults: Faults) -> None:
    """A VolumeAttributesClass: a driver and at least one parameter."""
    _driver(body.get("driverName") or "", ("driverName",), faults)
    _parameters(body.get("parameters") or {}, ("parameters",), faults, needed=True)


CREATE = {
    "StorageClass": create_storage_class,
    "VolumeAttachment": create_attachment,
    "CSINode": create_csi_node,
    "CSIDriver": create_csi_driver,
    "CSIStorageCapacity": create_capacity,
    "VolumeAttributesClass": create_attributes_class,
}
UPDATE = {
    "StorageClass": update_storage_class,
    "VolumeAttachment": update_attachment,
    "CSINode": update_csi_node,
    "CSIDriver": update_csi_driver,
    "CSIStorageCapacity": update_capacity,
}
