"""ResourceSlices: the devices that a driver offers, and the names that dynamic resource allocation uses.

Follows kubernetes v1.37.2 pkg/apis/resource/validation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod.scheduling import node_selector
from manifold.apiserver.validate.pod.volumes import csi_driver
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.k8s.pods import amount
from manifold.k8s.quantity import Quantity
from manifold.model import MapKey, Path

__all__ = ["csi_driver"]

Body = dict[str, Any]

EFFECTS = ("NoExecute", "NoSchedule", "None")
MOST_DEVICES = 128
MOST_DEVICES_WITH_TAINTS_OR_COUNTERS = 64
MOST_ATTRIBUTES = 32
MOST_COUNTER_SETS = 8
MOST_COUNTERS = 32
MOST_CONSUMED = 2
MOST_TAINTS = 16
MOST_CONDITIONS = 4
MOST_VALUES = 10
LONGEST_VALUE = 64
LONGEST_NAME = 32
LONGEST_POOL = 253
LONGEST_KEY = 63 + 1 + LONGEST_NAME
_INT64 = (1 << 63) - 1
_NUMBER, _PRE, _BUILD = r"(?:0|[1-9]\d*)", r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)", r"[0-9a-zA-Z-]+"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+{_BUILD}(?:\.{_BUILD})*)?", re.ASCII
)


# Names ---------------------------------------------------------------------------------------------------------------


def names(value: str, test: formats.Format, path: Path, faults: Faults) -> None:
    """Blame a value that does not have a format."""
    for message in test(value):
        faults.invalid(path, message)


def unique(keys: Iterable[Any], path: Path, faults: Faults) -> None:
    """Blame the items of a list whose key is there before."""
    seen = set()
    for i, key in enumerate(keys):
        if key in seen:
            faults.duplicate((*path, i), key)
        seen.add(key)


def pool_name(name: str, path: Path, faults: Faults) -> None:
    """Blame what is no name of a pool: domain names, joined by slashes."""
    if not name:
        faults.required(path)
        return
    if formats.size(name) > LONGEST_POOL:
        faults.too_long(path, LONGEST_POOL)
    for part in name.split("/"):
        names(part, formats.dns_subdomain, path, faults)


def _identifier(name: str, path: Path, faults: Faults) -> None:
    if formats.size(name) > LONGEST_NAME:
        faults.too_long(path, LONGEST_NAME)
    names(name, formats.c_identifier, path, faults)


def qualified(name: str, path: Path, faults: Faults, *, exact: bool = False) -> None:
    """Blame what is no name of an attribute or a capacity, `model` or `gpu.example.com/model`.

    `exact`: the domain must be in lower case.
    """
    parts = name.split("/")
    if len(parts) == 1:
        _identifier(name, path, faults)
    elif len(parts) == 2:  # what has more slashes the server lets through
        if not parts[0]:
            faults.invalid(path, "nothing stands before the slash")
        else:
            csi_driver(parts[0], path, faults)
            if exact and parts[0] != parts[0].lower():
                names(parts[0], formats.dns_subdomain, path, faults)
        if not parts[1]:
            faults.invalid(path, "nothing stands after the slash")
        else:
            _identifier(parts[1], path, faults)


def fully_qualified(name: str, path: Path, faults: Faults, *, exact: bool = False) -> None:
    """Blame what is no name of an attribute with a domain, `gpu.example.com/model`; `exact` as above."""
    qualified(name, path, faults, exact=exact)
    if "/" not in name:
        faults.invalid(path, f"{name!r} names no domain: write it like gpu.example.com/{name or 'name'}")


def _key(name: str) -> MapKey:
    """A key as the server writes it in a path: what is too long loses its middle."""
    if formats.size(name) <= LONGEST_KEY:
        return MapKey(name)
    raw, left = name.encode("utf-8", "surrogatepass"), LONGEST_KEY - 3
    short = raw[: (left + 1) // 2] + b"..." + raw[len(raw) - left // 2 :]
    return MapKey(short.decode("utf-8", "replace"))


def taint(value: Body, path: Path, faults: Faults) -> None:
    """Blame the taint of a device."""
    names(value.get("key") or "", formats.qualified_name, (*path, "key"), faults)
    if value.get("value"):
        names(value["value"], formats.label_value, (*path, "value"), faults)
    effect = value.get("effect") or ""
    if not effect:
        faults.required((*path, "effect"))
    elif effect not in EFFECTS:
        faults.not_supported((*path, "effect"), effect, EFFECTS)


# Slices --------------------------------------------------------------------------------------------------------------


def create_slice(body: Body, context: Context, faults: Faults) -> None:
    """A ResourceSlice: the devices of one driver, and the nodes that reach them."""
    _slice(body, {}, context, faults)


def update_slice(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Of a device that was there, capacities and taints are looked at only where they have changed."""
    known: dict[str, Body] = {}
    for device in (old.get("spec") or {}).get("devices") or ():
        known.setdefault(device.get("name") or "", device)
    _slice(new, known, context, faults)


