"""Endpoints: kubernetes v1.37.2 pkg/apis/core/validation (ValidateEndpoints)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import addresses
from manifold.apiserver.validate.service import PROTOCOLS
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.model import Path

Body = dict[str, Any]


def _address(address: Body, path: Path, context: Context, faults: Faults) -> None:
    value = address.get("ip") or ""
    found = Faults()
    addresses.address(value, (*path, "ip"), context, (), found)
    addresses.endpoint(value, (*path, "ip"), found)
    faults.extend(found)
    for name, test in (("hostname", formats.dns_label), ("nodeName", formats.dns_subdomain)):
        text = address.get(name)
        if text or (text is not None and name == "nodeName"):
            for message in test(text):
                faults.invalid((*path, name), message)


def _port(port: Body, named: bool, path: Path, faults: Faults) -> None:
    name = port.get("name") or ""
    if not name:
        if named:
            faults.required((*path, "name"), "with several ports each needs a name")
    else:
        for message in formats.dns_label(name):
            faults.invalid((*path, "name"), message)
    number = port.get("port") or 0
    if not 1 <= number <= 65535:
        faults.invalid((*path, "port"), f"{number} must be 1 to 65535")
    protocol = port.get("protocol") or ""
    if not protocol:
        faults.required((*path, "protocol"))
    elif protocol not in PROTOCOLS:
        faults.not_supported((*path, "protocol"), protocol, PROTOCOLS)
    application = port.get("appProtocol")
    if application is not None:
        for message in formats.qualified_name(application):
            faults.invalid((*path, "appProtocol"), message)


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
        for j, port in enumerate(ports):
            _port(port, len(ports) > 1, (*path, "ports", j), faults)


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Subsets that stay as they are pass whatever they hold."""
    if not same(old.get("subsets") or [], new.get("subsets") or []):
        create(new, context, faults)
