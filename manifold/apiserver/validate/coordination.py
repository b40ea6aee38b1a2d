"""Leases and candidates for them.

Follows kubernetes v1.37.2 pkg/apis/coordination/validation.
"""

from __future__ import annotations

import re
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.k8s import formats
from manifold.model import Path

Body = dict[str, Any]

STRATEGIES = ("OldestEmulationVersion",)
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


def _strategy(value: str, path: Path, faults: Faults) -> None:
    # The server names the field twice over.
    here = (*path, "strategy")
    if "/" not in value:
        if value not in STRATEGIES:
            faults.not_supported(here, value, STRATEGIES)
        return
    for message in formats.qualified_name(value):
        faults.invalid(here, message)


def create_lease(body: Body, context: Context, faults: Faults) -> None:
    """A Lease: a strategy for whom to prefer."""
    spec = body.get("spec") or {}
    strategy = spec.get("strategy")
    if strategy is not None:
        _strategy(strategy, ("spec", "strategy"), faults)
    if spec.get("preferredHolder") and not strategy:
        faults.forbidden(("spec", "preferredHolder"), "goes with a strategy only")


def _version(text: str, path: Path, faults: Faults) -> tuple[int, ...]:
    match = _SEMVER.fullmatch(text)
    if match is None:
        faults.invalid(path, f"{text!r} is no semantic version, such as 1.37.0")
        return (0, 0, 0)
    return tuple(int(part) for part in match.groups())


def create_lease_candidate(body: Body, context: Context, faults: Faults) -> None:
    """A LeaseCandidate: which Lease, which versions, which strategy."""
    for message in formats.config_map_key((body.get("metadata") or {}).get("name") or "x"):
        faults.invalid(("metadata", "name"), message)
    spec = body.get("spec") or {}
    if not spec.get("leaseName"):
        faults.required(("spec", "leaseName"))
    emulated, binary = spec.get("emulationVersion") or "", spec.get("binaryVersion") or ""
    older = _version(emulated, ("spec", "emulationVersion"), faults) if emulated else (0, 0, 0)
    newer = _version(binary, ("spec", "binaryVersion"), faults) if binary else (0, 0, 0)
    if not binary:
        faults.required(("spec", "binaryVersion"))
    elif emulated and newer < older:
        faults.invalid(("spec", "binaryVersion"), f"{binary} must not be older than emulationVersion, {emulated}")
    strategy = spec.get("strategy") or ""
    if not strategy:
        faults.required(("spec", "strategy"))
        return
    if strategy == "OldestEmulationVersion" and older == (0, 0, 0):
        faults.required(("spec", "emulationVersion"), f"strategy {strategy} needs it")
    _strategy(strategy, ("spec", "strategy"), faults)


def update_lease_candidate(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one, of the same Lease."""
    create_lease_candidate(new, context, faults)
    if (new.get("spec") or {}).get("leaseName") != (old.get("spec") or {}).get("leaseName"):
        changed(faults, ("spec", "leaseName"))


CREATE = {"Lease": create_lease, "LeaseCandidate": create_lease_candidate}
UPDATE = {"LeaseCandidate": update_lease_candidate}
