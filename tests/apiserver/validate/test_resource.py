"""What dynamic resource allocation is blamed for: the paths and reasons of kube-apiserver 1.37.2."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.apiserver.faults import (
    DUPLICATE,
    FORBIDDEN,
    INTERNAL,
    INVALID,
    NOT_SUPPORTED,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
)
from manifold.apiserver.server import Server
from manifold.apiserver.world import World
from manifold.model import spell

Body = dict[str, Any]
Blamed = list[tuple[str, str]]


def thing(kind: str, spec: Body, **meta: Any) -> Body:
    """An object of the group."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "x", **meta},
        "spec": spec,
    }


def claim(*requests: Body, **devices: Any) -> Body:
    """A ResourceClaim with such requests."""
    return thing("ResourceClaim", {"devices": {"requests": list(requests), **devices}})


def exactly(name: str = "a", **fields: Any) -> Body:
    """A request for one class of devices."""
    return {"name": name, "exactly": {"deviceClassName": "gpu.example.com", **fields}}


def first(*names: str, **fields: Any) -> Body:
    """A request with alternatives."""
    return {"name": "a", "firstAvailable": [{"name": n, "deviceClassName": "gpu", **fields} for n in names]}


def slice_of(*devices: Body, **fields: Any) -> Body:
    """A ResourceSlice with such devices."""
    spec = {"driver": "gpu.example.com", "pool": {"name": "p", "resourceSliceCount": 1}, "devices": list(devices)}
    return thing("ResourceSlice", {**spec, **({} if "nodeName" in fields else {"allNodes": True}), **fields})


def shared(policy: Body, value: str = "10", **fields: Any) -> Body:
    """A device whose capacity is shared under a policy."""
    return {
        "name": "d",
        "allowMultipleAllocations": True,
        "capacity": {"memory": {"value": value, "requestPolicy": policy}},
        **fields,
    }


def blamed(body: Body, server: Server | None = None) -> Blamed:
    """The faults of a create, as (path within the spec, reason), sorted; warnings left out."""
    faults = (server or Server()).create(body).faults
    return sorted((spell(f.path).removeprefix("spec."), f.reason) for f in faults if not f.warning)


OPAQUE = {"opaque": {"driver": "gpu.example.com", "parameters": {"kind": "Config"}}}
AT = "devices.requests[0]."
CLAIMS: list[tuple[Body, Blamed]] = [
    (claim(), []),
    (claim(exactly(), first("x") | {"name": "b"}), []),
    (claim({"name": "a"}), [("devices.requests[0]", REQUIRED)]),
    (claim(exactly() | first("x")), [("devices.requests[0]", INVALID)]),
    (claim(exactly("A")), [(f"{AT}name", INVALID)]),
    (claim(exactly(), exactly()), [("devices.requests[1]", DUPLICATE)]),
    (claim(*[exactly(f"r{i}") for i in range(33)]), [("devices.requests", TOO_MANY)]),
    (claim(first(*"abcdefghi")), [(f"{AT}firstAvailable", TOO_MANY)]),
    (claim(first("x", "x")), [(f"{AT}firstAvailable[1]", DUPLICATE)]),
    (claim(exactly(deviceClassName="")), [(f"{AT}exactly.deviceClassName", REQUIRED)]),
    (claim(exactly(allocationMode="All")), []),
    (claim(exactly(allocationMode="All", count=1)), [(f"{AT}exactly.count", INVALID)]),
    (claim(exactly(count=-1)), [(f"{AT}exactly.count", INVALID)]),
    (claim(exactly(allocationMode="Some", count=1)), [(f"{AT}exactly.allocationMode", NOT_SUPPORTED)]),
    (claim(exactly(selectors=[{}])), [(f"{AT}exactly.selectors[0].cel", REQUIRED)]),
    (
        claim(exactly(selectors=[{"cel": {"expression": "device.driver"}}])),
        [(f"{AT}exactly.selectors[0].cel.expression", INVALID)],
    ),
    (
        claim(exactly(selectors=[{"cel": {"expression": "'" + "a" * 10240}}])),
        [(f"{AT}exactly.selectors[0].cel.expression", TOO_LONG)],
    ),
    (claim(exactly(tolerations=[{"operator": "Exists", "effect": "None"}])), []),
    (
        claim(exactly(tolerations=[{"operator": "Exists", "value": "x", "effect": "Some"}])),
        [(f"{AT}exactly.tolerations[0].effect", NOT_SUPPORTED), (f"{AT}exactly.tolerations[0].value", INVALID)],
    ),
    (claim(exactly(), constraints=[{"matchAttribute": "example.com/a"}]), []),
    (claim(exactly(), constraints=[{}]), [("devices.constraints[0]", REQUIRED)]),
    (
        claim(exactly(), constraints=[{"matchAttribute": "a"}]),
        [("devices.constraints[0].matchAttribute", INVALID)],
    ),
    (claim(first("x"), constraints=[{"requests": ["a/x", "a"], "distinctAttribute": "b.c/d"}]), []),
    (
        claim(first("x"), constraints=[{"requests": ["a/y", "b", "a/x/z", "a", "a"], "matchAttribute": "b.c/d"}]),
        [
            ("devices.constraints[0].requests[0]", INVALID),
            ("devices.constraints[0].requests[1]", INVALID),
            ("devices.constraints[0].requests[2]", INVALID),
            ("devices.constraints[0].requests[4]", DUPLICATE),
        ],
    ),
    (claim(exactly(), config=[OPAQUE | {"requests": ["a"]}]), []),
    (claim(exactly(), config=[{}]), [("devices.config[0].opaque", REQUIRED)]),
    (
        claim(exactly(), config=[{"opaque": {"driver": "", "parameters": None}}]),
        [("devices.config[0].opaque.driver", REQUIRED), ("devices.config[0].opaque.parameters", REQUIRED)],
    ),
    (
        claim(exactly(), config=[{"opaque": {"driver": "a", "parameters": {"a": "b" * 10240}}}]),
        [("devices.config[0].opaque.parameters", TOO_LONG)],
    ),
    (claim(exactly(adminAccess=True)), [(f"{AT}adminAccess", FORBIDDEN)]),
]


