"""What Pods are made of: where each kind keeps its Pod template, what a Pod asks for, its QoS class.

Follows k8s.io/component-helpers v0.37.2 resource/helpers.go and kubernetes v1.37.2 pkg/apis/core/helper/qos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from manifold import assets
from manifold.k8s.quantity import Quantity, parse
from manifold.model import Path

Body = Mapping[str, Any]
Resources = dict[str, Quantity]
QoS = Literal["Guaranteed", "Burstable", "BestEffort"]

# (group, kind) -> where the Pod template is; for a Pod, the object itself plays its part.
TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("extensions", "DaemonSet"): ("spec", "template"),
    ("extensions", "Deployment"): ("spec", "template"),
    ("extensions", "ReplicaSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
"""The lists of containers in the order in which the API server visits them."""


Paths = Mapping[tuple[str, str], tuple[str, ...]]


@cache
def held() -> Paths:
    """As TEMPLATES, and for custom resources that hold a Pod template: `rules/pod-kinds.yaml`."""
    lines = assets.table("rules", "pod-kinds.yaml")["kinds"]
    return {**TEMPLATES, **{(line["group"], line["kind"]): tuple(line["at"].split(".")) for line in lines}}


@cache
def holders() -> frozenset[str]:
    """The names of all kinds of `held`, some of which other groups have as well."""
    return frozenset(kind for _, kind in held())


def custom(api_version: str, kind: str) -> bool:
    """Whether a kind is a custom one that holds a Pod template."""
    sort = api_version.rpartition("/")[0], kind
    return kind in holders() and sort in held() and sort not in TEMPLATES


def template(body: Body, paths: Paths = TEMPLATES) -> tuple[Body, Path] | None:
    """The Pod template of an object (a Pod is its own) and its path, or None where the kind or the object has none."""
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    path = paths.get((group, str(body.get("kind") or "")))
    if path is None:
        return None
    found: Any = body
    for part in path:
        found = found.get(part)
        if not isinstance(found, Mapping):
            return None
    return found, path


def spec(body: Body, paths: Paths = TEMPLATES) -> tuple[Body, Path] | None:
    """The Pod spec within an object and its path, or None."""
    found = template(body, paths)
    if found is None:
        return None
    inner = found[0].get("spec")
    return (inner, (*found[1], "spec")) if isinstance(inner, Mapping) else None


def containers(pod_spec: Body, path: Path = ()) -> Iterator[tuple[Body, Path]]:
    """All containers of a Pod spec with their paths: init containers, containers, ephemeral containers."""
    for field in CONTAINER_LISTS:
        for i, container in enumerate(pod_spec.get(field) or ()):
            if isinstance(container, Mapping):
                yield container, (*path, field, i)


def is_sidecar(container: Body) -> bool:
    """True for an init container that keeps running: `restartPolicy: Always`."""
    return container.get("restartPolicy") == "Always"


def amount(value: Any) -> Quantity:
    """The quantity that a JSON value (text or number) writes.

    Raises ValueError for what is no quantity.
    """
    return parse(value if value.__class__ is str else str(value))


def amounts(resources: Body | None, which: Literal["requests", "limits"]) -> Resources:
    """`requests` or `limits` of a `resources` field as quantities."""
    found = (resources or {}).get(which)
    return {name: amount(value) for name, value in found.items()} if found else {}


def pod_level(name: str) -> bool:
    """Whether a resource may be asked for by the Pod as a whole."""
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _add(total: Resources, more: Resources) -> None:
    for name, quantity in more.items():
        known = total.get(name)
        total[name] = quantity if known is None else known + quantity


def _most(total: Resources, other: Resources) -> None:
    for name, quantity in other.items():
        known = total.get(name)
        if known is None or quantity > known:
            total[name] = quantity


def _aggregate(pod_spec: Body, which: Literal["requests", "limits"]) -> Resources:
    total: Resources = {}
    for container in pod_spec.get("containers") or ():
        _add(total, amounts(container.get("resources"), which))
    running: Resources = {}
    peak: Resources = {}
    for container in pod_spec.get("initContainers") or ():
        own = amounts(container.get("resources"), which)
        if is_sidecar(container):
            _add(total, own)
            _add(running, own)
            _most(peak, running)
        else:
            _add(own, running)
            _most(peak, own)
    _most(total, peak)
    return total


def container_requests(pod_spec: Body) -> Resources:
    """What the containers ask for together at the Pod's hungriest moment, init containers and sidecars included."""
    return _aggregate(pod_spec, "requests")


