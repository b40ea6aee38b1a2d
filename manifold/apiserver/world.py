"""What the API server knows besides the object at hand: an index over the objects of a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manifold.model import Key


class World:
    """A read-only index of objects (plain dicts) by key, and by (group, kind, namespace).

    Objects need not be well-formed: what is no name or namespace counts as its text.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any]] = ()) -> None:
        self._by_key: dict[Key, Mapping[str, Any]] = {}
        self._by_kind: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for body in objects:
            meta = body.get("metadata")
            meta = meta if isinstance(meta, dict) else {}
            group = str(body.get("apiVersion") or "").rpartition("/")[0]
            key = Key(group, str(body.get("kind") or ""), str(meta.get("namespace") or ""), str(meta.get("name") or ""))
            self._by_key[key] = body
            self._by_kind[key.group, key.kind][key.namespace].append(body)

    @property
    def whole(self) -> bool:
        """Whether these can be all objects of a cluster: none is without a Namespace. Of less, nothing is missing."""
        return ("", "Namespace") in self._by_kind

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for spaces in self._by_kind.values():
            for items in spaces.values():
                yield from items

    def get(self, group: str, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object of that identity, or None."""
        return self._by_key.get(Key(group, kind, namespace, name))

    def list(self, group: str, kind: str, namespace: str | None = None) -> Iterator[Mapping[str, Any]]:
        """The objects of a kind, in one namespace or (None) in all, in the order they were given."""
        spaces = self._by_kind.get((group, kind))
        if not spaces:
            return
        if namespace is not None:
            yield from spaces.get(namespace, ())
            return
        for items in spaces.values():
            yield from items