@pytest.mark.parametrize(("body", "expected"), CLAIMS)
def test_claims(body: Body, expected: Blamed) -> None:
    """Requests, their alternatives, constraints and configurations."""
    assert blamed(body) == expected


def test_templates_have_the_rules_of_claims_and_metadata_of_their_own() -> None:
    """The paths are one spec deeper; of the metadata labels and annotations only may be set."""
    body = thing("ResourceClaimTemplate", {"metadata": {"name": "n"}, "spec": {"devices": {"requests": [{}]}}})
    assert blamed(body) == [
        ("metadata.name", FORBIDDEN),
        ("spec.devices.requests[0]", REQUIRED),
        ("spec.devices.requests[0].name", INVALID),
    ]


def test_admin_access_is_for_labelled_namespaces() -> None:
    """With the cluster at hand its namespace decides."""
    body = claim(exactly(adminAccess=True))
    labelled = {"name": "default", "labels": {"resource.kubernetes.io/admin-access": "true"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": labelled}
    assert blamed(body, Server(world=World([namespace]))) == []
    assert (f"{AT}adminAccess", INTERNAL) in blamed(body, Server(world=World()))


CLASSES: list[tuple[Body, Blamed]] = [
    ({}, []),
    ({"selectors": [{"cel": {"expression": "device.attributes['gpu.example.com'].fast"}}], "config": [OPAQUE]}, []),
    ({"extendedResourceName": "example.com/gpu"}, []),
    ({"extendedResourceName": "kubernetes.io/gpu"}, [("extendedResourceName", INVALID)]),
    ({"config": [{"opaque": {"driver": "a", "parameters": [1]}}]}, [("config[0].opaque.parameters", INVALID)]),
]


@pytest.mark.parametrize(("spec", "expected"), CLASSES)
def test_device_classes(spec: Body, expected: Blamed) -> None:
    """Selectors, configurations and the name as an extended resource."""
    assert blamed(thing("DeviceClass", spec)) == expected


RULES: list[tuple[Body, Blamed]] = [
    ({"taint": {"key": "a", "effect": "NoSchedule"}}, []),
    ({}, [("taint.effect", REQUIRED), ("taint.key", INVALID)]),
    (
        {"deviceSelector": {"driver": "", "pool": "a//b", "device": "a.b"}, "taint": {"key": "a", "effect": "No"}},
        [
            ("deviceSelector.device", INVALID),
            ("deviceSelector.driver", REQUIRED),
            ("deviceSelector.pool", INVALID),
            ("taint.effect", NOT_SUPPORTED),
        ],
    ),
]


@pytest.mark.parametrize(("spec", "expected"), RULES)
def test_taint_rules(spec: Body, expected: Blamed) -> None:
    """Which devices, and the taint."""
    assert sorted(set(blamed(thing("DeviceTaintRule", spec)))) == expected


def device(**fields: Any) -> Body:
    """A device with such fields."""
    return {"name": "d", **fields}


POLICY = "devices[0].capacity[memory].requestPolicy"
SLICES: list[tuple[Body, Blamed]] = [
    (slice_of(device()), []),
    (slice_of(device(), device()), [("devices[1]", DUPLICATE)]),
    (slice_of(allNodes=False), [("", REQUIRED), ("allNodes", INVALID)]),
    (slice_of(nodeName="a", allNodes=True), [("", INVALID)]),
    (slice_of(nodeName=""), [("", REQUIRED), ("nodeName", INVALID)]),
    (slice_of(pool={"name": "", "generation": -1}), [
        ("pool.generation", INVALID), ("pool.name", REQUIRED), ("pool.resourceSliceCount", INVALID),
    ]),
    (slice_of(sharedCounters=[]), [("", INVALID)]),
    (slice_of(*[device(name=f"d{i}") for i in range(128)]), []),
    (slice_of(*[device(name=f"d{i}") for i in range(129)]), [("devices", TOO_MANY)]),
    (
        slice_of(*[device(name=f"d{i}", taints=[{"key": "a", "effect": "None"}]) for i in range(65)]),
        [("devices", TOO_MANY)],
    ),
    (slice_of(device(nodeName="n")), [("devices[0]", INVALID)]),
    (slice_of(device(), nodeName=None, allNodes=None, perDeviceNodeSelection=True), [("devices[0]", REQUIRED)]),
    (slice_of(device(attributes={"a": {"int": 0}, "b.c/d": {"version": "1.2.3-rc.1+b"}})), []),
    (slice_of(device(attributes={"a": {}})), [("devices[0].attributes[a]", INVALID)]),
    (slice_of(device(attributes={"a": {"version": "v1"}})), [("devices[0].attributes[a].version", INVALID)]),
    (slice_of(device(attributes={"a-b": {"bool": True}})), [("devices[0].attributes", INVALID)]),
    (slice_of(device(attributes={f"a{i}": {"int": i} for i in range(33)})), [("devices[0]", INVALID)]),
    (slice_of(device(bindingConditions=["a"])), [("devices[0].bindingFailureConditions", INVALID)]),
    (
        slice_of(device(bindingConditions=["a"], bindingFailureConditions=["a", "a"])),
        [
            ("devices[0].bindingFailureConditions[0]", INVALID),
            ("devices[0].bindingFailureConditions[1]", DUPLICATE),
            ("devices[0].bindingFailureConditions[1]", INVALID),
        ],
    ),
    (
        slice_of(device(consumesCounters=[{"counterSet": "", "counters": {}}])),
        [("devices[0].consumesCounters[0].counterSet", REQUIRED), ("devices[0].consumesCounters[0].counters", REQUIRED)],
    ),
    (slice_of(shared({"default": "1", "validValues": ["1", "2"]})), []),
    (slice_of(shared({"default": "1"}, allowMultipleAllocations=False)), [(POLICY, FORBIDDEN)]),
    (slice_of(shared({"validValues": ["1"]})), [(f"{POLICY}.default", REQUIRED)]),
    (slice_of(shared({"default": "1", "validValues": ["1"], "validRange": {"min": "1"}})), [(POLICY, FORBIDDEN)]),
    (
        slice_of(shared({"default": "3", "validValues": ["2", "1", "20"]})),
        [
            (f"{POLICY}.validValues", INVALID),
            (f"{POLICY}.validValues[1]", INVALID),
            (f"{POLICY}.validValues[2]", INVALID),
        ],
    ),
    (slice_of(shared({"default": "1", "validRange": {"min": "1", "max": "9", "step": "2"}})), []),
    (slice_of(shared({"default": "1", "validRange": {}})), [(f"{POLICY}.validRange.min", REQUIRED)]),
    (
        slice_of(shared({"default": "2", "validRange": {"min": "1", "max": "8", "step": "2"}})),
        [(f"{POLICY}.validRange.step", INVALID), (f"{POLICY}.validRange.step", INVALID)],
    ),
    (
        slice_of(shared({"default": "1", "validRange": {"min": "2", "max": "11", "step": "0"}})),
        [
            (f"{POLICY}.validRange.default", INVALID),
            (f"{POLICY}.validRange.max", INVALID),
            (f"{POLICY}.validRange.step", INVALID),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), SLICES)
def test_slices(body: Body, expected: Blamed) -> None:
    """Nodes, devices, attributes, counters and shared capacities."""
    assert sorted((path.removeprefix("spec"), reason) for path, reason in blamed(body)) == expected


def test_counter_sets() -> None:
    """Sets of counters stand in slices without devices; their names are unique."""
    body = slice_of(sharedCounters=[{"name": "a", "counters": {"B": {"value": "1"}}}, {"name": "a", "counters": {}}])
    del body["spec"]["devices"]
    assert blamed(body) == [
        ("sharedCounters[0].counters", INVALID),
        ("sharedCounters[1]", DUPLICATE),
        ("sharedCounters[1].counters", REQUIRED),
    ]


def test_claims_never_change() -> None:
    """A claim may be written again as it is; all other changes of its spec are blamed on the spec."""
    old = claim(exactly())
    assert not Server().update(old, claim(exactly())).faults
    assert [spell(f.path) for f in Server().update(old, claim(exactly(), exactly())).faults] == ["spec"]
