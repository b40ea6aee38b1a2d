"""Kubernetes' CEL: reading, type checking and (in `cost` and `evaluate`) what an expression costs and gives.

An implementation of our own: the server's verdict depends on its type checker, its function libraries and its cost
estimates, and rules must be bounded in steps; no binding gives control over all of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from manifold.k8s.cel.check import (
    BOOL,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Checker,
    Scope,
    T,
    list_of,
    map_of,
    object_of,
    read_type,
)  # fmt: skip
from manifold.k8s.cel.syntax import RESERVED, CelError, Node, deep, parse

__all__ = [
    "RESERVED", "CelError", "Scope", "T", "admission_scope", "check", "compile_device_selector", "compiled", "infer",
]  # fmt: skip


def compiled(text: str, scope: Scope) -> tuple[list[str], Node | None]:
    """What is wrong with an expression in a scope (one sentence, or none), and its checked tree where nothing is."""
    try:
        node = parse(text)
        with deep():
            Checker(text, scope).whole(node)
    except CelError as e:
        return [f"the expression does not compile: {e}"], None
    return [], node


def infer(text: str, scope: Scope) -> tuple[list[str], T]:
    """What is wrong with an expression in a scope (one sentence, or none), and its type."""
    messages, node = compiled(text, scope)
    return messages, DYN if node is None else node.type


def check(text: str, scope: Scope, results: Sequence[str]) -> list[str]:
    """What is wrong with an expression that must give one of the types `results` (`bool`, `list(JSONPatch)`)."""
    messages, found = infer(text, scope)
    if messages:
        return messages
    if str(found) in results:
        return []
    return [f"must give {' or '.join(results)}, not {found}"]


@cache
def _request() -> T:
    kind = object_of("kubernetes.GroupVersionKind", group=STRING, version=STRING, kind=STRING)
    resource = object_of("kubernetes.GroupVersionResource", group=STRING, version=STRING, resource=STRING)
    user = object_of(
        "kubernetes.UserInfo",
        username=STRING, uid=STRING, groups=list_of(STRING), extra=map_of(STRING, list_of(STRING)),
    )  # fmt: skip
    return object_of(
        "kubernetes.AdmissionRequest",
        kind=kind, resource=resource, subResource=STRING, requestKind=kind, requestResource=resource,
        requestSubResource=STRING, name=STRING, namespace=STRING, operation=STRING, userInfo=user, dryRun=BOOL,
        options=DYN,
    )  # fmt: skip


@cache
def _namespace() -> T:
    spec = object_of("kubernetes.NamespaceSpec", finalizers=list_of(STRING))
    condition = object_of(
        "kubernetes.NamespaceCondition",
        status=STRING, type=STRING, lastTransitionTime=TIMESTAMP, message=STRING, reason=STRING,
    )  # fmt: skip
    status = object_of("kubernetes.NamespaceStatus", conditions=list_of(condition), phase=STRING)
    metadata = object_of(
        "kubernetes.NamespaceMetadata",
        name=STRING, generateName=STRING, namespace=STRING, labels=map_of(STRING, STRING),
        annotations=map_of(STRING, STRING), UID=STRING, creationTimestamp=TIMESTAMP, deletionGracePeriodSeconds=INT,
        deletionTimestamp=TIMESTAMP, generation=INT, resourceVersion=STRING, finalizers=list_of(STRING),
    )  # fmt: skip
    return object_of("kubernetes.Namespace", metadata=metadata, spec=spec, status=status)


def admission_scope(
    *, params: bool, authorizer: bool, variables: bool = False, release: tuple[int, int] | None = None
) -> Scope:
    """What expressions of policies and match conditions may speak of, with a server of that release (None: any).

    Source: k8s.io/apiserver v0.37.2 pkg/admission/plugin/cel/compile.go.
    """
    known = {"object": DYN, "oldObject": DYN, "request": _request(), "namespaceObject": _namespace()}
    if params:
        known["params"] = DYN
    if authorizer:
        known["authorizer"] = read_type("Authorizer")
        known["authorizer.requestResource"] = read_type("ResourceCheck")
    if variables:
        known["variables"] = object_of("kubernetes.variables")
    return Scope(known, release=release)


@cache
def _device(shared: bool) -> T:
    names = map_of(STRING, DYN)
    fields = {"driver": STRING, "attributes": map_of(STRING, names)}
    fields["capacity"] = map_of(STRING, map_of(STRING, read_type("Quantity")))
    if shared:
        fields["allowMultipleAllocations"] = BOOL
    return object_of("kubernetes.DRADevice", **fields)


def compile_device_selector(text: str, *, shared: bool = True) -> list[str]:
    """What is wrong with the CEL selector of a device (dynamic resource allocation); nothing for a good one.

    `shared`: whether the server knows of devices that are allocated several times (DRAConsumableCapacity).

    Source: k8s.io/dynamic-resource-allocation v0.37.2 cel/compile.go.
    """
    return check(text, Scope({"device": _device(shared)}), ("bool", "dyn"))
