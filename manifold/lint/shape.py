"""Objects whose fields have the wrong types, made fit to be looked at: checks take shapes for granted, the server does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from manifold.apiserver.decode import decode, decoder, flatten
from manifold.apiserver.faults import TYPE, Faults
from manifold.apiserver.schema import Kind, load
from manifold.apiserver.server import Server
from manifold.k8s import pods
from manifold.model import Document, describe


def straight(documents: Sequence[Document], server: Server) -> list[Document]:
    """The documents, each as it is or, where it has wrong types, as the server decodes it: without those fields.

    A kind that the server does not know is read as the one of the same name that it knows.
    """
    return [_straight(d, server) for d in documents]


def _straight(document: Document, server: Server) -> Document:
    kind = server.kind(document.api_version, document.kind)
    body = document.body
    if kind is not None and kind.custom is not None:
        body = _read(body, kind.custom.decode)
        kind = None
    kind = kind or _stand_in(document, server)
    reader = (lambda b, faults: decode(b, kind, faults)) if kind is not None else _metadata_read
    if pods.custom(document.api_version, document.kind):
        body = _read(body, partial(_holder_read, reader))
    else:
        body = _read(body, reader)
    return document if body is document.body else document.with_body(body)


Reader = Callable[[dict[str, Any], Faults], dict[str, Any]]


def _read(body: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """The object itself, or where a reader finds wrong types in it, what it reads."""
    faults = Faults()
    decoded = reader(body, faults)
    if not any(f.reason == TYPE for f in faults) and _plain(body) and not _holes(body):
        return body
    return {**_head(body), **decoded} if _plain(decoded) else _head(body)


def _stand_in(document: Document, server: Server) -> Kind | None:
    """The kind whose shape rules expect of an object that no built-in kind describes: rules go by the name of a kind.

    That of the same group if there is one, then the most mature version, in the order of the API server's discovery
    (v1, v1beta1, v1alpha1).
    """
    named = [k for k in server.schema.kinds() if k.kind == document.kind]
    group = document.api_version.rpartition("/")[0]
    return max(named, key=lambda k: (k.group == group, _maturity(k.version)), default=None)


def _maturity(version: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if found is None:
        return (-1, 0, 0)
    major, stage, minor = found.groups()
    return (("alpha", "beta", None).index(stage), int(major), int(minor or 0))


def _metadata_read(body: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """An object of which its metadata alone is known."""
    if not isinstance(body.get("metadata"), dict):
        return dict(body)
    decoded = decoder(load().type("meta.v1.ObjectMeta"))(body["metadata"], ((), "metadata"), faults)
    return {**body, "metadata": decoded}


def _holder_read(rest: Reader, body: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """An object of which the Pod template is known; the rest of it is read by another, which may know no template there."""
    path = pods.held()[(str(body["apiVersion"]).rpartition("/")[0], str(body["kind"]))]
    read = _template_read(body, path, (), faults)
    return _grafted(rest(read, faults), read, path)


def _grafted(value: dict[str, Any], other: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """A value with what another has at a path."""
    name, rest = path[0], path[1:]
    if name not in other:
        return value
    inner = _grafted(value.get(name) or {}, other[name], rest) if rest else other[name]
    return {**value, name: inner}


def _template_read(value: dict[str, Any], path: Sequence[str], trail: Any, faults: Faults) -> dict[str, Any]:
    """A value with the Pod template at a path in it decoded; without what stands on the way there and is no object."""
    if not path:
        read: dict[str, Any] = decoder(load().type("core.v1.PodTemplateSpec"))(value, trail, faults)
        return read
    name, rest = path[0], path[1:]
    if name not in value:
        return value
    here, inner = (trail, name), value[name]
    if isinstance(inner, dict):
        return {**value, name: _template_read(inner, rest, here, faults)}
    if inner is not None:
        faults.add(TYPE, flatten(here), f"must be an object, not {describe(inner)}")
    return {k: v for k, v in value.items() if k != name}


def _plain(body: dict[str, Any]) -> bool:
    meta = body.get("metadata", {})
    if not isinstance(meta, dict) or not isinstance(body.get("spec", {}), dict):
        return False
    return all(isinstance(meta.get(name) or {}, dict) for name in ("labels", "annotations"))


def _holes(value: Any) -> bool:
    """Whether there is a null, which the server reads as an empty item, or an amount of zero, or nothing."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(v is None or _holes(v) for v in inner)


def _head(body: dict[str, Any]) -> dict[str, Any]:
    """What is left of an object of which nothing else can be told: its kind and its name."""
    meta = body.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    head: dict[str, Any] = {key: body[key] for key in ("apiVersion", "kind") if key in body}
    return {**head, "metadata": {"name": name} if isinstance(name, str) else {}}
