"""One compiled form for what OpenAPI, CustomResourceDefinitions and Go's types say of an object's shape.

A `Type` is a node; built-in types are shared and built lazily from `schemas/kubernetes/v1.NN.json.zz`, those of a
CustomResourceDefinition by `manifold.apiserver.crd`. Decoding, defaulting, constraints, merging and `explain` all
walk these nodes, and none of them reads OpenAPI itself.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from manifold import assets
from manifold.errors import UsageError
from manifold.patterns import late

Shape = Literal[
    "object",  # fields
    "map",  # items: the type of the values; keys are free
    "list",  # items
    "string",
    "integer",  # format int32 or int64
    "number",
    "boolean",
    "quantity",
    "int-or-string",
    "time",  # metav1.Time
    "micro-time",
    "duration",  # metav1.Duration
    "bytes",  # base64
    "raw",  # runtime.RawExtension and other objects with fields of their own
    "any",  # apiextensions JSON and the like
    # JSONSchemaProps of a CustomResourceDefinition, or something simpler in their place
    "schema-or-bool",
    "schema-or-array",
    "schema-or-strings",
]


@dataclass(eq=False, slots=True)
class Type:
    """A node of the schema graph; compare by identity.

    `name` is the short Go name of a named type (`core.v1.Container`, `meta.v1.ObjectMeta`), else empty.
    """

    shape: Shape
    name: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    items: Type | None = None
    format: str = ""
    enum: frozenset[str] | None = None
    # how lists and maps merge: x-kubernetes-list-type, -list-map-keys, -map-type (server-side apply) ...
    list_type: Literal["", "atomic", "set", "map"] = ""
    map_keys: tuple[str, ...] = ()
    map_type: Literal["", "atomic", "granular"] = ""
    schema: Type | None = None
    """What an object means in a `schema-or-...`: JSONSchemaProps."""
    # What only custom resources have; read by `manifold.apiserver.crd`.
    extra: dict[str, Any] | None = None


@dataclass(eq=False, slots=True)
class Field:
    """A field of an object type."""

    name: str
    type: Type
    required: bool = False
    default: Any = None
    """The default that OpenAPI declares; None where there is none."""
    pointer: bool = False
    """Go holds a pointer: an explicit zero value is not the same as an absent one."""
    omitempty: bool = True
    """Go leaves the zero value out when it writes the object; a struct that is not omitted is written as `{}`."""
    # ... and how kubectl's strategic merge patch does: x-kubernetes-patch-strategy, -patch-merge-key
    patch_strategy: tuple[str, ...] = ()
    patch_merge_key: str = ""
    description: str = ""
    dropped: Literal["", "field", "empty"] = ""
    """The server drops the field in silence, for its feature gate is off; `empty`: and its object if nothing else is in it."""


class Reach:
    """Whether a type, or anything below it, bears a name that `wanted` accepts; types may hold themselves."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._known: dict[Type, bool] = {}

    def __call__(self, type: Type, above: frozenset[Type] = frozenset()) -> bool:
        known = self._known.get(type)
        if known is not None:
            return known
        if type in above:
            return False
        inside = above | {type}
        found = self._wanted(type.name) or (type.items is not None and self(type.items, inside))
        found = found or any(self(f.type, inside) for f in type.fields.values())
        if found or not above:  # a no found inside of a circle is no final one
            self._known[type] = found
        return found


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that a version serves."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    type: Type
    verbs: frozenset[str] = frozenset()
    custom: Any = None
    """The `manifold.apiserver.crd.Definition` that defines it, None for built-in kinds."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@cache
def versions() -> tuple[str, ...]:
    """The releases that we ship, oldest first: `("1.25", ..., "1.37")`."""
    names = [p.name[1:].removesuffix(".json.zz") for p in (assets.root("schemas") / "kubernetes").glob("v*.json.zz")]
    return tuple(sorted(names, key=lambda n: int(n.partition(".")[2])))


def newest() -> str:
    """The newest release that we ship."""
    return versions()[-1]


_RELEASE = late(r"\s*[vV]?(1\.\d{1,3})(?:\.\d+)?(?:[-+].*)?\s*", re.ASCII)


@cache
def load(version: str | None = None) -> Schema:
    """The schema of a release, `1.33` (`v1.33` and `1.33.2` are the same); the newest for None.

    A release after those that we ship is read from the installed kubernetes-validate package where that has it. Raises
    UsageError for any other, naming those that we ship.
    """
    if version is None:
        version = newest()
    found = _RELEASE.fullmatch(version)
    if found is not None and found[1] != version:
        return load(found[1])
    if version in versions():
        return Schema(_compact(version))
    if found is not None and int(version[2:]) > int(newest()[2:]):
        from manifold.apiserver import openapi

        later = openapi.newer(version, _compact(newest()))
        if later is not None:
            return Schema(later)
    raise UsageError(f"Kubernetes {version or '(empty)'} is not known: versions {versions()[0]} to {newest()} are")


def release(version: str | None = None) -> str:
    """The name of a release, which is all that some want to know of it.

    Raises UsageError as `load`.
    """
    if version is None:
        return newest()
    found = _RELEASE.fullmatch(version)
    if found is not None and found[1] in versions():
        return found[1]
    return load(version).version


def _compact(version: str) -> dict[str, Any]:
    import orjson

    file = assets.root("schemas") / "kubernetes" / f"v{version}.json.zz"
    return dict(orjson.loads(zlib.decompress(file.read_bytes())))


_SCALARS: dict[str, Type] = {
    word: Type(word)
    for word in (
        "string", "number", "boolean", "quantity", "int-or-string", "time", "micro-time", "duration", "bytes", "raw", "any",
        "schema-or-bool", "schema-or-array", "schema-or-strings",
    )
}  # fmt: skip
_SCHEMA_OR = frozenset(("schema-or-bool", "schema-or-array", "schema-or-strings"))
_PROPS = "apiextensions.v1.JSONSchemaProps"
_SCALARS["int32"] = Type("integer", format="int32")
_SCALARS["int64"] = Type("integer", format="int64")


class Schema:
    """All kinds and types of a release; types are built when they are first asked for."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.version: str = data["release"]
        major, _, minor = self.version.partition(".")
        self.release = (int(major), int(minor))
        self._raw: dict[str, Any] = data["types"]
        self._types: dict[str, Type] = {}
        self._rows: dict[tuple[str, str], list[Any]] = {}
        for row in data["kinds"]:
            self._rows[f"{row[0]}/{row[1]}" if row[0] else row[1], row[2]] = row
        self._off = {(f"{row[0]}/{row[1]}" if row[0] else row[1], row[2]) for row in data["off"]}
        self._kinds: dict[tuple[str, str], Kind] = {}
        self.deprecated: dict[tuple[str, str], tuple[str, str, str]] = {
            (d[0], d[1]): (d[2], d[3], d[4]) for d in data["deprecated"]
        }
        """Kinds served but deprecated: (since, removed in, instead), the last two empty where there is none."""

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """The kind as this release serves it by default, or None."""
        key = (api_version, kind)
        found = self._kinds.get(key)
        if found is None:
            row = self._rows.get(key)
            if row is None:
                return None
            group, version, name, plural, namespaced, type_name, verbs = row
            found = Kind(group, version, name, plural, bool(namespaced), self.type(type_name), frozenset(verbs))
            self._kinds[key] = found
        return found

    def off_by_default(self, api_version: str, kind: str) -> bool:
        """True for a kind that exists in this release and is served only when it is switched on."""
        return (api_version, kind) in self._off

    def known(self) -> set[tuple[str, str]]:
        """The (apiVersion, kind) of all kinds that exist in this release, served by default or not."""
        return self._off | set(self._rows)

    def kinds(self) -> Iterator[Kind]:
        """All kinds served by default, by group, version and kind."""
        for api_version, kind in sorted(self._rows):
            found = self.kind(api_version, kind)
            assert found is not None
            yield found

    def type(self, name: str) -> Type:
        """The named type, `core.v1.Container`.

        Raises KeyError for a name that this release does not have.
        """
        found = self._types.get(name)
        if found is None:
            raw = self._raw[name]
            found = self._types[name] = Type("object", name, map_type=raw.get("m", ""))
            # In place: types refer to one another, and an atomic twin shares the fields.
            found.fields.update({key: self._field(key, value) for key, value in raw["f"].items()})
        return found

    def type_names(self) -> list[str]:
        """The names of all named types."""
        return list(self._raw)

    def _reference(self, raw: Any) -> Type:
        if isinstance(raw, str):
            if raw[0] == "@":
                return self.type(raw[1:])
            found = _SCALARS[raw]
            return Type(found.shape, schema=self.type(_PROPS)) if raw in _SCHEMA_OR else found
        if isinstance(raw, list):
            return Type("list", items=self._reference(raw[0]))
        return Type("map", items=self._reference(raw[""]))

    def _field(self, name: str, raw: Any) -> Field:
        if not isinstance(raw, dict) or "t" not in raw:
            return Field(name, self._reference(raw))
        target = self._reference(raw["t"])
        if target.shape == "list":
            target.list_type = raw.get("l", "")
            target.map_keys = tuple(raw.get("k", ()))
        elif target.shape == "map":
            target.map_type = raw.get("m", "")
        elif "e" in raw:
            target = Type(target.shape, format=target.format, enum=frozenset(raw["e"]))
        elif raw.get("m") not in (None, target.map_type) and target.shape == "object":
            target = Type("object", target.name, target.fields, map_type=raw["m"])
        return Field(
            name,
            target,
            required="r" in raw,
            default=raw.get("d"),
            pointer="p" in raw,
            omitempty="w" not in raw,
            patch_strategy=tuple(raw.get("ps", ())),
            patch_merge_key=raw.get("pk", ""),
            dropped=raw.get("x", ""),
        )