def _slice(body: Body, known: dict[str, Body], context: Context, faults: Faults) -> None:
    spec = body.get("spec") or {}
    driver = spec.get("driver") or ""
    csi_driver(driver, ("spec", "driver"), faults)
    pool = spec.get("pool") or {}
    path: Path = ("spec", "pool")
    pool_name(pool.get("name") or "", (*path, "name"), faults)
    if (pool.get("resourceSliceCount") or 0) <= 0:
        faults.invalid((*path, "resourceSliceCount"), "must be greater than 0")
    if (pool.get("generation") or 0) < 0:
        faults.invalid((*path, "generation"), "must not be negative")
    _nodes(spec, faults)
    found, counters = spec.get("devices"), spec.get("sharedCounters")
    if found is not None and counters is not None:
        faults.invalid(("spec",), "devices and sharedCounters are told in slices of their own")
    _devices(spec, found or [], known, faults)
    _counter_sets(counters or [], faults)
    if driver != driver.lower() and context.since(1, 35):
        faults.warn(("spec", "driver"), f"the name of a driver should be in lower case: {driver.lower()}")


def _choice(spec: Body, path: Path, faults: Faults, *, flags: tuple[str, ...], empty: str) -> int:
    """Check the ways to say which nodes reach something; how many of them are used."""
    used = 0
    name = spec.get("nodeName")
    if name:
        used += 1
        names(name, formats.dns_subdomain, (*path, "nodeName"), faults)
    elif name is not None:
        faults.invalid((*path, "nodeName"), empty)
    selector = spec.get("nodeSelector")
    if selector is not None:
        used += 1
        node_selector(selector, (*path, "nodeSelector"), faults)
    for flag in flags:
        value = spec.get(flag)
        if value:
            used += 1
        elif value is not None:
            faults.invalid((*path, flag), "is true, or left out")
    return used


def _nodes(spec: Body, faults: Faults) -> None:
    used = _choice(
        spec, ("spec",), faults, flags=("allNodes", "perDeviceNodeSelection"), empty="is a name, or left out"
    )
    selector = spec.get("nodeSelector")
    if selector is not None and len(selector.get("nodeSelectorTerms") or ()) != 1:
        faults.invalid(("spec", "nodeSelector", "nodeSelectorTerms"), "exactly one term must be set")
    ways = "nodeName, nodeSelector, allNodes and perDeviceNodeSelection"
    if not used:
        faults.required(("spec",), f"one of {ways} must be set")
    elif used > 1:
        faults.invalid(("spec",), f"{ways} exclude one another")


def _devices(spec: Body, found: list[Body], known: dict[str, Body], faults: Faults) -> None:
    path: Path = ("spec", "devices")
    advanced = any(device.get("taints") or device.get("consumesCounters") for device in found)
    most = MOST_DEVICES_WITH_TAINTS_OR_COUNTERS if advanced else MOST_DEVICES
    if len(found) > most:
        faults.too_many(path, len(found), most)
        return
    each = bool(spec.get("perDeviceNodeSelection"))
    for i, device in enumerate(found):
        _device(device, known.get(device.get("name") or ""), (*path, i), each, faults)
    unique([device.get("name") or "" for device in found], path, faults)


