"""LimitRanges and ResourceQuotas: kubernetes v1.37.2 pkg/apis/core/validation and pkg/apis/core/helper."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults, not_among
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate.pod import resources
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.k8s.quantity import Quantity
from manifold.model import MapKey, Path

Body = dict[str, Any]

LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
COUNTED = frozenset(("pods",))
COMPUTED = frozenset(("cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))
CLAIMED = frozenset(("persistentvolumeclaims", "requests.storage"))
# scope -> what of Kubernetes' own resources it can be counted for
SCOPES: dict[str, frozenset[str]] = {
    "Terminating": COUNTED | COMPUTED,
    "NotTerminating": COUNTED | COMPUTED,
    "NotBestEffort": COUNTED | COMPUTED,
    "PriorityClass": COUNTED | COMPUTED,
    "CrossNamespacePodAffinity": COUNTED | COMPUTED,
    "BestEffort": COUNTED,
    "VolumeAttributesClass": CLAIMED,
}
ONLY_EXISTS = frozenset(("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"))
OPPOSITES = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_MOST_MILLI = ((1 << 63) - 1) // 1000


def _limited(kind: str, name: str, path: Path, faults: Faults) -> None:
    if kind in ("Pod", "Container"):
        resources.container_name(name, path, faults)
    else:
        resources.resource_name(name, path, faults)


def _limit_type(kind: str, path: Path, faults: Faults) -> None:
    messages = formats.qualified_name(kind)
    for message in messages:
        faults.invalid(path, message)
    if not messages and "/" not in kind and kind not in LIMIT_TYPES:
        faults.invalid(path, not_among(kind, LIMIT_TYPES))


def _amounts(limit: Body, name: str) -> dict[str, Quantity]:
    return {k: amount(v) for k, v in (limit.get(name) or {}).items()}


def _ratio(ratio: Quantity, low: Quantity, high: Quantity) -> bool:
    """Whether a ratio is more than what max and min leave, computed in floats as the server does."""
    wanted, least, most = float(ratio.value()), low.value(), high.value()
    if ratio.value() < _MOST_MILLI and least < _MOST_MILLI and most < _MOST_MILLI:
        wanted, least, most = ratio.milli() / 1000, low.milli(), high.milli()
    if not least:
        return False
    return wanted > most / least


def _limit(limit: Body, path: Path, faults: Faults) -> None:
    kind = limit.get("type") or ""
    for part in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        given = limit.get(part) or {}
        if given and kind == "Pod" and part.startswith("default"):
            faults.forbidden((*path, part), "a limit of type Pod has no defaults")
            continue
        for name in given:
            _limited(kind, name, (*path, part, MapKey(name)), faults)
    low, high = _amounts(limit, "min"), _amounts(limit, "max")
    if kind == "PersistentVolumeClaim" and "storage" not in low and "storage" not in high:
        faults.required((*path, "limits"), "a limit of claims must say a min or a max of storage")
    default = {} if kind == "Pod" else _amounts(limit, "default")
    request = {} if kind == "Pod" else _amounts(limit, "defaultRequest")
    ratios = _amounts(limit, "maxLimitRequestRatio")
    for name, least in low.items():
        if name in high and least > high[name]:
            faults.invalid((*path, "min", MapKey(name)), f"{least} is more than max, which is {high[name]}")
    for name, value in request.items():
        here = (*path, "defaultRequest", MapKey(name))
        if name in low and low[name] > value:
            faults.invalid(here, f"{value} is less than min, which is {low[name]}")
        if name in high and value > high[name]:
            faults.invalid(here, f"{value} is more than max, which is {high[name]}")
        if name in default and value > default[name]:
            faults.invalid(here, f"{value} is more than default, which is {default[name]}")
        overcommitted = resources.is_native(name) and not name.startswith("hugepages-")
        if name in default and not overcommitted and default[name] != value:
            faults.invalid(here, f"{value} must be default, which is {default[name]}: {name} cannot be overcommitted")
    for name, value in default.items():
        here = (*path, "default", MapKey(name))
        if name in low and low[name] > value:
            faults.invalid(here, f"{value} is less than min, which is {low[name]}")
        if name in high and value > high[name]:
            faults.invalid(here, f"{value} is more than max, which is {high[name]}")
    for name, ratio in ratios.items():
        here = (*path, "maxLimitRequestRatio", MapKey(name))
        if ratio.nanos < 1_000_000_000:
            faults.invalid(here, f"{ratio} is less than 1")
        if name in low and name in high and _ratio(ratio, low[name], high[name]):
            faults.invalid(here, f"{ratio} is more than max divided by min")


def limit_range(body: Body, context: Context, faults: Faults) -> None:
    """A LimitRange: one limit of each type, whose amounts agree with one another."""
    seen: set[str] = set()
    for i, limit in enumerate((body.get("spec") or {}).get("limits") or ()):
        path: Path = ("spec", "limits", i)
        kind = limit.get("type") or ""
        _limit_type(kind, (*path, "type"), faults)
        if kind in seen:
            faults.duplicate((*path, "type"), kind)
        seen.add(kind)
        _limit(limit, path, faults)


def _standard(name: str) -> bool:
    return (name in resources.STANDARD and name != "storage") or name.startswith(("hugepages-", "requests.hugepages-"))


def _scope_fits(scope: str, hard: Body) -> bool:
    return all(name in SCOPES[scope] for name in hard if _standard(name)) if scope in SCOPES else True


def _opposed(scopes: set[str], path: Path, faults: Faults) -> None:
    for one, other in OPPOSITES:
        if one in scopes and other in scopes:
            faults.invalid(path, f"{one} and {other} exclude one another")


def _known_scopes(context: Context) -> list[str]:
    """The scopes that a release knows."""
    return [s for s in SCOPES if s != "VolumeAttributesClass" or context.since(1, 33)]


def _scopes(spec: Body, known: list[str], faults: Faults) -> None:
    path: Path = ("spec", "scopes")
    scopes, hard = spec.get("scopes") or (), spec.get("hard") or {}
    for scope in scopes:
        if scope not in known:
            faults.invalid(path, not_among(scope, known))
        elif not _scope_fits(scope, hard):
            faults.invalid(path, f"the scope {scope} does not count every resource in spec.hard")
    _opposed(set(scopes), path, faults)


def _scope_selector(spec: Body, known: list[str], faults: Faults) -> None:
    selector, hard = spec.get("scopeSelector"), spec.get("hard") or {}
    path: Path = ("spec", "scopeSelector", "matchExpressions")
    expressions = (selector or {}).get("matchExpressions") or ()
    for i, expression in enumerate(expressions):
        here = (*path, i)
        scope, operator = expression.get("scopeName") or "", expression.get("operator") or ""
        values = expression.get("values") or ()

        def blame(field: str, message: str, here: Path = here) -> None:
            faults.add("FieldValueInvalid", (*path, field), message, at=(*here, field))

        if scope not in known:
            blame("scopeName", f"{scope!r} is not one of: {', '.join(known)}")
        elif not _scope_fits(scope, hard):
            faults.invalid(path, f"the scope {scope} does not count every resource in spec.hard")
        if scope in ONLY_EXISTS and operator != "Exists":
            blame("operator", f"the scope {scope} goes with Exists only")
        if operator in ("In", "NotIn"):
            if not values:
                faults.add("FieldValueRequired", (*path, "values"), f"{operator} needs values", at=here)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                blame("values", f"{operator} takes no values")
        else:
            blame("operator", not_among(operator, ("In", "NotIn", "Exists", "DoesNotExist")))
    _opposed({e.get("scopeName") or "" for e in expressions}, path, faults)


def resource_quota(body: Body, context: Context, faults: Faults) -> None:
    """A ResourceQuota: known resources, whole where they are counted, in scopes that count them."""
    spec = body.get("spec") or {}
    for name, value in (spec.get("hard") or {}).items():
        path: Path = ("spec", "hard", MapKey(name))
        resources.resource_name(name, path, faults)
        if "/" not in name and not _standard(name):
            faults.invalid(path, f"{name!r} is no resource that a quota counts")
        found = amount(value)
        if found.nanos < 0:
            faults.invalid(path, f"{value} must not be negative")
        if resources.is_whole(name) and found.milli() % 1000:
            faults.invalid(path, f"{value} must be a whole number")
    known = _known_scopes(context)
    _scopes(spec, known, faults)
    _scope_selector(spec, known, faults)
    if context.since(1, 35) and context.operation == "create":
        _warn(spec.get("hard") or {}, faults)


def _warn(hard: Body, faults: Faults) -> None:
    for name in ("cpu", "memory", "ephemeral-storage"):
        limit = f"limits.{name}"
        request = next((n for n in (f"requests.{name}", name) if n in hard), "")
        if request == "ephemeral-storage" or not request or limit not in hard:
            continue
        if amount(hard[request]) > amount(hard[limit]):
            path: Path = ("spec", "hard", MapKey(request))
            faults.warn(path, f"{request} ({hard[request]}) is more than {limit} ({hard[limit]})")


def update_resource_quota(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A quota keeps its scopes."""
    resource_quota(new, context, faults)
    after, before = (set((b.get("spec") or {}).get("scopes") or ()) for b in (new, old))
    if after != before:
        changed(faults, ("spec", "scopes"))
