"""Endpoints: kubernetes v1.37.2 pkg/apis/core/validation (ValidateEndpoints)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import addresses
from manifold.k8s.equality import same
from manifold.model import Path

Body = dict[str, Any]


def _address(address: Body, path: Path, context: Context, faults: Faults) -> None:
    value = address.get("ip") or ""
    found = Faults()
    addresses.address(value, (*path, "ip"), context, (), found)
    addresses.endpoint(value, (*path, "ip"), found)
    faults.extend(found)


def create(body: Body, context: Context, faults: Faults) -> None:
    """New Endpoints: each subset has addresses, each port a number."""
    for i, subset in enumerate(body.get("subsets") or ()):
        path: Path = ("subsets", i)
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            faults.required(path, "a subset has addresses or notReadyAddresses")
        for part in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(part) or ()):
                _address(address, (*path, part, j), context, faults)
        ports = subset.get("ports") or ()
        for j, port in enumerate(ports) if len(ports) > 1 else ():
            if not port.get("name"):
                faults.required((*path, "ports", j, "name"), "with several ports each needs a name")


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Subsets that stay as they are pass whatever they hold."""
    if not same(old.get("subsets") or [], new.get("subsets") or []):
        create(new, context, faults)
