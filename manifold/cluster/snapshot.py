"""A snapshot: live state in one file, a `kind: List`, that stands for the cluster wherever one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from manifold.cluster.client import Cluster, Resource

MASK = "<masked>"
# What changes all the time, or only tells of what else is there.
LEFT_OUT = {("", "Event"), ("events.k8s.io", "Event"), ("", "ComponentStatus"), ("coordination.k8s.io", "Lease")}


def mask(body: dict[str, Any]) -> dict[str, Any]:
    """A Secret without its values; any other object as it is."""
    if body.get("kind") != "Secret" or body.get("apiVersion") != "v1":
        return body
    out = dict(body)
    for field in ("data", "stringData"):
        if isinstance(out.get(field), dict):
            out[field] = dict.fromkeys(out[field], MASK)
    annotations = (out.get("metadata") or {}).get("annotations") or {}
    last = "kubectl.kubernetes.io/last-applied-configuration"
    if last in annotations:  # it holds the whole Secret once more
        out["metadata"] = {**out["metadata"], "annotations": {**annotations, last: MASK}}
    return out


def kinds(cluster: Cluster) -> list[Resource]:
    """What a snapshot holds: each kind that can be listed, once, in its preferred version."""
    chosen: dict[tuple[str, str], Resource] = {}
    for resource in cluster.resources().values():
        if "list" in resource.verbs and (resource.group, resource.kind) not in LEFT_OUT:
            chosen.setdefault((resource.group, resource.kind), resource)
    return list(chosen.values())


def take(
    cluster: Cluster, namespaces: Iterable[str] = (), *, secrets: bool = False, only: Iterable[str] = ()
) -> Iterator[dict[str, Any]]:
    """The cluster's objects: all, or of some namespaces (cluster-scoped ones always), or of some kinds."""
    spaces, wanted = list(namespaces), {k.lower() for k in only}
    for resource in kinds(cluster):
        if wanted and resource.kind.lower() not in wanted and resource.plural not in wanted:
            continue
        for space in spaces if spaces and resource.namespaced else [""]:
            for body in cluster.list(resource, space):
                yield body if secrets else mask(body)
