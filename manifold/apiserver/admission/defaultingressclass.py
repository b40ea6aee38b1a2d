"""DefaultIngressClass: the class of Ingresses that name none (plugin/pkg/admission/network/defaultingressclass)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.admission.defaultstorageclass import newest_default
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "DefaultIngressClass"
PLACE = 170
KINDS = frozenset((("networking.k8s.io", "Ingress"),))
ALONE = False
MARK = "ingressclass.kubernetes.io/is-default-class"
CLASS = "kubernetes.io/ingress.class"
"""The annotation that once was the field `ingressClassName`."""


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Write the default class into a new Ingress that names none, by field or annotation."""
    spec = body.setdefault("spec", {})
    notes = (body.get("metadata") or {}).get("annotations") or {}
    if context.operation != "create" or CLASS in notes or spec.get("ingressClassName") is not None:
        return
    name = newest_default(context, "networking.k8s.io", "IngressClass", (MARK,))
    if name:
        spec["ingressClassName"] = name
