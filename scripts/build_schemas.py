#!/usr/bin/env python3
"""Make `schemas/kubernetes/v1.NN.json.zz`: what Kubernetes' OpenAPI and Go types say, compact.

    python scripts/build_schemas.py --gotypes gotypes.json
        [--openapi 1.37=FOLDER] [--discovery FILE ...]

Sources: the JSON schemas in the installed kubernetes-validate package (all releases); the OpenAPI v3 documents of a
running server (`GET /openapi/v3/apis/GROUP/VERSION`, one file each in FOLDER, .json or .json.gz: enums and defaults
come from there); the server's aggregated discovery (`GET /api`, `/apis`: plurals, scope, verbs); and
scripts/gotypes/main.go (pointers and omitempty); and schemas/dropped-fields.yaml. Running it again on the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import re
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
OUT = HERE / "schemas" / "kubernetes"

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


def read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())


def openapi(folder: Path) -> dict[str, Any]:
    """All definitions of a folder of OpenAPI v3 documents."""
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("version"):
            continue
        found.update(read(path)["components"]["schemas"])
    return found


def bundled(release: str) -> dict[str, Any]:
    """All definitions of a release in the kubernetes-validate package."""
    spec = importlib.util.find_spec("kubernetes_validate")
    assert spec and spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / f"v{release}.0-local"
    return dict(json.loads((root / "_definitions.json").read_bytes())["$defs"])


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
            if "properties" not in target:  # a named map or string: meta.v1.Patch and the like
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
            if "properties" not in schema or name in SHAPES:
                continue
            required = set(schema.get("required", ()))
            fields = {f: self.field(name, f, s, f in required) for f, s in sorted(schema["properties"].items())}
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


def discovered(files: list[Path]) -> dict[tuple[str, str], tuple[str, bool, list[str]]]:
    """(group, kind) -> plural, namespaced, verbs."""
    out: dict[tuple[str, str], tuple[str, bool, list[str]]] = {}
    for path in files:
        for group in read(path)["items"]:
            name = (group.get("metadata") or {}).get("name", "")
            for version in group["versions"]:
                for r in version["resources"]:
                    kind = (r.get("responseKind") or {}).get("kind")
                    if kind:
                        out.setdefault((name, kind), (r["resource"], r["scope"] == "Namespaced", sorted(r["verbs"])))
    return out


def served(files: list[Path]) -> set[tuple[str, str, str]]:
    out = set()
    for path in files:
        for group in read(path)["items"]:
            name = (group.get("metadata") or {}).get("name", "")
            for version in group["versions"]:
                out |= {
                    (name, version["version"], (r.get("responseKind") or {}).get("kind", ""))
                    for r in version["resources"]
                }
    return out


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
    import yaml

    here = {(f"{g}/{v}" if g else v, kind) for g, v, kind, *_ in on}
    out = []
    for entry in yaml.safe_load((HERE / "schemas" / "lifecycle.yaml").read_text())["entries"]:
        key = (entry["apiVersion"], entry["kind"])
        since = entry.get("deprecated")
        if key in here and since and int(since.split(".")[1]) <= minor:
            instead = entry.get("replacement")
            text = f"{instead['apiVersion']} {instead['kind']}" if instead else ""
            out.append([*key, since, entry.get("removed", ""), text])
    return out


def dropped(minor: int) -> dict[tuple[str, str], str]:
    """The fields of schemas/dropped-fields.yaml that this release drops by default: (type, field) -> what is dropped."""
    import yaml

    out = {}
    for owner, fields in yaml.safe_load((HERE / "schemas" / "dropped-fields.yaml").read_text())["types"].items():
        for name, entry in fields.items():
            if "since" not in entry or int(entry["since"].split(".")[1]) > minor:
                out[owner, name] = entry.get("drops", "field")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gotypes", type=Path, required=True)
    parser.add_argument("--openapi", action="append", default=[], metavar="1.NN=FOLDER")
    parser.add_argument("--discovery", type=Path, action="append", default=[])
    parser.add_argument("--newest", default="1.37", help="the release that --discovery was read from")
    parser.add_argument("--oldest", type=int, default=25)
    arguments = parser.parse_args()
    go = json.loads(arguments.gotypes.read_bytes())
    live = {release: openapi(Path(folder)) for release, _, folder in (o.partition("=") for o in arguments.openapi)}
    known = discovered(arguments.discovery)
    newest = int(arguments.newest.split(".")[1])
    OUT.mkdir(parents=True, exist_ok=True)
    for minor in range(arguments.oldest, newest + 1):
        release = f"1.{minor}"
        base = bundled(release)
        rich = live.get(release) or live.get(arguments.newest, {})
        definitions = {**base, **live.get(release, {})}
        exact = served(arguments.discovery) if release == arguments.newest and arguments.discovery else None
        on, off = kinds(definitions, minor, known, exact)
        data = {
            "release": release,
            "kinds": on,
            "off": off,
            "deprecated": deprecated(minor, on),
            "types": Compactor(definitions, go, rich, dropped(minor)).types(),
        }
        text = json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
        path = OUT / f"v{release}.json.zz"
        path.write_bytes(zlib.compress(text, 9))
        print(
            f"{path.relative_to(HERE)}: {len(on)} kinds, {len(data['types'])} types, {len(text)} -> {path.stat().st_size} bytes"
        )


if __name__ == "__main__":
    main()
