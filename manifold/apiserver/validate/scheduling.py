"""PriorityClasses.

Follows kubernetes v1.37.2 pkg/apis/scheduling/validation.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

Body = dict[str, Any]

HIGHEST = 1_000_000_000
PREEMPTION = ("PreemptLowerPriority", "Never")
# pkg/apis/scheduling/v1/helpers.go: the classes that every cluster has.
SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def create_priority_class(body: Body, context: Context, faults: Faults) -> None:
    """A PriorityClass: its value, and names that Kubernetes keeps for itself."""
    name, value = (body.get("metadata") or {}).get("name") or "", body.get("value") or 0
    if name.startswith("system-"):
        if SYSTEM.get(name) != value or body.get("globalDefault"):
            faults.forbidden(("metadata", "name"), "names that begin with system- are Kubernetes' own")
    elif value > HIGHEST:
        faults.forbidden(("value",), f"{value} must be at most {HIGHEST}")
    policy = body.get("preemptionPolicy")
    if policy is not None:
        if not policy:
            faults.required(("preemptionPolicy",))
        elif policy not in PREEMPTION:
            faults.not_supported(("preemptionPolicy",), policy, PREEMPTION)


def update_priority_class(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Value and policy stay, which the table of immutable fields says; the rest is not looked at."""


CREATE = {"PriorityClass": create_priority_class}
UPDATE = {"PriorityClass": update_priority_class}