def _device(device: Body, old: Body | None, path: Path, each: bool, faults: Faults) -> None:
    names(device.get("name") or "", formats.dns_label, (*path, "name"), faults)
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    count = len(attributes) + len(capacity)
    if count > MOST_ATTRIBUTES:
        faults.invalid(path, f"{count} attributes and capacities, at most {MOST_ATTRIBUTES} are allowed")
    for name, value in attributes.items():
        qualified(name, (*path, "attributes"), faults)
        _attribute(value or {}, (*path, "attributes", _key(name)), faults)
    stays = old is not None and same(old.get("capacity"), device.get("capacity"))
    for name, value in capacity.items() if not stays else ():
        qualified(name, (*path, "capacity"), faults)
        policy = (value or {}).get("requestPolicy")
        if policy is None:
            continue
        here = (*path, "capacity", _key(name), "requestPolicy")
        if device.get("allowMultipleAllocations"):
            _policy(policy, amount(value.get("value") or "0"), here, faults)
        else:
            faults.forbidden(here, "goes with allowMultipleAllocations: true only")
    taints = device.get("taints") or ()
    if old is not None and same(old.get("taints"), device.get("taints")):
        taints = ()
    if len(taints) > MOST_TAINTS:
        faults.too_many((*path, "taints"), len(taints), MOST_TAINTS)
    else:
        for i, value in enumerate(taints):
            taint(value, (*path, "taints", i), faults)
    _consumed(device.get("consumesCounters") or [], (*path, "consumesCounters"), faults)
    _device_nodes(device, path, each, faults)
    _conditions(device, path, faults)


def _device_nodes(device: Body, path: Path, each: bool, faults: Faults) -> None:
    ways = "nodeName, nodeSelector and allNodes"
    if not each:
        if any(device.get(field) is not None for field in ("nodeName", "nodeSelector", "allNodes")):
            faults.invalid(path, f"{ways} go with perDeviceNodeSelection: true in the slice only")
        return
    used = _choice(device, path, faults, flags=("allNodes",), empty="must not be empty")
    if not used:
        faults.required(path, f"with perDeviceNodeSelection one of {ways} must be set")
    elif used > 1:
        faults.invalid(path, f"{ways} exclude one another")


def _attribute(value: Body, path: Path, faults: Faults) -> None:
    text, version = value.get("string"), value.get("version")
    if text is not None and formats.size(text) > LONGEST_VALUE:
        faults.too_long((*path, "string"), LONGEST_VALUE)
    if version is not None:
        if not _VERSION.fullmatch(version):
            faults.invalid((*path, "version"), f"{version!r} is no version such as 1.2.3 (semver.org 2.0.0)")
        if formats.size(version) > LONGEST_VALUE:
            faults.too_long((*path, "version"), LONGEST_VALUE)
    if sum(value.get(field) is not None for field in ("int", "bool", "string", "version")) != 1:
        faults.invalid(path, "exactly one value must be set: int, bool, string or version")


def _conditions(device: Body, path: Path, faults: Faults) -> None:
    """Blame the conditions for which the binding of a Pod waits, and those that make it fail."""
    good, bad = device.get("bindingConditions") or [], device.get("bindingFailureConditions") or []
    for field, found in (("bindingConditions", good), ("bindingFailureConditions", bad)):
        if len(found) > MOST_CONDITIONS:
            faults.too_many((*path, field), len(found), MOST_CONDITIONS)
        else:
            for i, condition in enumerate(found):
                names(condition, formats.qualified_name, (*path, field, i), faults)
        unique(found, (*path, field), faults)
    for i, condition in enumerate(bad):
        if condition in good:
            faults.invalid((*path, "bindingFailureConditions", i), f"{condition!r} is a bindingCondition as well")
    if bad and not good:
        faults.invalid((*path, "bindingConditions"), "bindingFailureConditions go with bindingConditions only")
    if good and not bad:
        faults.invalid((*path, "bindingFailureConditions"), "bindingConditions go with bindingFailureConditions only")


# Counters and capacities ---------------------------------------------------------------------------------------------


def _counters(counters: Body, path: Path, faults: Faults) -> None:
    if not counters:
        faults.required(path)
    for name in counters:
        names(name, formats.dns_label, path, faults)
    if len(counters) > MOST_COUNTERS:
        faults.too_many(path, len(counters), MOST_COUNTERS)


