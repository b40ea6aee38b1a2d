"""Requests and limits, of containers and of Pods.

Follows kubernetes v1.37.2 pkg/apis/core/validation: validateResourceRequirements and what it calls.
"""

from __future__ import annotations

from functools import lru_cache

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s import formats, pods
from manifold.k8s.pods import amount
from manifold.k8s.quantity import Quantity, parse
from manifold.model import MapKey, Path

# What a name without a slash may be anywhere (helper.IsStandardResourceName) ...
STANDARD = frozenset(
    (
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services",
        "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "storage", "requests.storage",
        "services.nodeports", "services.loadbalancers",
    )
)  # fmt: skip
# ... in a container ...
_OF_CONTAINERS = frozenset(("cpu", "memory", "ephemeral-storage"))
# ... and which are counted in whole numbers.
WHOLE = frozenset(
    (
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    )
)  # fmt: skip
_OF_PODS = ("cpu", "hugepages-SIZE", "memory")  # as a message names them


def is_native(name: str) -> bool:
    """Whether a resource is Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether a resource is one that a device plug-in or an administrator offers, `example.com/gpu`."""
    return not is_native(name) and not name.startswith("requests.") and not formats.qualified_name(f"requests.{name}")


def is_whole(name: str) -> bool:
    """Whether a resource is counted in whole numbers."""
    return name in WHOLE or is_extended(name)


@lru_cache(maxsize=1024)
def _named(name: str) -> tuple[str, ...]:
    messages = tuple(formats.qualified_name(name))
    if messages or "/" in name or name in STANDARD or name.startswith(("hugepages-", "requests.hugepages-")):
        return messages
    return (f"{name!r} is no resource of Kubernetes, and has no domain in front",)


@lru_cache(maxsize=1024)
def _of_container(name: str) -> tuple[str, ...]:
    messages = _named(name)
    if "/" not in name:
        if name not in _OF_CONTAINERS and not name.startswith("hugepages-"):
            messages += (f"{name!r} is no resource that a container can ask for",)
    elif not is_native(name) and not is_extended(name):
        messages += (f"{name!r} is no name of an extended resource",)
    return messages


def resource_name(name: str, path: Path, faults: Faults) -> None:
    """Blame what is no name of a resource, with a domain in front or Kubernetes' own."""
    for message in _named(name):
        faults.invalid(path, message)


def container_name(name: str, path: Path, faults: Faults) -> None:
    """Blame what is no name of a resource that a container can ask for."""
    for message in _of_container(name):
        faults.invalid(path, message)


def quantity_value(name: str, value: Quantity, path: Path, faults: Faults) -> None:
    """Blame an amount that is negative, or no whole number where it must be one."""
    if value.nanos < 0:
        faults.invalid(path, f"{value} must not be negative")
    if value.milli() % 1000 and is_whole(name):
        faults.invalid(path, f"{value} must be a whole number of {name}")


def _pages(name: str, value: Quantity, path: Path, scope: Scope) -> None:
    if scope.tolerance.huge_pages:
        return
    try:
        size = parse(name.removeprefix("hugepages-"))
    except ValueError:
        size = None
    if size is None or size.nanos <= 0 or size.milli() % 1000 or value.value() % size.value():
        scope.faults.invalid(path, f"{value} is no multiple of the page size that {name} names")


