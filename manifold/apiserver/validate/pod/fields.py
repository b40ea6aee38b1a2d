"""References to fields and resources of the Pod itself: the downward API of volumes and environments.

Follows kubernetes v1.37.2 pkg/apis/core/validation and pkg/apis/core/pods.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.faults import Faults
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.model import Path

Body = dict[str, Any]

# What the v1 API knows as a field of a Pod at all ...
_KNOWN = frozenset(
    (
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
        "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "spec.host",
        "status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    )
)  # fmt: skip
# ... and what of it an environment variable may show.
ENV_FIELDS = frozenset(
    (
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    )
)  # fmt: skip
RESOURCES = frozenset(
    f"{which}.{name}" for which in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_CPU_DIVISORS = frozenset(("1m", "1"))
_BYTE_DIVISORS = frozenset(("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"))


def field_ref(ref: Body, allowed: frozenset[str], path: Path, faults: Faults) -> None:
    """Blame a `fieldRef` to what is no field of a Pod, or one that may not be shown here."""
    if ref.get("apiVersion", "v1") == "":
        faults.required((*path, "apiVersion"))
        return
    field = ref.get("fieldPath")
    if not field:
        faults.required((*path, "fieldPath"))
        return
    if field in allowed:
        if ref.get("apiVersion", "v1") != "v1":
            faults.invalid((*path, "fieldPath"), f"Pods have no version {ref['apiVersion']!r}: write v1")
        return
    base, key = _subscripted(field)
    if ref.get("apiVersion", "v1") != "v1":
        faults.invalid((*path, "fieldPath"), f"Pods have no version {ref['apiVersion']!r}: write v1")
    elif key is not None:
        if base == "metadata.annotations":
            messages = formats.qualified_name(key.lower())
        elif base == "metadata.labels":
            messages = formats.qualified_name(key)
        else:
            faults.invalid((*path, "fieldPath"), f"{field!r}: only labels and annotations are picked by key")
            return
        for message in messages:
            faults.invalid(path, message)
    elif field not in _KNOWN:
        faults.invalid((*path, "fieldPath"), f"{field!r} is no field that a Pod shows of itself")
    elif (field if field != "spec.host" else "spec.nodeName") not in allowed:
        faults.not_supported((*path, "fieldPath"), field, allowed)


def _subscripted(field: str) -> tuple[str, str | None]:
    if field.endswith("']"):
        base, opening, key = field[:-2].partition("['")
        if base and opening:
            return base, key
    return field, None


def resource_field_ref(ref: Body, path: Path, faults: Faults, *, volume: bool) -> None:
    """Blame a `resourceFieldRef` to what is no resource of a container, or with a divisor that does not fit."""
    resource = ref.get("resource") or ""
    pages = resource.startswith(("requests.hugepages-", "limits.hugepages-"))
    if volume and not ref.get("containerName"):
        faults.required((*path, "containerName"))
    elif not resource:
        faults.required((*path, "resource"))
    elif resource not in RESOURCES and not pages:
        faults.not_supported((*path, "resource"), resource, RESOURCES)
    divisor = amount(ref.get("divisor", "0"))
    if not divisor or not (resource in RESOURCES or pages):
        return
    allowed = _CPU_DIVISORS if resource.endswith(".cpu") else _BYTE_DIVISORS
    if str(divisor) not in allowed:
        names = ", ".join(sorted(allowed))
        faults.invalid((*path, "divisor"), f"{divisor} is no divisor of {resource}: one of {names} is")
