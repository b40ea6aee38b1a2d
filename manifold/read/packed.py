"""Documents for runs over many: each keeps its value as JSON, a tenth of the room that dicts take, and opens it when asked.

Opened just before it is looked at, an object is also nearer to the processor than one that was read long ago: measured
over 9,000 objects, the checks gain more by that than the opening costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orjson import JSONEncodeError, dumps, loads

from manifold.k8s import others
from manifold.model import Document, Glance, Key, Path, Span


class Packed(Document):
    """A document that keeps its value as JSON: `body` is a fresh dict at each look, so keep it while it is needed."""

    # What runs ask of each document several times are slots in the place of properties: they cost a tenth.
    __slots__ = ("_json", "_key", "api_version", "glance", "kind")
    _json: bytes
    _key: Key
    api_version: str
    glance: Glance
    kind: str

    def __init__(
        self,
        source: str,
        index: int,
        json: bytes,
        api_version: str,
        kind: str,
        key: Key,
        glance: Glance,
        locate: Callable[[Path], Span],
        named: bool,
    ) -> None:
        fix = object.__setattr__  # the noun is frozen
        fix(self, "source", source)
        fix(self, "index", index)
        fix(self, "locate", locate)
        fix(self, "named", named)
        fix(self, "_json", json)
        fix(self, "api_version", api_version)
        fix(self, "kind", kind)
        fix(self, "_key", key)
        fix(self, "glance", glance)

    def state(self) -> tuple[int, bytes, str, str, tuple[str, ...], tuple[Any, ...]]:
        """What it is made of, but for its source and its place: index, JSON, apiVersion, kind, key, glance."""
        return self.index, self._json, self.api_version, self.kind, tuple(self._key), tuple(self.glance)

    def mark(self, body: dict[str, Any]) -> bytes:
        """A digest of what others see of it; `body` is its value, which is at hand where it was read just now."""
        return others.mark(body, self._json)

    def __reduce__(self) -> Any:
        kept = (self._json, self.api_version, self.kind, self._key, self.glance)
        return Packed, (self.source, self.index, *kept, self.locate, self.named)

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = loads(self._json)
        return found

    def key(self, default_namespace: str = "") -> Key:
        found = self._key
        return found if found.namespace or not default_namespace else found._replace(namespace=default_namespace)

    def opened(self) -> Document:
        return Opened(self)

    def mentions(self, word: str) -> bool:
        return word.encode() in self._json


class Opened(Document):
    """A document for several looks at it: its value is made once, when it is first asked for; all else is as it is kept."""

    __slots__ = ("_kept", "_value")
    _kept: Document
    _value: dict[str, Any] | None

    def __init__(self, kept: Document) -> None:
        fix = object.__setattr__  # the noun is frozen
        fix(self, "_kept", kept)
        fix(self, "_value", None)

    @property
    def source(self) -> str:
        return self._kept.source

    @property
    def index(self) -> int:
        return self._kept.index

    @property
    def named(self) -> bool:
        return self._kept.named

    @property
    def locate(self) -> Callable[[Path], Span]:
        return self._kept.locate

    @property
    def body(self) -> dict[str, Any]:
        found = self._value
        if found is None:
            found = self._kept.body
            object.__setattr__(self, "_value", found)
        return found

    @property
    def api_version(self) -> str:
        return self._kept.api_version

    @property
    def kind(self) -> str:
        return self._kept.kind

    def key(self, default_namespace: str = "") -> Key:
        return self._kept.key(default_namespace)

    @property
    def glance(self) -> Glance | None:
        return self._kept.glance

    def mentions(self, word: str) -> bool:
        return self._kept.mentions(word)


def pack(
    source: str,
    index: int,
    body: dict[str, Any],
    locate: Callable[[Path], Span],
    named: bool,
    json: bytes | None = None,
) -> Document | Packed:
    """A document that takes little room; a plain one where JSON cannot hold its value, or not all of it."""
    if json is None:
        try:
            json = dumps(body)
        except JSONEncodeError:
            return Document(source, index, body, locate, named)
        if loads(json) != body:  # numbers of more than 64 bits
            return Document(source, index, body, locate, named)
    api_version, kind = body.get("apiVersion"), body.get("kind")
    api_version = api_version if isinstance(api_version, str) else ""
    kind = kind if isinstance(kind, str) else ""
    # A copy, for orjson's own has the room in which it was made, of 4 KiB often.
    json = bytes(memoryview(json))
    key = Key.of(api_version, kind, body.get("metadata"))
    return Packed(source, index, json, api_version, kind, key, others.glance(body), locate, named)
