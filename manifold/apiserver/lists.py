"""Lists as kubectl takes them before it sends their items one by one.

A list needs a kind of its own that the server serves: `List` in any served group and version, `PodList` beside `Pod`, or
the kind itself (whose items it then swallows). The server knows nothing of lists, so kubectl holds them against the
schema by itself, in which null has no place in a map or in a list. Source: kubectl 1.37's discovery REST mapper and
client-side validation (kube-openapi's pkg/util/proto/validation), confirmed by asking it.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver import lifecycle
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Type
from manifold.apiserver.server import Server
from manifold.model import MapKey, Path

_TOP = ("apiVersion", "kind", "metadata", "items")
_META = ("continue", "remainingItemCount", "resourceVersion", "selfLink")


def check(body: dict[str, Any], server: Server) -> Faults:
    """What is wrong with a list, besides what the server says to its items one by one."""
    faults = Faults()
    api_version, kind = str(body["apiVersion"]), str(body["kind"])
    items = body["items"] if isinstance(body["items"], list) else []
    if (api_version, kind) == ("v1", "List"):
        for i, item in enumerate(items):
            known = server.kind(str(item.get("apiVersion")), str(item.get("kind"))) if isinstance(item, dict) else None
            if known is not None:
                _nulls(item, known.type, ("items", i), faults)
        return faults
    of = server.kind(api_version, kind.removesuffix("List")) if kind.endswith("List") else None
    if of is not None:
        _typed(body, items, of.type, faults)
    elif server.kind(api_version, kind) is None and not (kind == "List" and _served(api_version, server)):
        lifecycle.not_served(server.schema, api_version, kind, faults)
    return faults


def _typed(body: dict[str, Any], items: list[Any], type: Type, faults: Faults) -> None:
    kind = str(body["kind"])
    meta = body.get("metadata")
    unknown: list[Path] = [(name,) for name in body if name not in _TOP]
    unknown += [("metadata", name) for name in meta if name not in _META] if isinstance(meta, dict) else []
    for i, item in enumerate(items):
        if isinstance(item, dict):
            unknown += [("items", i, name) for name in item if type.shape == "object" and name not in type.fields]
            _nulls(item, type, ("items", i), faults)
    for path in unknown:
        faults.add(
            reasons.UNKNOWN_FIELD,
            path,
            f"there is no field `{path[-1]}` in {'an item of ' if len(path) > 2 else ''}a {kind}",
        )


def _nulls(value: Any, type: Type, path: Path, faults: Faults) -> None:
    if isinstance(value, dict) and type.shape == "object":
        for name, inner in value.items():
            if name in type.fields:
                _nulls(inner, type.fields[name].type, (*path, name), faults)
    elif type.items is not None:
        entries: Any = ()
        if isinstance(value, dict):
            entries = ((MapKey(k), v) for k, v in value.items())
        elif isinstance(value, list):
            entries = enumerate(value)
        for part, inner in entries:
            if inner is None:
                faults.add(reasons.TYPE, (*path, part), "null, which kubectl refuses here within a list of objects")
            else:
                _nulls(inner, type.items, (*path, part), faults)


def _served(api_version: str, server: Server) -> bool:
    return any(kind.api_version == api_version for kind in server.schema.kinds())
