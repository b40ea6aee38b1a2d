"""EndpointSlices: kubernetes v1.37.2 pkg/apis/discovery/validation."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import addresses, metadata
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.model import Path

Body = dict[str, Any]

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MOST_ENDPOINTS, _MOST_PORTS, _MOST_ADDRESSES, _MOST_LABELS = 1000, 20000, 100, 16
_ZONE = "topology.kubernetes.io/zone"


def _names(path: Path, value: str, test: formats.Format, faults: Faults) -> None:
    for message in test(value):
        faults.invalid(path, message)


def _address(value: str, family: str, path: Path, context: Context, faults: Faults) -> None:
    if family == "FQDN":
        if not value:
            faults.required(path)
            return
        _names(path, value, formats.fully_qualified, faults)
        return
    if family == "IPv4":
        if not addresses.address(value, path, context, (), faults):
            return
    else:
        wrong = formats.strict_ip(value)
        address = formats.parse_ip(value)
        if not wrong and address is not None and str(address) != value:
            wrong = [f"{value!r} is usually written {address}"]
        if wrong:
            _names(path, value, lambda _: wrong, faults)
            return
    if (":" in value) != (family == "IPv6"):
        # The server blames the list, and before 1.33 the address.
        blamed = path[:-1] if context.since(1, 33) else path
        faults.add("FieldValueInvalid", blamed, f"{value} is no {family} address, as addressType says", at=path)
    addresses.endpoint(value, path, faults)


def _endpoint(endpoint: Body, family: str, path: Path, context: Context, faults: Faults) -> None:
    found = endpoint.get("addresses") or ()
    if not found:
        faults.required((*path, "addresses"), "an endpoint has at least one address")
    elif len(found) > _MOST_ADDRESSES:
        faults.too_many((*path, "addresses"), len(found), _MOST_ADDRESSES)
    if family in ADDRESS_TYPES:
        for i, value in enumerate(found):
            _address(value, family, (*path, "addresses", i), context, faults)
    if endpoint.get("nodeName") is not None:
        _names((*path, "nodeName"), endpoint["nodeName"], formats.dns_subdomain, faults)
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > _MOST_LABELS:
        faults.too_many((*path, "deprecatedTopology"), len(topology), _MOST_LABELS)
    metadata.labels(topology, (*path, "deprecatedTopology"), faults)
    if endpoint.get("hostname") is not None:
        _names((*path, "hostname"), endpoint["hostname"], formats.dns_label, faults)
    hints = endpoint.get("hints") or {}
    if _hints(hints, "forZones", formats.label_value, (*path, "hints"), faults):
        _hints(hints, "forNodes", formats.dns_subdomain, (*path, "hints"), faults)


def _hints(hints: Body, field: str, test: formats.Format, path: Path, faults: Faults) -> bool:
    """Blame hints of one kind; False where there are so many that the server looks no further."""
    found = hints.get(field) or ()
    if len(found) > 8:
        faults.too_many((*path, field), len(found), 8)
        return False
    seen = set()
    for i, hint in enumerate(found):
        name, here = hint.get("name") or "", (*path, field, i, "name")
        if name in seen:
            faults.duplicate(here, name)
        seen.add(name)
        _names(here, name, test, faults)
    return True


def _ports(ports: list[Body], faults: Faults) -> None:
    if len(ports) > _MOST_PORTS:
        faults.too_many(("ports",), len(ports), _MOST_PORTS)
        return
    seen = set()
    for i, port in enumerate(ports):
        name = port.get("name") or ""
        if name in seen:
            faults.duplicate(("ports", i, "name"), name)
        seen.add(name)


def _slice(body: Body, context: Context, faults: Faults, *, kept: bool) -> None:
    family = body.get("addressType") or ""
    _ports(body.get("ports") or [], faults)
    endpoints = body.get("endpoints") or ()
    if kept:
        return
    if len(endpoints) > _MOST_ENDPOINTS:
        faults.too_many(("endpoints",), len(endpoints), _MOST_ENDPOINTS)
        return
    for i, endpoint in enumerate(endpoints):
        _endpoint(endpoint, family, ("endpoints", i), context, faults)


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new EndpointSlice: addresses of one family, ports of different names."""
    _slice(body, context, faults, kept=False)


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Endpoints that stay as they are pass whatever they hold, since 1.33."""
    stay = context.since(1, 33) and same(old.get("endpoints") or [], new.get("endpoints") or [])
    _slice(new, context, faults, kept=stay)


CREATE = {"EndpointSlice": create}
UPDATE = {"EndpointSlice": update}