def requirements(resources: Body, path: Path, scope: Scope, *, whole_pod: bool = False) -> None:
    """Blame what is wrong with the `resources` of a container, or of a Pod as a whole."""
    faults = scope.faults
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    computes = pages = False
    for name, text in limits.items():
        value = amount(text)
        if name == "cpu" or name == "memory":
            computes = True
            if value.nanos < 0:
                faults.invalid((*path, "limits", MapKey(name)), f"{value} must not be negative")
        else:
            here = (*path, "limits", MapKey(name))
            pages |= _other(name, value, here, scope, whole_pod)
    for name, text in requests.items():
        value = amount(text)
        if name == "cpu" or name == "memory":
            computes = True
            if value.nanos < 0:
                faults.invalid((*path, "requests", MapKey(name)), f"{value} must not be negative")
            limit = limits.get(name)
            if limit is not None and value > amount(limit):
                _above(name, value, limit, (*path, "requests"), faults)
            continue
        here = (*path, "requests", MapKey(name))
        pages |= _other(name, value, here, scope, whole_pod)
        limit = limits.get(name)
        overcommit = is_native(name) and not name.startswith("hugepages-")
        if limit is not None:
            most = amount(limit)
            if not overcommit and value != most:
                faults.invalid((*path, "requests"), f"{name}: the request of {value} must equal the limit of {most}")
            elif value > most:
                _above(name, value, limit, (*path, "requests"), faults)
        elif not overcommit:
            faults.required((*path, "limits"), f"{name} needs a limit: it cannot be overcommitted")
    if pages and not computes:
        faults.forbidden(path, "huge pages need cpu or memory beside them")
    claims = resources.get("claims")
    if claims:
        claim_names(claims, (*path, "claims"), scope)


def _above(name: str, value: Quantity, limit: object, path: Path, faults: Faults) -> None:
    faults.invalid(path, f"{name}: the request of {value} is more than the limit of {limit}")


def _other(name: str, value: Quantity, path: Path, scope: Scope, whole_pod: bool) -> bool:
    faults = scope.faults
    if whole_pod:
        messages = _named(name)
        if not messages and not pods.pod_level(name):
            faults.not_supported(path, name, _OF_PODS)
    else:
        messages = _of_container(name)
    for message in messages:
        faults.invalid(path, message)
    quantity_value(name, value, path, faults)
    if name.startswith("hugepages-"):
        _pages(name, value, path, scope)
        return True
    return False


def claim_names(claims: list[Body], path: Path, scope: Scope) -> None:
    """Blame uses of resource claims that the Pod does not have, or that overlap."""
    faults = scope.faults
    used: set[str] = set()
    for i, claim in enumerate(claims):
        name = claim.get("name") or ""
        if not name:
            faults.required((*path, i))
            continue
        if name in used:
            faults.duplicate((*path, i), name)
        else:
            request = claim.get("request") or ""
            key = name
            if request:
                for message in formats.dns_label(request):
                    faults.invalid((*path, i, "request"), message)
                key = f"{name}/{request}"
            if key in used:
                faults.duplicate((*path, i), key)
            elif not request:
                for other in used:
                    if other.startswith(f"{name}/"):
                        faults.duplicate((*path, i), name)
            used.add(key)
        if name not in scope.claims:
            known = ", ".join(sorted(scope.claims)) or "none"
            faults.not_found((*path, i), f"{name!r} is none of the Pod's resourceClaims: {known}")


def whole_pod(resources: Body, path: Path, scope: Scope) -> None:
    """Blame what is wrong with the `resources` of a Pod as a whole, and against those of its containers."""
    faults = scope.faults
    if scope.os == "windows":
        faults.forbidden(path, "a Windows Pod has no resources of its own")
        return
    if resources.get("claims") is not None:
        faults.forbidden((*path, "claims"), "claims are set on containers, not on the Pod")
    requirements(resources, path, scope, whole_pod=True)
    asked = pods.amounts(resources, "requests")
    if asked:
        for name, total in pods.container_requests(scope.spec).items():
            own = asked.get(name)
            if own is not None and total > own:
                faults.invalid(
                    (*path, "requests", MapKey(name)), f"{own} is less than the {total} that the containers ask for"
                )
    limited = pods.amounts(resources, "limits")
    if not limited:
        return
    for name, total in pods.container_limits(scope.spec).items():
        own = limited.get(name)
        if name.startswith("hugepages-") and own is not None and total > own:
            faults.invalid((*path, "limits", MapKey(name)), f"{own} is less than the containers' limits of {total}")
    for i, container in enumerate(scope.spec.get("containers") or ()):
        for name, limit in pods.amounts(container.get("resources"), "limits").items():
            own = limited.get(name)
            if own is not None and limit > own:
                faults.invalid(
                    (*path, "containers", i, MapKey(name), "limits"), f"{limit} is more than the Pod's limit of {own}"
                )
