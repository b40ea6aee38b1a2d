"""Objects whose fields have the wrong types, made fit to be looked at: checks take shapes for granted, the server does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manifold.apiserver.decode import decode
from manifold.apiserver.faults import TYPE, Faults
from manifold.apiserver.server import Server
from manifold.model import Document

MISSHAPEN = (AttributeError, TypeError, KeyError, ValueError, IndexError)
"""What a check may raise over an object that is not of its kind's shape."""


def straight(documents: Sequence[Document], server: Server) -> list[Document]:
    """The documents, each as it is or, where the server finds wrong types, as it decodes it: without those fields."""
    return [_straight(d, server) for d in documents]


def _straight(document: Document, server: Server) -> Document:
    kind = server.kind(document.api_version, document.kind)
    body = document.body
    if kind is None:
        return document if _plain(body) else document.with_body(_head(body))
    faults = Faults()
    decoded = kind.custom.decode(body, faults) if kind.custom is not None else decode(body, kind, faults)
    if not any(f.reason == TYPE for f in faults) and _plain(body) and not _holes(body):
        return document
    return document.with_body({**_head(body), **decoded} if _plain(decoded) else _head(body))


def _plain(body: dict[str, Any]) -> bool:
    meta = body.get("metadata", {})
    if not isinstance(meta, dict) or not isinstance(body.get("spec", {}), dict):
        return False
    return all(isinstance(meta.get(name) or {}, dict) for name in ("labels", "annotations"))


def _holes(value: Any) -> bool:
    """Whether a list holds a null, which the server reads as an empty item."""
    if isinstance(value, dict):
        return any(map(_holes, value.values()))
    return isinstance(value, list) and any(v is None or _holes(v) for v in value)


def _head(body: dict[str, Any]) -> dict[str, Any]:
    """What is left of an object of which nothing else can be told: its kind and its name."""
    meta = body.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    head: dict[str, Any] = {key: body[key] for key in ("apiVersion", "kind") if key in body}
    return {**head, "metadata": {"name": name} if isinstance(name, str) else {}}
