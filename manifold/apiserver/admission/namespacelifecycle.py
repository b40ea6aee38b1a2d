"""NamespaceLifecycle: nothing is created in a namespace that is not there, or that is going (apiserver: namespace/lifecycle)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, NOT_FOUND, Faults

NAME = "NamespaceLifecycle"
PLACE = 10
KINDS = None
ALONE = False
# Whether a person may do something in a namespace is answered whether or not it exists.
ALWAYS = frozenset(("default", "kube-system", "kube-public", "kube-node-lease"))
"""The namespaces that the server makes itself."""
ANSWERED_ANYWAY = ("authorization.k8s.io", "LocalSubjectAccessReview")


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse a create in a namespace that does not exist, or that is being deleted; the object is left as it is."""
    kind = context.kind
    if not context.namespace or context.operation != "create" or (kind.group, kind.kind) == ANSWERED_ANYWAY:
        return
    found = context.find("", "Namespace", "", context.namespace)
    at = ("metadata", "namespace")
    if found is None:
        if context.complete and context.namespace not in ALWAYS:
            message = f"there is no namespace {context.namespace}"
            faults.add(NOT_FOUND, (), message, "create it first", at=at)
    elif (found.get("status") or {}).get("phase") == "Terminating":
        message = f"the namespace {context.namespace} is being deleted, and takes nothing new"
        faults.add(FORBIDDEN, at, message, "wait until it is gone, and create it anew")
