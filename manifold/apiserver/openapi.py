"""OpenAPI in the compact form of `schemas/kubernetes/v1.NN.json.zz`, which `manifold.apiserver.schema` reads.

`scripts/build_schemas.py` makes the shipped files with this; a release newer than those is read at run time from the
JSON schemas in the installed kubernetes-validate package.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from manifold import assets
from manifold.apiserver import features

Compact = dict[str, Any]

# OpenAPI definitions that are one value on the wire.
SHAPES = {
    "meta.v1.Time": "time",
    "meta.v1.MicroTime": "micro-time",
    "meta.v1.Duration": "duration",
    "meta.v1.FieldsV1": "any",
    "api.resource.Quantity": "quantity",
    "util.intstr.IntOrString": "int-or-string",
    "pkg.runtime.RawExtension": "raw",
    "apiextensions.v1.JSON": "any",
    "apiextensions.v1.JSONSchemaPropsOrBool": "schema-or-bool",
    "apiextensions.v1.JSONSchemaPropsOrArray": "schema-or-array",
    "apiextensions.v1.JSONSchemaPropsOrStringArray": "schema-or-strings",
}
# Structs of Go that have no field, where other definitions without properties are of any form.
EMPTY = frozenset(("apiextensions.v1.CustomResourceSubresourceStatus",))
# Beta versions that were served without being asked for (betas of 1.24 and later are off by default:
# https://kubernetes.io/docs/reference/using-api/#api-versioning), by the last release that served them.
BETAS = {
    "autoscaling/v2beta2": 25,
    "flowcontrol.apiserver.k8s.io/v1beta1": 25,
    "flowcontrol.apiserver.k8s.io/v1beta2": 28,
    "flowcontrol.apiserver.k8s.io/v1beta3": 31,
    "storage.k8s.io/v1beta1": 26,
}
# Kinds that only stand in bodies: options, lists of options, answers.
NOT_RESOURCES = re.compile(
    r"^(DeleteOptions|WatchEvent|APIGroup|APIGroupList|APIResourceList|APIVersions|Status|Scale|Eviction|TokenRequest)$"
)


def short(name: str) -> str:
    """`io.k8s.api.core.v1.Pod` -> `core.v1.Pod`: package, version and name."""
    return ".".join(name.split(".")[-3:])


def bundled(release: str) -> dict[str, Any] | None:
    """All definitions of a release in the installed kubernetes-validate package; None when it does not have it."""
    import orjson

    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(
        spec.submodule_search_locations[0], "kubernetes-json-schema", f"v{release}.0-local", "_definitions.json"
    )
    return dict(orjson.loads(file.read_bytes())["$defs"]) if file.exists() else None


class Compactor:
    """Turns definitions into the compact form that `manifold.apiserver.schema` reads."""

    def __init__(
        self, definitions: dict[str, Any], go: dict[str, Any], richer: dict[str, Any], drops: dict[tuple[str, str], str]
    ) -> None:
        self.definitions = {short(k): v for k, v in definitions.items()}
        self.richer = {short(k): v for k, v in richer.items()}
        self.go = go
        self.drops = drops

    def reference(self, schema: dict[str, Any]) -> str | None:
        for part in (schema, *schema.get("allOf", ())):
            if "$ref" in part:
                return short(str(part["$ref"]).rpartition("/")[2])
        return None

    def type(self, schema: dict[str, Any]) -> Any:
        """A type reference: a word, `@name`, `[item]` as a list of one, or `{"": item}` for a map."""
        name = self.reference(schema)
        if name is not None:
            if name in SHAPES:
                return SHAPES[name]
            target = self.definitions.get(name, {})
            if "properties" not in target and name not in EMPTY:  # a named map or string: meta.v1.Patch and the like
                return self.type(target) if target.get("type") and target["type"] != "object" else "any"
            return f"@{name}"
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), None)
        if kind == "array":
            return [self.type(schema.get("items", {}))]
        if kind == "object" or "additionalProperties" in schema:
            inner = schema.get("additionalProperties")
            return {"": self.type(inner)} if isinstance(inner, dict) else "any"
        if kind == "string":
            return "bytes" if schema.get("format") == "byte" else "string"
        if kind == "integer":
            return "int64" if schema.get("format") == "int64" else "int32"
        if schema.get("format") == "int-or-string":
            return "int-or-string"
        return {"number": "number", "boolean": "boolean"}.get(str(kind), "any")

    def field(self, owner: str, name: str, schema: dict[str, Any], required: bool) -> Any:
        go = self.go.get(owner, {}).get(name, {})
        rich = self.richer.get(owner, {}).get("properties", {}).get(name, {})
        out: dict[str, Any] = {"t": self.type(schema)}
        if required:
            out["r"] = 1
        if go.get("pointer"):
            out["p"] = 1
        # A struct is written even with omitempty; omitzero leaves it out.
        if (not go.get("omitempty") and not go.get("omitzero") and go) or (
            go.get("kind") == "struct" and not go.get("omitzero")
        ):
            out["w"] = 1
        default = schema.get("default", rich.get("default"))
        if default is not None:
            out["d"] = default
        enum = schema.get("enum") or rich.get("enum")
        if enum:
            out["e"] = [e for e in enum if e is not None]
        for key, word in (
            ("x-kubernetes-list-type", "l"),
            ("x-kubernetes-list-map-keys", "k"),
            ("x-kubernetes-map-type", "m"),
        ):
            value = schema.get(key, rich.get(key))
            if value is not None:
                out[word] = value
        strategy = schema.get("x-kubernetes-patch-strategy", rich.get("x-kubernetes-patch-strategy"))
        if strategy:
            out["ps"] = strategy.split(",")
        merge = schema.get("x-kubernetes-patch-merge-key", rich.get("x-kubernetes-patch-merge-key"))
        if merge:
            out["pk"] = merge
        if (owner, name) in self.drops:
            out["x"] = self.drops[owner, name]
        return out["t"] if list(out) == ["t"] else out

    def types(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, schema in sorted(self.definitions.items()):
            if ("properties" not in schema and name not in EMPTY) or name in SHAPES:
                continue
            required = set(schema.get("required", ()))
            fields = {f: self.field(name, f, s, f in required) for f, s in sorted(schema.get("properties", {}).items())}
            entry: dict[str, Any] = {"f": fields}
            map_type = schema.get("x-kubernetes-map-type", self.richer.get(name, {}).get("x-kubernetes-map-type"))
            if map_type:
                entry["m"] = map_type
            out[name] = entry
        return out


def plural_of(kind: str) -> str:
    low = kind.lower()
    if low.endswith(("s", "x", "ch")):
        return low if low == "endpoints" else f"{low}es"
    return f"{low[:-1]}ies" if low.endswith("y") else f"{low}s"


def kinds(
    definitions: dict[str, Any],
    minor: int,
    known: dict[tuple[str, str], tuple[str, bool, list[str]]],
    exact: set[tuple[str, str, str]] | None,
) -> tuple[list[Any], list[Any]]:
    """The kinds served by default, and those that exist but are off."""
    on: list[Any] = []
    off: list[Any] = []
    for name, schema in sorted(definitions.items()):
        gvks = schema.get("x-kubernetes-group-version-kind", ())
        if len(gvks) != 1:  # several: options that every group shares
            continue
        gvk = gvks[0]
        group, version, kind = gvk["group"], gvk["version"], gvk["kind"]
        if kind.endswith("List") and kind[:-4] and any(short(n).endswith(f".{kind[:-4]}") for n in definitions):
            continue
        if NOT_RESOURCES.match(kind):
            continue
        plural, namespaced, verbs = known.get((group, kind), (plural_of(kind), True, []))
        api_version = f"{group}/{version}" if group else version
        if exact is not None:
            default = (group, version, kind) in exact
        else:
            default = "alpha" not in version and ("beta" not in version or BETAS.get(api_version, 0) >= minor)
        (on if default else off).append([group, version, kind, plural, int(namespaced), short(name), verbs])
    return on, off


def deprecated(minor: int, on: list[Any]) -> list[Any]:
    """Of the kinds served, those that schemas/lifecycle.yaml calls deprecated: apiVersion, kind, since, until, instead."""
    here = {(f"{g}/{v}" if g else v, kind) for g, v, kind, *_ in on}
    out = []
    for entry in assets.table("schemas", "lifecycle.yaml")["entries"]:
        key = (entry["apiVersion"], entry["kind"])
        since = entry.get("deprecated")
        if key in here and since and int(since.split(".")[1]) <= minor:
            instead = entry.get("replacement")
            text = f"{instead['apiVersion']} {instead['kind']}" if instead else ""
            out.append([*key, since, entry.get("removed", ""), text])
    return out


def dropped(minor: int) -> dict[tuple[str, str], str]:
    """The fields of schemas/dropped-fields.yaml that this release drops by default: (type, field) -> what is dropped.

    Raises KeyError for a gate that there is not.
    """
    out = {}
    for owner, fields in assets.table("schemas", "dropped-fields.yaml")["types"].items():
        for name, entry in fields.items():
            if "gate" not in entry or not features.enabled(entry["gate"], (1, minor)):
                out[owner, name] = entry.get("drops", "field")
    return out


def compact(
    release: str,
    definitions: dict[str, Any],
    *,
    go: dict[str, Any],
    richer: dict[str, Any],
    known: dict[tuple[str, str], tuple[str, bool, list[str]]],
    exact: set[tuple[str, str, str]] | None,
) -> Compact:
    """The compact form of a release.

    `go`: facts of Go's types by type and field. `richer`: definitions with enums and defaults. `known`: plural, scope and
    verbs by group and kind. `exact`: the kinds that a server of this release serves, where one was asked.
    """
    minor = int(release.partition(".")[2])
    on, off = kinds(definitions, minor, known, exact)
    return {
        "release": release,
        "kinds": on,
        "off": off,
        "deprecated": deprecated(minor, on),
        "types": Compactor(definitions, go, richer, dropped(minor)).types(),
    }


def newer(release: str, newest: Compact) -> Compact | None:
    """A release after those shipped, from kubernetes-validate, enriched by what the newest shipped one knows; None without it."""
    definitions = bundled(release)
    if definitions is None:
        return None
    known = {(row[0], row[2]): (row[3], bool(row[4]), row[6]) for row in newest["kinds"]}
    made = compact(release, definitions, go={}, richer={}, known=known, exact=None)
    for name, entry in made["types"].items():
        before = newest["types"].get(name)
        if before is None:
            continue
        for field, value in entry["f"].items():
            old = before["f"].get(field)
            if isinstance(old, dict) and "t" in old:
                now = value if isinstance(value, dict) and "t" in value else {"t": value}
                entry["f"][field] = {**{k: v for k, v in old.items() if k not in ("t", "r", "x")}, **now}
    return made
