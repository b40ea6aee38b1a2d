"""Priority: a Pod's class as a number, and one default class at most (plugin/pkg/admission/priority)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, Faults

NAME = "Priority"
PLACE = 60
KINDS = frozenset((("", "Pod"), ("scheduling.k8s.io", "PriorityClass")))
ALONE = False

# The classes that every cluster has.
SYSTEM = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
LOWER = "PreemptLowerPriority"


def _default(context: Context) -> Mapping[str, Any] | None:
    """The class of Pods that name none: of several the one with the least value."""
    classes = [c for c in context.each("scheduling.k8s.io", "PriorityClass") if c.get("globalDefault")]
    return min(classes, key=lambda c: c.get("value") or 0, default=None)


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Resolve the class of a new Pod, or take the default; on an update keep what the Pod has."""
    if context.kind.kind != "Pod":
        return
    spec = body.setdefault("spec", {})
    if context.old is not None:
        before = context.old.get("spec") or {}
        # Of less than a whole cluster it is not known who gave the Pod its priority.
        for field in ("priority", "preemptionPolicy") if context.complete else ():
            if spec.get(field) is None and before.get(field) is not None:
                spec[field] = before[field]
        return
    name = spec.get("priorityClassName") or ""
    value, policy = 0, LOWER
    found = context.find("scheduling.k8s.io", "PriorityClass", "", name) if name else _default(context)
    if found is not None:
        spec["priorityClassName"] = (found.get("metadata") or {}).get("name")
        value, policy = found.get("value") or 0, found.get("preemptionPolicy") or LOWER
    elif name in SYSTEM:
        value = SYSTEM[name]
    elif name:
        if context.complete:
            at = ("spec", "priorityClassName")
            faults.add(FORBIDDEN, (), f"there is no PriorityClass {name}", "create it first", at=at)
        return  # the class may exist, but nobody knows its value
    for field, wanted in (("priority", value), ("preemptionPolicy", policy)):
        if spec.get(field) not in (None, wanted):
            message = f"the {field} must be that of the Pod's class, {wanted}, or be left out"
            faults.add(FORBIDDEN, (), message, at=("spec", field))
            return
        spec[field] = wanted


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse a second default class."""
    if context.kind.kind != "PriorityClass" or not body.get("globalDefault"):
        return
    found = context.world and next(
        (c for c in context.world.list("scheduling.k8s.io", "PriorityClass") if c.get("globalDefault")), None
    )
    other = (found.get("metadata") or {}).get("name") if found else None
    if other is not None and (context.operation == "create" or other != body["metadata"].get("name")):
        message = f"PriorityClass {other} is the default already, and there can be one"
        faults.add(FORBIDDEN, (), message, at=("globalDefault",))
