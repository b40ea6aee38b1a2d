"""Dynamic resource allocation: claims and their templates, device classes, taint rules.

Follows kubernetes v1.37.2 pkg/apis/resource/validation and pkg/registry/resource. ResourceSlices are in `devices`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import devices
from manifold.apiserver.validate.claims import claim_template_metadata
from manifold.apiserver.validate.devices import csi_driver, fully_qualified, names, pool_name, unique
from manifold.apiserver.validate.pod.resources import is_extended
from manifold.k8s import cel, formats
from manifold.model import Path

Body = dict[str, Any]

MODES = ("All", "ExactCount")
OPERATORS = ("Equal", "Exists")
MOST_REQUESTS = 32  # also constraints, configurations, selectors
MOST_ALTERNATIVES = 8
LONGEST_EXPRESSION = 10 * 1024
LONGEST_PARAMETERS = 10 * 1024
ADMIN_LABEL = "resource.kubernetes.io/admin-access"
# Namespaces that every cluster is born with, without labels that allow anything.
_BORN = frozenset(("default", "kube-system", "kube-public", "kube-node-lease"))


def _list(
    values: Sequence[Any] | None, most: int, path: Path, faults: Faults, check: Callable[[Any, Path, Faults], None]
) -> bool:
    """Check the items of a list; one that is too long is blamed as a whole. True when they were looked at."""
    values = values or ()
    if len(values) > most:
        faults.too_many(path, len(values), most)
        return False
    for i, value in enumerate(values):
        check(value, (*path, i), faults)
    return True


# Claims --------------------------------------------------------------------------------------------------------------


class _Claim:
    """What the parts of one claim need to know: the release, and the requests that others may name."""

    def __init__(self, claim: Body, context: Context) -> None:
        self.context = context
        self.requests: dict[str, Collection[str]] = {
            request.get("name") or "": {sub.get("name") or "" for sub in request.get("firstAvailable") or ()}
            for request in claim.get("requests") or ()
        }

    def reference(self, name: str, path: Path, faults: Faults) -> None:
        """Blame what is no name of a request, or of one of its alternatives (`request/alternative`)."""
        segments = name.split("/")
        wrong = len(segments) > 2
        if not wrong:
            for segment in segments:
                names(segment, formats.dns_label, path, faults)
            known = self.requests.get(segments[0])
            wrong = known is None or (len(segments) == 2 and segments[1] not in known)
        if wrong:
            faults.invalid(path, f"the claim has no request {name!r}; an alternative is written request/alternative")

    def references(self, found: Sequence[str] | None, path: Path, faults: Faults) -> None:
        """Blame a list of such names; each may be there once."""
        if _list(found, MOST_REQUESTS, path, faults, self.reference):
            unique(found or (), path, faults)

    def request(self, request: Body, path: Path, faults: Faults) -> None:
        names(request.get("name") or "", formats.dns_label, (*path, "name"), faults)
        exactly, first = request.get("exactly"), request.get("firstAvailable") or ()
        if exactly is None and not first:
            faults.required(path, "either exactly or firstAvailable must be set")
        elif exactly is not None and first:
            faults.invalid(path, "exactly and firstAvailable exclude one another")
        elif exactly is not None:
            self.wanted(exactly, (*path, "exactly"), faults)
        elif _list(first, MOST_ALTERNATIVES, (*path, "firstAvailable"), faults, self.alternative):
            unique([sub.get("name") or "" for sub in first], (*path, "firstAvailable"), faults)

    def alternative(self, request: Body, path: Path, faults: Faults) -> None:
        names(request.get("name") or "", formats.dns_label, (*path, "name"), faults)
        self.wanted(request, path, faults)

    def wanted(self, request: Body, path: Path, faults: Faults) -> None:
        """Which devices, and how many."""
        device_class = request.get("deviceClassName") or ""
        if not device_class:
            faults.required((*path, "deviceClassName"))
        else:
            names(device_class, formats.dns_subdomain, (*path, "deviceClassName"), faults)
        _list(
            request.get("selectors"),
            MOST_REQUESTS,
            (*path, "selectors"),
            faults,
            partial(selector, context=self.context),
        )
        mode, count = request.get("allocationMode") or "", request.get("count") or 0
        if mode == "All":
            if count:
                faults.invalid((*path, "count"), "allocationMode All takes all devices, and no count")
        elif mode == "ExactCount":
            if count <= 0:
                faults.invalid((*path, "count"), f"{count} must be greater than 0")
        else:
            faults.not_supported((*path, "allocationMode"), mode, MODES)
        for i, found in enumerate(request.get("tolerations") or ()):
            toleration(found, (*path, "tolerations", i), faults)

    def constraint(self, constraint: Body, path: Path, faults: Faults) -> None:
        self.references(constraint.get("requests"), (*path, "requests"), faults)
        match, distinct = constraint.get("matchAttribute"), constraint.get("distinctAttribute")
        exact = self.context.since(1, 37)
        if match is not None:
            fully_qualified(match, (*path, "matchAttribute"), faults, exact=exact)
        if distinct is not None and (exact or match is None):
            fully_qualified(distinct, (*path, "distinctAttribute"), faults, exact=exact)
        if match is None and distinct is None:
            if self.context.since(1, 36):
                faults.required(path, "a constraint says matchAttribute or distinctAttribute")
            else:
                faults.required((*path, "matchAttribute"))

    def configuration(self, config: Body, path: Path, faults: Faults) -> None:
        self.references(config.get("requests"), (*path, "requests"), faults)
        configuration(config, path, faults)


def selector(value: Body, path: Path, faults: Faults, *, context: Context) -> None:
    """Blame a selector of devices: an expression over one `device`."""
    expression = value.get("cel")
    if expression is None:
        faults.required((*path, "cel"))
        return
    text = expression.get("expression") or ""
    path = (*path, "cel", "expression")
    if formats.size(text) > LONGEST_EXPRESSION:
        faults.too_long(path, LONGEST_EXPRESSION)
        return
    for message in cel.compile_device_selector(text, shared=context.enabled("DRAConsumableCapacity")):
        faults.invalid(path, message)


def toleration(value: Body, path: Path, faults: Faults) -> None:
    """Blame the toleration of a device's taints."""
    if value.get("key"):
        names(value["key"], formats.qualified_name, (*path, "key"), faults)
    operator, given = value.get("operator") or "", value.get("value") or ""
    if operator == "Exists":
        if given:
            faults.invalid((*path, "value"), "operator Exists takes no value")
    elif operator == "Equal":
        names(given, formats.label_value, (*path, "value"), faults)
    elif not operator:
        faults.required((*path, "operator"))
    else:
        faults.not_supported((*path, "operator"), operator, OPERATORS)
    effect = value.get("effect")
    if effect and effect not in devices.EFFECTS:
        faults.not_supported((*path, "effect"), effect, devices.EFFECTS)


