"""What objects may know of one another: all that a rule over one object is shown of the rest.

It is less than the whole, so that most changes to one object leave what is said of the others as it is: the values of a
ConfigMap or a Secret matter to nobody else, nor does what runs in a container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from manifold.k8s import pods
from manifold.model import Glance

Body = Mapping[str, Any]

CONTAINER = ("name", "ports", "resources", "restartPolicy")
"""The fields of a container that others see: who is reached at a port, and what quotas count."""
VALUES = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
"""The maps of which others see the keys alone."""
NO_PODS = Glance(False, {})


def glance(body: Body) -> Glance:
    """What is asked most; a workload without a template has an empty one, as the API types read it."""
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    if (group, body.get("kind")) not in pods.held():
        return NO_PODS
    found = pods.template(body, pods.held())
    if found is None:
        if pods.custom(str(body.get("apiVersion")), str(body.get("kind"))):
            return NO_PODS
        return Glance(isinstance(body.get("spec"), Mapping), {})
    inner, _ = found
    meta = inner.get("metadata")
    labels = meta.get("labels") if isinstance(meta, Mapping) else None
    spec = inner.get("spec")
    custom = pods.custom(str(body.get("apiVersion")), str(body.get("kind")))
    return Glance(
        isinstance(spec, Mapping) or (isinstance(body.get("spec"), Mapping) and not custom),
        {} if labels is None else labels if isinstance(labels, dict) else None,
        tuple(_port_names(spec)) if isinstance(spec, Mapping) else (),
    )


def _port_names(pod_spec: Body) -> Iterator[str]:
    for part in ("initContainers", "containers"):
        there = pod_spec.get(part)
        for container in there if isinstance(there, list) else ():
            ports = container.get("ports") if isinstance(container, Mapping) else None
            for port in ports if isinstance(ports, list) else ():
                if isinstance(port, Mapping) and isinstance(port.get("name"), str):
                    yield port["name"]


def reduces(api_version: str, kind: str) -> bool:
    """Whether others see less than the whole of an object of this kind."""
    return (kind in VALUES and api_version == "v1") or (api_version.rpartition("/")[0], kind) in pods.TEMPLATES


def visible(body: dict[str, Any]) -> dict[str, Any]:
    """An object without what is nobody else's business; `body` itself where that is nothing."""
    kind = body.get("kind")
    if kind in VALUES and body.get("apiVersion") == "v1":
        parts = {p: dict.fromkeys(body[p], "") for p in VALUES[kind] if isinstance(body.get(p), dict)}
        return {**body, **parts}
    path = pods.held().get((str(body.get("apiVersion") or "").rpartition("/")[0], str(kind or "")))
    return body if path is None else _reduced(body, (*path, "spec"))


def _reduced(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    if not path:
        lists = {p: value[p] for p in pods.CONTAINER_LISTS if isinstance(value.get(p), list)}
        return {**value, **{p: [_container(c) for c in there] for p, there in lists.items()}}
    inner = value.get(path[0])
    return {**value, path[0]: _reduced(inner, path[1:])} if isinstance(inner, dict) else value


def _container(container: Any) -> Any:
    return {f: container[f] for f in CONTAINER if f in container} if isinstance(container, dict) else container


MARK = 16  # bytes: that two of a million objects had the same by chance is one in 10^26


def mark(body: dict[str, Any]) -> bytes:
    """A digest of what others see of an object, which JSON must be able to hold; the order of its fields counts."""
    from orjson import dumps

    return mark_of(dumps(visible(body)))


def mark_of(json: bytes) -> bytes:
    """The digest of an object of which others see the whole, as JSON."""
    return blake2b(json, digest_size=MARK).digest()