def container_limits(pod_spec: Body) -> Resources:
    """What the containers may use together at the Pod's hungriest moment."""
    return _aggregate(pod_spec, "limits")


def requests(pod_spec: Body) -> Resources:
    """What the scheduler counts for a Pod: its containers, its own `resources`, and its overhead."""
    total = container_requests(pod_spec)
    for name, quantity in amounts(pod_spec.get("resources"), "requests").items():
        if pod_level(name):
            total[name] = quantity
    _add(total, {name: amount(value) for name, value in (pod_spec.get("overhead") or {}).items()})
    return total


def limits(pod_spec: Body) -> Resources:
    """What a Pod may use, its overhead included where there is a limit."""
    total = container_limits(pod_spec)
    for name, quantity in amounts(pod_spec.get("resources"), "limits").items():
        if pod_level(name):
            total[name] = quantity
    for name, value in (pod_spec.get("overhead") or {}).items():
        if total.get(name):
            total[name] = total[name] + amount(value)
    return total


APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""What the annotations begin with that once were the AppArmor profiles of containers."""


def apparmor_profile(annotation: str) -> dict[str, str] | None:
    """The profile that the value of an AppArmor annotation means, or None."""
    if annotation == "unconfined":
        return {"type": "Unconfined"}
    if annotation == "runtime/default":
        return {"type": "RuntimeDefault"}
    name = annotation.removeprefix("localhost/")
    if name != annotation and name.strip() == name and name:
        return {"type": "Localhost", "localhostProfile": name}
    return None


def _class_of(resources: Body) -> QoS:
    asked, limited = resources.get("requests") or {}, resources.get("limits") or {}
    if not asked and not limited:
        return "BestEffort"
    found: QoS | None = None
    for name in ("cpu", "memory"):
        request, limit = amount(asked.get(name, "0")), amount(limited.get(name, "0"))
        if request != limit:
            return "Burstable"
        this: QoS = "Guaranteed" if request else "BestEffort"
        if found is not None and found != this:
            return "Burstable"
        found = this
    return found or "BestEffort"


def defaulted(pod_spec: Body) -> Body:
    """A Pod spec in which containers request what they are limited to where they do not say, as API defaulting has it."""
    out = dict(pod_spec)
    for part in ("initContainers", "containers"):
        if isinstance(pod_spec.get(part), list):
            out[part] = [_requesting(c) for c in pod_spec[part] if isinstance(c, Mapping)]
    return out


def _requesting(container: Body) -> Body:
    resources = container.get("resources")
    if not isinstance(resources, Mapping) or not resources.get("limits"):
        return container
    requests = {**resources["limits"], **(resources.get("requests") or {})}
    return {**container, "resources": {**resources, "requests": requests}}


def qos_class(pod_spec: Body) -> QoS:
    """The QoS class that the API server gives a Pod with this (defaulted) spec."""
    whole = pod_spec.get("resources")
    if whole and any(pod_level(n) for which in ("requests", "limits") for n in whole.get(which) or ()):
        return _class_of(whole)
    found: QoS | None = None
    for field in ("initContainers", "containers"):
        for container in pod_spec.get(field) or ():
            this = _class_of(container.get("resources") or {})
            if this == "Burstable" or (found is not None and this != found):
                return "Burstable"
            found = this
    return found or "BestEffort"
