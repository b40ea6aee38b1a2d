"""LimitRanger: what containers ask for by default in a namespace, and the least and the most that they may (plugin/pkg/admission/limitranger)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.default.core import limit_item
from manifold.apiserver.faults import FORBIDDEN, Faults
from manifold.k8s import pods
from manifold.k8s.quantity import Quantity
from manifold.model import Path

NAME = "LimitRanger"
PLACE = 20
KINDS = frozenset((("", "Pod"), ("", "PersistentVolumeClaim")))
ALONE = False
NOTE = "kubernetes.io/limit-ranger"
"""The annotation in which the server tells what it filled in."""

Resources = dict[str, Quantity]


def _items(context: Context) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name of the limit range, one of its limits), each with the defaults that the server gives it."""
    for body in context.each("", "LimitRange", context.namespace):
        name = str((body.get("metadata") or {}).get("name") or "")
        for limit in (body.get("spec") or {}).get("limits") or ():
            filled = dict(limit)
            limit_item(filled)
            yield name, filled


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Fill in the default requests and limits of a Pod's containers, one limit range after the other, and note it."""
    if context.kind.kind != "Pod" or context.operation != "create":
        return
    spec = body.setdefault("spec", {})
    ranges: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for name, limit in _items(context):
        if limit.get("type") == "Container":
            requests, limits = ranges.setdefault(name, ({}, {}))
            requests.update(limit.get("defaultRequest") or {})
            limits.update(limit.get("default") or {})
    for requests, limits in ranges.values():
        notes: list[str] = []
        for field, word in (("containers", "container"), ("initContainers", "init container")):
            for container in spec.get(field) or ():
                notes += _fill(container, requests, limits, word)
        if notes:
            annotations = body.setdefault("metadata", {}).setdefault("annotations", {})
            annotations[NOTE] = "LimitRanger plugin set: " + "; ".join(notes)


def _fill(container: dict[str, Any], requests: dict[str, Any], limits: dict[str, Any], word: str) -> list[str]:
    resources = dict(container.get("resources") or {})
    notes = []
    for field, kind, given in (("requests", "request", requests), ("limits", "limit", limits)):
        has = dict(resources.get(field) or {})
        added = sorted(name for name in given if name not in has)
        if added:
            resources[field] = {**has, **{name: given[name] for name in added}}
            notes.append(f"{', '.join(added)} {kind} for {word} {container.get('name', '')}")
    container["resources"] = resources
    return notes


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Hold a new Pod's containers and the Pod as a whole, or a claim, against each limit of the namespace."""
    kind = context.kind.kind
    if kind == "Pod" and context.operation != "create":
        return
    if context.old is not None and (context.old.get("metadata") or {}).get("deletionTimestamp"):
        return
    spec = body.get("spec") or {}
    try:
        for name, limit in _items(context):
            sort = limit.get("type")
            if kind == "PersistentVolumeClaim":
                if sort == kind:
                    requests = pods.amounts(spec.get("resources"), "requests")
                    _Check(name, f"a {sort}", ("spec", "resources"), faults).claim(limit, requests)
            elif sort == "Container":
                for field in ("containers", "initContainers"):
                    for i, container in enumerate(spec.get(field) or ()):
                        resources, at = container.get("resources"), ("spec", field, i)
                        check = _Check(name, f"container {container.get('name')}", at, faults)
                        check.all(limit, pods.amounts(resources, "requests"), pods.amounts(resources, "limits"))
            elif sort == "Pod":
                check = _Check(name, "the Pod", ("spec",), faults)
                check.all(limit, *_whole(spec))
    except ValueError:  # a quantity that is none is blamed elsewhere
        return


def _whole(spec: Mapping[str, Any]) -> tuple[Resources, Resources]:
    """What the Pod asks for and may use as a whole, its overhead not counted."""
    requests, limits = pods.container_requests(spec), pods.container_limits(spec)
    for total, which in ((requests, "requests"), (limits, "limits")):
        for name, amount in pods.amounts(spec.get("resources"), which).items():  # type: ignore[arg-type]
            if pods.pod_level(name):
                total[name] = amount
    return requests, limits


class _Check:
    """One thing against one limit; each breach is a fault of the whole object, as the server has it."""

    def __init__(self, range: str, what: str, at: Path, faults: Faults) -> None:
        self._range, self._what, self._at, self._faults = range, what, at, faults

    def _say(self, message: str) -> None:
        self._faults.add(FORBIDDEN, (), f"{message} (LimitRange {self._range})", at=self._at)

    def all(self, limit: Mapping[str, Any], requests: Resources, limits: Resources) -> None:
        for name, least in _amounts(limit, "min"):
            self._least(name, least, requests, limits)
        for name, most in _amounts(limit, "max"):
            self._most(name, most, requests, limits)
        for name, ratio in _amounts(limit, "maxLimitRequestRatio"):
            self._ratio(name, ratio, requests, limits)

    def claim(self, limit: Mapping[str, Any], requests: Resources) -> None:
        """Claims are held by what they ask for; their limits do not count."""
        for name, least in _amounts(limit, "min"):
            self._least(name, least, requests, {})
        for name, most in _amounts(limit, "max"):
            if name not in requests:
                self._say(f"{self._what} must request {name}: there is a maximum, {most}")
            else:
                self._hold(name, "request", requests.get(name), most, lambda a, b: a > b, "at most")

    def _least(self, name: str, least: Quantity, requests: Resources, limits: Resources) -> None:
        if name not in requests:
            self._say(f"{self._what} must request {name}: there is a minimum, {least}")
        elif not self._hold(name, "request", requests[name], least, lambda a, b: a < b, "at least"):
            self._hold(name, "limit", limits.get(name), least, lambda a, b: a < b, "at least")

    def _most(self, name: str, most: Quantity, requests: Resources, limits: Resources) -> None:
        if name not in limits:
            self._say(f"{self._what} must have a limit of {name}: there is a maximum, {most}")
        elif not self._hold(name, "limit", limits[name], most, lambda a, b: a > b, "at most"):
            self._hold(name, "request", requests.get(name), most, lambda a, b: a > b, "at most")

    def _hold(
        self,
        name: str,
        which: str,
        amount: Quantity | None,
        bound: Quantity,
        breaks: Callable[[Quantity, Quantity], bool],
        words: str,
    ) -> bool:
        """Whether the amount breaks the bound, which is then said."""
        if amount is None or not breaks(amount, bound):
            return False
        self._say(f"the {name} {which} of {self._what} must be {words} {bound}, and is {amount}")
        return True

    def _ratio(self, name: str, ratio: Quantity, requests: Resources, limits: Resources) -> None:
        request, limit = requests.get(name), limits.get(name)
        if not request or not limit:
            lacking = "request" if not request else "limit"
            self._say(f"{self._what} must have a {name} {lacking}: the limit may be {ratio} times the request")
        elif limit.nanos * 1_000_000_000 > ratio.nanos * request.nanos:
            self._say(f"the {name} limit of {self._what} is {limit}, more than {ratio} times its request, {request}")


def _amounts(limit: Mapping[str, Any], which: str) -> list[tuple[str, Quantity]]:
    return [(name, pods.amount(value)) for name, value in (limit.get(which) or {}).items()]
