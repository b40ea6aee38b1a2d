"""What may change of a Pod that exists: images, deadline, more tolerations, fewer gates; more while it is gated.

Follows kubernetes v1.37.2 pkg/apis/core/validation: ValidatePodUpdate.
"""

from __future__ import annotations

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod import scheduling
from manifold.apiserver.validate.pod.containers import padded
from manifold.apiserver.validate.pod.scheduling import REQUIRED
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s.equality import same
from manifold.model import Path

_MOST = 2**31 - 1


def mutable_only(new: Body, old: Body, scope: Scope) -> None:
    """Blame changes from the Pod spec `old` to `new` that no update can make."""
    faults = scope.faults
    for field in ("containers", "initContainers"):
        if not _images(new.get(field) or [], old.get(field) or [], ("spec", field), faults):
            return
    if not _deadline(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"), faults):
        return
    _tolerations(new.get("tolerations") or [], old.get("tolerations") or [], faults)
    gates = {gate.get("name") or "" for gate in old.get("schedulingGates") or ()}
    added = {gate.get("name") or "": i for i, gate in enumerate(new.get("schedulingGates") or ())}
    for name, i in added.items():
        if name not in gates:
            faults.forbidden(("spec", "schedulingGates", i, "name"), f"gate {name!r} is new: gates can only be removed")
    if same(new, old):
        return
    rest, kept = dict(new), dict(old)
    for field in ("containers", "initContainers"):
        for side in (rest, kept):
            side[field] = [{**c, "image": ""} for c in side.get(field) or ()]
    for field in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        rest.pop(field, None)
        kept.pop(field, None)
    grace = "terminationGracePeriodSeconds"
    if (old.get(grace) or 0) < 0 and new.get(grace) == 1:
        rest.pop(grace)
        kept.pop(grace)
    if gates:
        _while_gated(rest, kept, faults)
    if not same(rest, kept):
        faults.forbidden(
            ("spec",),
            "of a Pod only images, activeDeadlineSeconds, further tolerations and fewer schedulingGates can change",
            "delete the Pod and create it anew, or change the workload that owns it",
        )


def _images(new: list[Body], old: list[Body], path: Path, faults: Faults) -> bool:
    if len(new) != len(old):
        faults.forbidden(path, "containers cannot be added to a Pod, nor taken away")
        return False
    for i, container in enumerate(new):
        if not container.get("image"):
            faults.required((*path, i, "image"))
        padded(container, (*path, i), faults)
    return True


def _deadline(new: int | None, old: int | None, faults: Faults) -> bool:
    path = ("spec", "activeDeadlineSeconds")
    if new is None:
        if old is not None:
            faults.invalid(path, "cannot be removed once it is set")
        return True
    if not 0 <= new <= _MOST:
        faults.invalid(path, f"{new} must be 0 to {_MOST}")
        return False
    if old is not None and old < new:
        faults.invalid(path, f"{new} is more than the {old} before: a deadline can only come nearer")
        return False
    return True


def _tolerations(new: list[Body], old: list[Body], faults: Faults) -> None:
    def bare(toleration: Body) -> Body:
        return {k: v for k, v in toleration.items() if k != "tolerationSeconds"}

    there = [bare(t) for t in new]
    if any(bare(t) not in there for t in old):
        faults.forbidden(("spec", "tolerations"), "tolerations can be added, and their tolerationSeconds changed")
        return
    scheduling.tolerations(new, ("spec", "tolerations"), faults)


def _while_gated(rest: Body, kept: Body, faults: Faults) -> None:
    """A Pod that waits at a gate may be narrowed: more node labels, more requirements."""
    labels, before = rest.get("nodeSelector") or {}, kept.get("nodeSelector") or {}
    if labels != before:
        if any(labels.get(k) != v for k, v in before.items()):
            faults.invalid(("spec", "nodeSelector"), "entries can be added, not changed or removed")
        rest.pop("nodeSelector", None)
        kept.pop("nodeSelector", None)
    affinity, stored = rest.get("affinity"), kept.get("affinity")
    node, former = (affinity or {}).get("nodeAffinity"), (stored or {}).get("nodeAffinity")
    if same(node, former):
        return
    terms = ((node or {}).get(REQUIRED) or {}).get("nodeSelectorTerms") or []
    old_terms = ((former or {}).get(REQUIRED) or {}).get("nodeSelectorTerms") or []
    path = ("spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms")
    if old_terms and len(old_terms) != len(terms):
        faults.invalid(path, "terms cannot be added or removed")
    else:
        for i, old in enumerate(old_terms):
            if not _only_more(terms[i], old):
                faults.invalid((*path, i), "requirements can be added at the end, not changed or removed")

    def without(found: Body | None) -> Body:
        return {k: v for k, v in (found or {}).items() if k != "nodeAffinity" and v is not None}

    rest["affinity"], kept["affinity"] = without(affinity), without(stored)


def _only_more(new: Body, old: Body) -> bool:
    fields = ("matchExpressions", "matchFields")
    if not any(old.get(f) for f in fields) and any(new.get(f) for f in fields):
        return False
    for field in fields:
        before = old.get(field) or []
        if not same((new.get(field) or [])[: len(before)], before):
            return False
    return True
