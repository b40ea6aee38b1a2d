"""What objects may know of one another: all that a rule over one object is shown of the rest.

It is less than the whole, so that most changes to one object leave what is said of the others as it is: the values of a
ConfigMap or a Secret matter to nobody else, nor does what runs in a container.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.k8s import pods
from manifold.model import Glance

Body = Mapping[str, Any]

CONTAINER = ("name", "ports", "resources", "restartPolicy")
"""The fields of a container that others see: who is reached at a port, and what quotas count."""
VALUES = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
"""The maps of which others see the keys alone."""
NO_PODS = Glance(False, {})
DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")


def glance(body: Body) -> Glance:
    """What is asked most; a workload without a template has an empty one, as the API types read it."""
    sort = str(body.get("apiVersion") or "").rpartition("/")[0], str(body.get("kind") or "")
    if sort == DEFINITION:
        return Glance(False, {}, (), defined(body))
    if sort not in pods.held():
        return NO_PODS
    implied = sort in pods.TEMPLATES and isinstance(body.get("spec"), Mapping)
    found = pods.template(body, pods.held())
    if found is None:
        return Glance(implied, {})
    inner, _ = found
    meta, spec = inner.get("metadata"), inner.get("spec")
    labels = meta.get("labels") if isinstance(meta, dict) else None
    there = isinstance(spec, dict)
    return Glance(
        there or implied,
        {} if labels is None else labels if isinstance(labels, dict) else None,
        tuple(_port_names(spec)) if there else (),
    )


def defined(body: Body) -> tuple[str, str]:
    """The group and the kind that a CustomResourceDefinition defines; empty where it does not say."""
    spec = body.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    names = spec.get("names")
    kind = names.get("kind") if isinstance(names, Mapping) else None
    return str(spec.get("group") or ""), str(kind or "")


def _port_names(pod_spec: Any) -> list[str]:
    found = []
    for part in ("initContainers", "containers"):
        there = pod_spec.get(part)
        for container in there if isinstance(there, list) else ():
            ports = container.get("ports") if isinstance(container, dict) else None
            for port in ports if isinstance(ports, list) else ():
                if isinstance(port, dict) and isinstance(port.get("name"), str):
                    found.append(port["name"])
    return found


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


def mark(body: dict[str, Any], json: bytes) -> bytes:
    """A digest of what others see of an object, given as JSON as well; the order of its fields counts."""
    from hashlib import blake2b  # which brings OpenSSL, and only a cache asks

    seen = visible(body)
    if seen is not body:
        from orjson import dumps

        json = dumps(seen)
    return blake2b(json, digest_size=MARK).digest()
