"""PodTopologyLabels: a Pod that is put on a node bears the node's zone and region (plugin/pkg/admission/podtopologylabels)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "PodTopologyLabels"
PLACE = 180
KINDS = frozenset((("", "Pod"),))
ALONE = False
LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Copy the labels of the node that a new Pod names, over what the Pod has; from 1.35 on."""
    name = (body.get("spec") or {}).get("nodeName")
    if context.operation != "create" or not name or not context.since(1, 35):
        return
    node = context.find("", "Node", "", name)
    theirs = ((node or {}).get("metadata") or {}).get("labels") or {}
    copied = {label: theirs[label] for label in LABELS if label in theirs}
    if copied:
        meta = body.setdefault("metadata", {})
        meta["labels"] = {**(meta.get("labels") or {}), **copied}
