"""One compiled form for what OpenAPI, CustomResourceDefinitions and Go's types say of an object's shape.

A `Type` is a node; built-in types are shared and built lazily from `schemas/kubernetes/v1.NN.json.zz`, those of a
CustomResourceDefinition by `manifold.apiserver.crd`. Decoding, defaulting, constraints, merging and `explain` all
walk these nodes, and none of them reads OpenAPI itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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
]


@dataclass(slots=True, eq=False)
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
    # What only custom resources have; read by `manifold.apiserver.crd`.
    extra: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
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
    """Go leaves the zero value out when it writes the object."""
    # ... and how kubectl's strategic merge patch does: x-kubernetes-patch-strategy, -patch-merge-key
    patch_strategy: tuple[str, ...] = ()
    patch_merge_key: str = ""
    description: str = ""


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
