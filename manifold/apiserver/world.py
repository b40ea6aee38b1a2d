"""What the API server knows besides the object at hand: an index over the objects of a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manifold.model import Document, Key


class _Kept:
    """An object, made of its document when somebody asks for it and kept from then on."""

    __slots__ = ("_body", "_document")

    def __init__(self, body: Mapping[str, Any] | None, document: Document | None = None) -> None:
        self._body, self._document = body, document

    @property
    def body(self) -> Mapping[str, Any]:
        if self._body is None:
            assert self._document is not None
            self._body = self._document.body
        return self._body


class World:
    """A read-only index of objects (plain dicts) by key, and by (group, kind, namespace).

    Objects need not be well-formed: what is no name or namespace counts as its text. Of documents only those are opened
    that somebody asks for.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any] | Document] = ()) -> None:
        self._by_key: dict[Key, _Kept] = {}
        self._by_kind: dict[tuple[str, str], dict[str, list[_Kept]]] = defaultdict(lambda: defaultdict(list))
        for one in objects:
            if isinstance(one, Document):
                self._put(one.key(), _Kept(None, one))
                continue
            body = one
            meta = body.get("metadata")
            meta = meta if isinstance(meta, dict) else {}
            group = str(body.get("apiVersion") or "").rpartition("/")[0]
            key = Key(group, str(body.get("kind") or ""), str(meta.get("namespace") or ""), str(meta.get("name") or ""))
            self._put(key, _Kept(body))

    def _put(self, key: Key, kept: _Kept) -> None:
        self._by_key[key] = kept
        self._by_kind[key.group, key.kind][key.namespace].append(kept)

    @property
    def whole(self) -> bool:
        """Whether these can be all objects of a cluster: none is without a Namespace. Of less, nothing is missing."""
        return ("", "Namespace") in self._by_kind

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for spaces in self._by_kind.values():
            for items in spaces.values():
                yield from (kept.body for kept in items)

    def get(self, group: str, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object of that identity, or None."""
        found = self._by_key.get(Key(group, kind, namespace, name))
        return None if found is None else found.body

    def list(self, group: str, kind: str, namespace: str | None = None) -> Iterator[Mapping[str, Any]]:
        """The objects of a kind, in one namespace or (None) in all, in the order they were given."""
        spaces = self._by_kind.get((group, kind))
        if not spaces:
            return
        if namespace is not None:
            yield from (kept.body for kept in spaces.get(namespace, ()))
            return
        for items in spaces.values():
            yield from (kept.body for kept in items)
