"""Priority: a Pod's class as a number (plugin/pkg/admission/priority)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "Priority"
PLACE = 60
KINDS = frozenset((("", "Pod"),))
ALONE = False

# The classes that every cluster has.
SYSTEM = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Resolve the class of a Pod, or take the default."""
    spec = body.setdefault("spec", {})
    name = spec.get("priorityClassName") or ""
    value, policy = 0, "PreemptLowerPriority"
    if name in SYSTEM:
        value = SYSTEM[name]
    elif name and context.world is None:
        return  # the class exists, but nobody knows its value
    elif name and context.world is not None:
        found = context.world.get("scheduling.k8s.io", "PriorityClass", "", name)
        if found is None:
            faults.forbidden((), f"there is no PriorityClass {name}", "create it first")
            return
        value, policy = found.get("value") or 0, found.get("preemptionPolicy") or policy
    elif context.world is not None:
        default = next(
            (c for c in context.world.list("scheduling.k8s.io", "PriorityClass") if c.get("globalDefault")), None
        )
        if default is not None:
            spec["priorityClassName"] = (default.get("metadata") or {}).get("name")
            value, policy = default.get("value") or 0, default.get("preemptionPolicy") or policy
    if spec.get("priority") not in (None, value):
        faults.forbidden((), f"the priority must be that of its class, {value}, or be left out")
        return
    spec["priority"] = value
    spec.setdefault("preemptionPolicy", policy)
