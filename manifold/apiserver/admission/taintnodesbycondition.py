"""TaintNodesByCondition: a new Node is not ready until it says so (plugin/pkg/admission/nodetaint)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "TaintNodesByCondition"
PLACE = 40
KINDS = frozenset((("", "Node"),))
ALONE = False

TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Add the taint of what is not ready yet, unless the Node has it."""
    if context.operation != "create":
        return
    taints = body.setdefault("spec", {}).setdefault("taints", [])
    if not any(t.get("key") == TAINT["key"] and t.get("effect") == TAINT["effect"] for t in taints):
        taints.append(dict(TAINT))