def configuration(value: Body, path: Path, faults: Faults) -> None:
    """Blame what is handed to a driver with a device."""
    opaque = value.get("opaque")
    path = (*path, "opaque")
    if opaque is None:
        faults.required(path)
        return
    csi_driver(opaque.get("driver") or "", (*path, "driver"), faults)
    parameters = opaque.get("parameters")
    if parameters is None:
        faults.required((*path, "parameters"))
    elif _json_size(parameters) > LONGEST_PARAMETERS:
        faults.too_long((*path, "parameters"), LONGEST_PARAMETERS)
    elif not isinstance(parameters, dict):
        faults.invalid((*path, "parameters"), "must be an object")


def _json_size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _claim(claim: Body, path: Path, context: Context, faults: Faults) -> None:
    found = _Claim(claim, context)
    requests = claim.get("requests") or ()
    if _list(requests, MOST_REQUESTS, (*path, "requests"), faults, found.request):
        unique([request.get("name") or "" for request in requests], (*path, "requests"), faults)
    _list(claim.get("constraints"), MOST_REQUESTS, (*path, "constraints"), faults, found.constraint)
    _list(claim.get("config"), MOST_REQUESTS, (*path, "config"), faults, found.configuration)


def _admin(claim: Body, context: Context, faults: Faults) -> None:
    """Blame admin access in a namespace that has no label for it; the server names no `exactly`, and no template."""
    wanted = (bool((request.get("exactly") or {}).get("adminAccess")) for request in claim.get("requests") or ())
    i = next((i for i, admin in enumerate(wanted) if admin), None)
    if i is None:
        return
    path: Path = ("spec", "devices", "requests", i, "adminAccess")
    prefix: Path = ("spec",) if context.kind.kind == "ResourceClaimTemplate" else ()
    at = (*prefix, "spec", "devices", "requests", i, "exactly", "adminAccess")
    namespace = context.namespace
    label = f'the label {ADMIN_LABEL}: "true"'
    if context.world is None:
        if namespace in _BORN:
            faults.add("FieldValueForbidden", path, f"admin access needs a namespace with {label}", at=at)
        return
    found = context.world.get("", "Namespace", "", namespace)
    if found is None:
        faults.add("InternalError", path, f"there is no namespace {namespace!r} that could have {label}", at=at)
    elif ((found.get("metadata") or {}).get("labels") or {}).get(ADMIN_LABEL) != "true":
        faults.add("FieldValueForbidden", path, f"admin access needs {label} on namespace {namespace!r}", at=at)