def _counter_name(name: str, path: Path, faults: Faults) -> None:
    if not name:
        faults.required(path)
    else:
        names(name, formats.dns_label, path, faults)


def _counter_sets(found: list[Body], faults: Faults) -> None:
    _named_counters(found, "name", MOST_COUNTER_SETS, ("spec", "sharedCounters"), faults)


def _consumed(found: list[Body], path: Path, faults: Faults) -> None:
    _named_counters(found, "counterSet", MOST_CONSUMED, path, faults)


def _named_counters(found: list[Body], field: str, most: int, path: Path, faults: Faults) -> None:
    """Blame counters under names, which stand in `field`."""
    if len(found) > most:
        faults.too_many(path, len(found), most)
        return
    for i, counters in enumerate(found):
        _counter_name(counters.get(field) or "", (*path, i, field), faults)
        _counters(counters.get("counters") or {}, (*path, i, "counters"), faults)
    unique([counters.get(field) or "" for counters in found], path, faults)


def _policy(policy: Body, capacity: Quantity, path: Path, faults: Faults) -> None:
    """Blame the rule by which shares of a capacity are handed out."""
    values, bounds, first = policy.get("validValues") or [], policy.get("validRange"), policy.get("default")
    if values and bounds is not None:
        faults.forbidden(path, "validValues and validRange exclude one another")
    elif values or bounds is not None:
        if first is None:
            faults.required((*path, "default"), f"goes with {'validValues' if values else 'validRange'}")
        elif values:
            _values([amount(v or "0") for v in values], amount(first), capacity, (*path, "validValues"), faults)
        else:
            _range(bounds or {}, amount(first), capacity, (*path, "validRange"), faults)


def _values(values: Collection[Quantity], first: Quantity, capacity: Quantity, path: Path, faults: Faults) -> None:
    listed = list(values)
    for i in range(1, len(listed)):
        if listed[i] < listed[i - 1]:
            faults.invalid((*path, i), f"{listed[i]} must not come after {listed[i - 1]}: sort the values")
    known = False
    if len(listed) > MOST_VALUES:
        faults.too_many(path, len(listed), MOST_VALUES)
    else:
        for i, value in enumerate(listed):
            if value > capacity:
                faults.invalid((*path, i), f"{value} is more than the capacity, {capacity}")
            known = known or value == first
        unique([value.value() for value in listed], path, faults)
    if not known:
        faults.invalid(path, f"the default, {first}, is not among the values")


def _range(bounds: Body, first: Quantity, capacity: Quantity, path: Path, faults: Faults) -> None:
    least, most, step = (
        None if bounds.get(field) is None else amount(bounds[field]) for field in ("min", "max", "step")
    )
    if least is None:
        faults.required((*path, "min"))
        return
    if least > capacity:
        faults.invalid((*path, "min"), f"{least} is more than the capacity, {capacity}")
    if first < least:
        faults.invalid((*path, "default"), f"the default, {first}, is less than min, {least}")
    if most is not None:
        if least > most:
            faults.invalid((*path, "max"), f"min, {least}, is more than max, {most}")
        if most > capacity:
            faults.invalid((*path, "max"), f"{most} is more than the capacity, {capacity}")
        if first > most:
            faults.invalid((*path, "default"), f"the default, {first}, is more than max, {most}")
    if step is None:
        return
    if step.nanos <= 0:
        faults.invalid((*path, "step"), f"{step} must be greater than 0")
        return
    if least + step > capacity:
        faults.invalid((*path, "step"), f"min and one step, {least + step}, are more than the capacity, {capacity}")
    safe = True
    for field, value in (("default", first), ("min", least), ("max", most), ("step", step)):
        if value is None:
            continue
        if value.nanos < 0:
            faults.invalid((*path, field), f"{value} must not be negative")
            safe = False
        elif value.nanos > _INT64 * 10**9:
            faults.invalid((*path, field), f"{value} is more than {_INT64}")
            safe = False
    if not safe:
        return
    for end in (first, most):
        if end is not None and (end.value() - least.value()) % step.value():
            faults.invalid((*path, "step"), f"no number of steps of {step} leads from {least} to {end}")
