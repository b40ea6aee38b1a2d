"""Nodes: kubernetes v1.37.2 pkg/apis/core/validation (ValidateNode, ValidateNodeUpdate), pkg/registry/core/node."""

from __future__ import annotations

import json
import re
from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults, not_among
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import addresses
from manifold.apiserver.validate.pod import resources, scheduling
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.model import MapKey, Path

Body = dict[str, Any]

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
TAINTS_NOTE = "scheduler.alpha.kubernetes.io/taints"
AVOID_NOTE = "scheduler.alpha.kubernetes.io/preferAvoidPods"
META: Path = ("metadata",)


def _taints(taints: list[Body], path: Path, where: Path | None, faults: Faults) -> None:
    seen: set[tuple[str, str]] = set()
    found = Faults()
    for i, taint in enumerate(taints):
        here = (*path, i)
        key, effect, value = (str(taint.get(name) or "") for name in ("key", "effect", "value"))
        scheduling.label_name(key, (*here, "key"), found)
        messages = formats.label_value(value)
        if messages:
            found.invalid((*here, "value"), "; ".join(messages))
        if not effect:
            found.required((*here, "effect"), not_among("", EFFECTS))
        elif effect not in EFFECTS:
            found.not_supported((*here, "effect"), effect, EFFECTS)
        if (key, effect) in seen:
            found.duplicate(here, f"{key}:{effect}")
        seen.add((key, effect))
    # The server names them below metadata, where they once were annotations.
    faults.extend(f._replace(at=(*(where or path), *f.path[len(path) :]) if where else None) for f in found)


def _annotations(notes: Body, faults: Faults) -> None:
    here: Path = (*META, "annotations")
    text = notes.get(TAINTS_NOTE)
    if text:
        try:
            taints = json.loads(text)
        except ValueError:
            taints = ()
        if not isinstance(taints, list) or not all(isinstance(t, dict) for t in taints):
            faults.add(
                reasons.INVALID,
                here,
                f"{TAINTS_NOTE} must be a list of taints in JSON",
                at=(*here, MapKey(TAINTS_NOTE)),
            )
        else:
            _taints(taints, (*here, TAINTS_NOTE), None, faults)
    text = notes.get(AVOID_NOTE)
    if text:
        try:
            found = json.loads(text)
        except ValueError:
            found = ()
        if not isinstance(found, dict):
            faults.add(
                reasons.INVALID,
                (*here, "AvoidPods"),
                f"{AVOID_NOTE} must be an object in JSON",
                at=(*here, MapKey(AVOID_NOTE)),
            )
            return
        for i, entry in enumerate(found.get("preferAvoidPods") or ()):
            path = (*here, AVOID_NOTE, i)
            controller = (entry.get("podSignature") or {}).get("podController")
            if controller is None:
                faults.required((*path, "PodSignature"), "it names the controller of the Pods")
            elif controller.get("controller") is not True:
                faults.invalid((*path, "PodSignature", "PodController", "Controller"), "must be a controller")


def _amounts(body: Body, faults: Faults) -> None:
    status = body.get("status") or {}
    for part in ("capacity", "allocatable"):
        for name, value in (status.get(part) or {}).items():
            found, path = amount(value), ("status", part, name)
            if found.nanos < 0:
                faults.invalid(path, f"{value} must not be negative")
            if resources.is_whole(name) and found.milli() % 1000:
                faults.invalid(path, f"{value} must be a whole number")


# nodeDeclaredFeatureRegexp
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*", re.ASCII)


def _features(names: list[str], path: Path, faults: Faults) -> None:
    """What a node says that it can do: names in alphabetical order, each once."""
    before = ""
    for i, name in enumerate(names):
        if len(name) > 253:
            faults.invalid((*path, i), "longer than 253 characters")
        elif not _FEATURE.fullmatch(name):
            faults.invalid((*path, i), f"{name!r} is no feature: MyFeature or MyFeature/itsPart, letters and digits")
        if i and name == before:
            faults.duplicate((*path, i), name)
        elif name < before:
            faults.invalid((*path, i), f"{name!r} comes before {before!r}: sort the list by alphabet")
        before = name


def _status(status: Body, context: Context, faults: Faults) -> None:
    swap = ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if swap is not None and swap <= 0:
        # The server names it below metadata.
        faults.add(
            reasons.INVALID,
            (*META, "nodeSwapStatus", "capacity"),
            f"{swap} must be more than 0",
            at=("status", "nodeInfo", "swap", "capacity"),
        )
    if status.get("declaredFeatures") and context.since(1, 36):
        _features(status["declaredFeatures"], ("status", "declaredFeatures"), faults)


def _ranges(spec: Body, context: Context, faults: Faults) -> None:
    ranges = spec.get("podCIDRs") or []
    path: Path = ("spec", "podCIDRs")
    blocks = [addresses.block(value, (*path, i), context, (), faults) for i, value in enumerate(ranges)]
    if len(ranges) < 2:
        return
    if None in blocks:
        faults.internal(path, "a range cannot be read")
    families = {b.version for b in blocks if b is not None}
    if len(families) != 2 or None in blocks or len(ranges) > 2:
        faults.invalid(path, "at most one range of each family is allowed")


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new Node."""
    spec, notes = body.get("spec") or {}, (body.get("metadata") or {}).get("annotations") or {}
    _annotations(notes, faults)
    _taints(spec.get("taints") or [], (*META, "taints"), ("spec", "taints"), faults)
    _amounts(body, faults)
    _status(body.get("status") or {}, context, faults)
    _ranges(spec, context, faults)
    _warn(spec, faults)


def _warn(spec: Body, faults: Faults) -> None:
    if spec.get("configSource") is not None:
        faults.warn(("spec", "configSource"), "the feature was removed: the field does nothing")
    if spec.get("externalID"):
        faults.warn(("spec", "externalID"), "deprecated, and used by nothing")


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A Node keeps its ranges of addresses, its provider's name for it and its external name."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    create(new, context, faults)
    had, has = before.get("podCIDRs") or [], after.get("podCIDRs") or []
    if had and had != has:
        changed(faults, ("spec", "podCIDRs"), reason=reasons.FORBIDDEN)
    if before.get("providerID") and before["providerID"] != after.get("providerID"):
        changed(faults, ("spec", "providerID"))
    if (before.get("externalID") or "") != (after.get("externalID") or ""):
        changed(faults, ("spec", "externalID"), reason=reasons.FORBIDDEN)