def create_claim(body: Body, context: Context, faults: Faults) -> None:
    """A ResourceClaim: which devices are asked for."""
    claim = (body.get("spec") or {}).get("devices") or {}
    _admin(claim, context, faults)
    _claim(claim, ("spec", "devices"), context, faults)


def create_template(body: Body, context: Context, faults: Faults) -> None:
    """A ResourceClaimTemplate: claims to be made for Pods."""
    _admin(((body.get("spec") or {}).get("spec") or {}).get("devices") or {}, context, faults)
    _template(body, context, faults)


def _template(body: Body, context: Context, faults: Faults) -> None:
    spec = body.get("spec") or {}
    claim = (spec.get("spec") or {}).get("devices") or {}
    claim_template_metadata(spec.get("metadata") or {}, ("spec", "metadata"), faults)
    _claim(claim, ("spec", "spec", "devices"), context, faults)


def update_claim(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A claim never changes, so only that is asked: the table of immutable fields says it."""


def update_template(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A template never changes either, but is looked through once more; admin access was asked for by then."""
    _template(new, context, faults)


# Classes and rules ---------------------------------------------------------------------------------------------------


def create_class(body: Body, context: Context, faults: Faults) -> None:
    """A DeviceClass: what its devices are, and what is handed to their driver."""
    spec = body.get("spec") or {}
    _list(spec.get("selectors"), MOST_REQUESTS, ("spec", "selectors"), faults, partial(selector, context=context))
    _list(spec.get("config"), MOST_REQUESTS, ("spec", "config"), faults, configuration)
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        faults.invalid(("spec", "extendedResourceName"), f"{name!r} is no name of an extended resource")


def create_taint_rule(body: Body, context: Context, faults: Faults) -> None:
    """A DeviceTaintRule: which devices are tainted, and how."""
    spec = body.get("spec") or {}
    chosen = spec.get("deviceSelector") or {}
    path: Path = ("spec", "deviceSelector")
    if chosen.get("driver") is not None:
        csi_driver(chosen["driver"], (*path, "driver"), faults)
    if chosen.get("pool") is not None:
        pool_name(chosen["pool"], (*path, "pool"), faults)
    if chosen.get("device") is not None:
        names(chosen["device"], formats.dns_label, (*path, "device"), faults)
    devices.taint(spec.get("taint") or {}, ("spec", "taint"), faults)


CREATE = {
    "ResourceClaim": create_claim,
    "ResourceClaimTemplate": create_template,
    "DeviceClass": create_class,
    "DeviceTaintRule": create_taint_rule,
    "ResourceSlice": devices.create_slice,
}
UPDATE = {
    "ResourceClaim": update_claim,
    "ResourceClaimTemplate": update_template,
    "ResourceSlice": devices.update_slice,
}
