"""EndpointSlices: addresses of one family, ports of different names, hints."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold import api

SLICE: dict[str, Any] = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "web-1"},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.1"]}],
    "ports": [{"name": "http", "port": 80}],
}


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"addressType": "IPv5"}, "addressType", "FieldValueNotSupported"),
        ({"addressType": "IPv6"}, "endpoints[0].addresses", "FieldValueInvalid"),
        ({"endpoints": [{"addresses": []}]}, "endpoints[0].addresses", "FieldValueRequired"),
        ({"endpoints": [{"addresses": ["127.0.0.1"]}]}, "endpoints[0].addresses[0]", "FieldValueInvalid"),
        ({"endpoints": [{"addresses": ["10.0.0.1"] * 101}]}, "endpoints[0].addresses", "FieldValueTooMany"),
        (
            {"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "a"}, {"name": "a"}]}}]},
            "endpoints[0].hints.forZones[1].name",
            "FieldValueDuplicate",
        ),
        ({"ports": [{"name": "a"}, {"name": "a"}]}, "ports[1].name", "FieldValueDuplicate"),
        ({"ports": [{"protocol": "ICMP"}]}, "ports[0].protocol", "FieldValueNotSupported"),
    ],
)
def test_a_slice_is_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """Each part of a slice is blamed where the server blames it."""
    found = [(d.path, d.reason) for d in api.validate([{**SLICE, **change}]) if d.rejects]
    assert found == [(path, reason)]


def test_endpoints_that_stay_are_not_looked_at_again() -> None:
    """A stored slice with addresses that would be refused by now can still be labelled."""
    old = copy.deepcopy(SLICE)
    old["endpoints"] = [{"addresses": ["127.0.0.1"]}]
    new = copy.deepcopy(old)
    new["metadata"]["labels"] = {"app": "web"}
    assert api.update(old, new) == []
    new["endpoints"].append({"addresses": ["10.0.0.2"]})
    assert [d.path for d in api.update(old, new)] == ["endpoints[0].addresses[0]"]
