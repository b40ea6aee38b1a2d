"""CustomResourceDefinitions as kinds, and their custom resources: decoding, pruning, defaults, validation by schema.

Sources: k8s.io/apiextensions-apiserver v0.37.2 pkg/apiserver/schema (structural schemas, pruning, defaulting, list types)
and pkg/apiserver/validation; formats of k8s.io/kube-openapi's strfmt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.decode import copy, decoder, unknown
from manifold.apiserver.faults import Fault, Faults
from manifold.apiserver.schema import Field, Kind, Type, load
from manifold.k8s import formats, others, regexes, strfmt
from manifold.k8s.versions import order
from manifold.model import MapKey, Path, describe, spell

Body = dict[str, Any]
Schema = Mapping[str, Any]

# With one of these the server does not get to the rules.
_BLOCKING = (reasons.NOT_SUPPORTED, reasons.REQUIRED, reasons.TOO_LONG, reasons.TOO_MANY, reasons.TYPE_INVALID)
DEEPEST = 500  # schemas nested deeper are refused by the server's own limits long before
_BITS = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1), "uint64": (0, (1 << 64) - 1)}
_TYPES = {
    "object": "object",
    "array": "list",
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


class Unread(NamedTuple):
    """A definition that is read when its kind is asked for."""

    defines: tuple[str, str]
    """Its group and kind."""
    read: Callable[[], Mapping[str, Any]]


class Kinds:
    """The kinds that definitions add: a definition is looked at when somebody asks for a kind of its group and name."""

    def __init__(self, crds: Iterable[Mapping[str, Any] | Unread]) -> None:
        self._unseen: dict[tuple[str, str], list[Mapping[str, Any] | Unread]] = {}
        for one in crds:
            defines = one.defines if isinstance(one, Unread) else others.defined(one)
            self._unseen.setdefault(defines, []).append(one)
        self._found: dict[tuple[str, str], Kind] = {}

    def get(self, api_version: str, kind: str) -> Kind | None:
        """The kind, where a definition has it; of several definitions the last one counts."""
        there = self._unseen.pop((api_version.rpartition("/")[0], kind), None)
        if there is not None:
            bodies = (one.read() if isinstance(one, Unread) else one for one in there)
            self._found |= {(k.api_version, k.kind): k for k in kinds(bodies)}
        return self._found.get((api_version, kind))

    def all(self) -> list[Kind]:
        """All kinds, read now."""
        for group, kind in list(self._unseen):
            self.get(f"{group}/", kind)
        return list(self._found.values())

    def add(self, more: Iterable[Kind]) -> None:
        """Take up kinds that are known from elsewhere, in the place of others of their name."""
        self.all()
        self._found |= {(k.api_version, k.kind): k for k in more}


def kinds(crds: Iterable[Mapping[str, Any]]) -> list[Kind]:
    """The kinds that definitions add, one for each served version.

    A definition that is misshapen adds nothing: the server would not have taken it.
    """
    found = []
    for body in crds:
        definition = Definition(body)
        if not definition.usable or _misshapen(body):
            continue
        for version in definition.versions:
            found.append(
                Kind(
                    definition.group,
                    version,
                    definition.kind,
                    definition.plural,
                    definition.namespaced,
                    definition.type(version),
                    custom=definition,
                )
            )
    return found


def _misshapen(body: Mapping[str, Any]) -> bool:
    faults = Faults()
    decoder(load().type("apiextensions.v1.CustomResourceDefinition"))(body, (), faults)
    return any(f.reason == reasons.TYPE for f in faults)


class Definition:
    """One CustomResourceDefinition: what its custom resources may be."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        spec = body.get("spec")
        self._spec: Mapping[str, Any] = spec if isinstance(spec, Mapping) else {}
        names = self._spec.get("names") if isinstance(self._spec.get("names"), Mapping) else {}
        self.group = str(self._spec.get("group") or "")
        self.kind = str((names or {}).get("kind") or "")
        self.plural = str((names or {}).get("plural") or "")
        others = (names or {}).get("shortNames")
        self.others = frozenset(
            str(n) for n in ((names or {}).get("singular"), *(others if isinstance(others, list) else ())) if n
        )
        """What else it is called: its singular and short names."""
        self.namespaced = self._spec.get("scope") == "Namespaced"
        self._versions: dict[str, Mapping[str, Any]] = {}
        versions = self._spec.get("versions")
        for version in versions if isinstance(versions, list) else ():
            if (
                isinstance(version, Mapping)
                and version.get("served") is not False
                and isinstance(version.get("name"), str)
            ):
                self._versions[version["name"]] = version
        self._types: dict[str, Type] = {}
        self._rules: dict[int, bool] = {}  # whether a version's schema has rules, by its identity

    @property
    def usable(self) -> bool:
        return bool(self.group and self.kind and self._versions)

    @property
    def versions(self) -> list[str]:
        return list(self._versions)

    def schema(self, version: str) -> Schema:
        """The OpenAPI v3 schema of a version; an empty one where it has none."""
        found = (self._versions.get(version, {}).get("schema") or {}).get("openAPIV3Schema")
        return found if isinstance(found, Mapping) else {}

    def has_status(self, version: str) -> bool:
        """Whether status is a subresource of its own."""
        return (self._versions.get(version, {}).get("subresources") or {}).get("status") is not None

    def deprecated(self, version: str) -> str | None:
        """What is said of a version that is deprecated: its own words, else empty; None when it is not."""
        found = self._versions.get(version, {})
        return str(found.get("deprecationWarning") or "") if found.get("deprecated") is True else None

    def newer(self, version: str) -> str:
        """The newest version in place of a deprecated one, itself not deprecated; empty where there is none."""
        found = [v for v in self._versions if self.deprecated(v) is None and order(v) > order(version)]
        return max(found, key=order, default="")

    def type(self, version: str) -> Type:
        """The version's schema as a type, for merging and comparing."""
        found = self._types.get(version)
        if found is None:
            found = self._types[version] = _type(self.schema(version), 0)
            found.fields.update({n: Field(n, Type("string")) for n in ("apiVersion", "kind")})
            found.fields["metadata"] = Field("metadata", load().type("meta.v1.ObjectMeta"))
        return found

    def _of(self, body: Body) -> Schema:
        return self.schema(str(body.get("apiVersion") or "").rpartition("/")[2])

    def decode(self, body: Body, faults: Faults) -> Body:
        """A fresh object: unknown fields are blamed and left out, where the schema does not keep them; nulls as the server has them."""
        out = {"apiVersion": body.get("apiVersion"), "kind": body.get("kind")}
        if isinstance(body.get("metadata"), dict):
            out["metadata"] = decoder(load().type("meta.v1.ObjectMeta"))(body["metadata"], ((), "metadata"), faults)
        elif "metadata" in body:
            out["metadata"] = body["metadata"]
        rest = {k: v for k, v in body.items() if k not in out}
        pruned = _prune(rest, self._of(body), (), faults)
        return {**out, **pruned}

    def default(self, body: Body, *, nulls: bool = False) -> None:
        """Fill in the schema's defaults, in place; `nulls`: leave those that no default replaces, as after an apply."""
        _default(body, self._of(body), nulls)

    def stored(self, body: Body) -> Body:
        """What comes back from storage: pruned and defaulted once more by the version that is stored.

        Without a webhook (`conversion.strategy: None`) a conversion changes the version's name alone; what a webhook
        does nobody here knows, so the object stays as it is.
        """
        version = str(body.get("apiVersion") or "").rpartition("/")[2]
        stored = next(
            (v for v in self._spec.get("versions") or () if isinstance(v, Mapping) and v.get("storage")), None
        )
        webhook = (self._spec.get("conversion") or {}).get("strategy") == "Webhook"
        if stored is None or stored.get("name") == version or webhook:
            return body
        schema = (stored.get("schema") or {}).get("openAPIV3Schema") or {}
        own = {name: body[name] for name in ("apiVersion", "kind", "metadata") if name in body}
        rest = {k: v for k, v in body.items() if k not in own}
        out = {**own, **_prune(rest, schema, (), Faults())}
        _default(out, schema)
        return out

    def validate(self, body: Body, context: Context, faults: Faults) -> None:
        """Hold a custom resource against its schema."""
        self._validate(body, None, faults)

    def validate_update(self, new: Body, old: Body, context: Context, faults: Faults) -> None:
        """Hold the new object against the schema; what was wrong before and has not changed is let pass."""
        schema = self._of(new)
        found = Faults()
        self._values(new, schema, found)
        if found:
            before = Faults()
            self._values(old, self._of(old), before)
            doubled = any(f.reason == reasons.DUPLICATE for f in before)
            for fault in found:
                place = fault.path if fault.at is None else fault.at
                stays = doubled if fault.reason == reasons.DUPLICATE else _stays(place, new, old, schema)
                if fault.warning or not stays:
                    faults.append(fault)
        self._rest(new, old, schema, faults)

    def _validate(self, body: Body, old: Body | None, faults: Faults) -> None:
        schema = self._of(body)
        self._values(body, schema, faults)
        self._rest(body, old, schema, faults)

    def _rest(self, body: Body, old: Body | None, schema: Schema, faults: Faults) -> None:
        """What holds whether or not a value was there before: scale, embedded objects; and the rules."""
        scale = self._scale(body)
        if scale:
            _scaled(body, scale, faults)
        _embedded({k: v for k, v in body.items() if k not in ("apiVersion", "kind", "metadata")}, schema, (), faults)
        if not self._ruled(schema):
            return
        if any(fault.reason in _BLOCKING and not fault.warning for fault in faults):
            message = "the rules were not looked at, mend the rest first"
            faults.append(Fault((), reasons.INVALID, message, rule=reasons.RULES[reasons.INVALID], whole="<nil>"))
            return
        from manifold.apiserver import rules

        rules.check(body, old, schema, (), faults, rules.Budget(), root=True)

    def _ruled(self, schema: Schema) -> bool:
        from manifold.apiserver import rules

        known = self._rules.get(id(schema))
        if known is None:
            known = self._rules[id(schema)] = rules.has_rules(schema)
        return known

    def _values(self, body: Body, schema: Schema, faults: Faults) -> None:
        for name, inner in (schema.get("properties") or {}).items():
            if name in body and isinstance(inner, Mapping):
                _check(body[name], inner, (name,), faults)
        for name in schema.get("required") or ():
            if name not in body:
                faults.required((name,))
        _combined({k: v for k, v in body.items() if k not in ("apiVersion", "kind", "metadata")}, schema, (), faults)

    def _scale(self, body: Body) -> Schema:
        version = self._versions.get(str(body.get("apiVersion") or "").rpartition("/")[2], {})
        return (version.get("subresources") or {}).get("scale") or {}


def _stays(place: Path, new: Any, old: Any, schema: Schema) -> bool:
    """Whether a value on the way to `place` is as it was, so that what is wrong with it may stay."""
    from manifold.apiserver.rules import inner, unchanged

    for part in place:
        found = inner(part, new, old, schema)
        if found is None:
            return False
        new, old, schema = found
        if unchanged(new, old, schema):
            return True
    return False


def _type(schema: Schema, depth: int) -> Type:
    if depth > DEEPEST or not isinstance(schema, Mapping):
        return Type("any")
    if schema.get("x-kubernetes-int-or-string"):
        return Type("int-or-string")
    shape = _TYPES.get(str(schema.get("type")))
    if shape == "object":
        if schema.get("x-kubernetes-embedded-resource"):
            return _embedded_type(schema, depth)
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping):
            return Type("map", items=_type(extra, depth + 1), map_type=schema.get("x-kubernetes-map-type", ""))
        made = Type("object", map_type=schema.get("x-kubernetes-map-type", ""))
        for name, inner in (schema.get("properties") or {}).items():
            made.fields[name] = Field(
                name, _type(inner, depth + 1), default=inner.get("default") if isinstance(inner, Mapping) else None
            )
        return made if made.fields else Type("any", map_type=made.map_type)
    if shape == "list":
        return Type(
            "list",
            items=_type(schema.get("items") or {}, depth + 1),
            list_type=schema.get("x-kubernetes-list-type", ""),
            map_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        )
    return Type(shape or "any", format=str(schema.get("format") or ""))  # type: ignore[arg-type]


def _embedded_type(schema: Schema, depth: int) -> Type:
    """An object with metadata of its own, whether or not the schema says so (apiextensions: addEmbeddedProperties)."""
    made = Type("object", map_type=schema.get("x-kubernetes-map-type", ""))
    for name, inner in (schema.get("properties") or {}).items():
        made.fields[name] = Field(
            name, _type(inner, depth + 1), default=inner.get("default") if isinstance(inner, Mapping) else None
        )
    made.fields |= {n: Field(n, Type("string")) for n in ("apiVersion", "kind")}
    made.fields["metadata"] = Field("metadata", load().type("meta.v1.ObjectMeta"))
    return made


def _prune(value: Any, schema: Schema | None, trail: Any, faults: Faults, *, keep: bool = False) -> Any:
    """The value without what the schema does not know; each such field is blamed, as strict validation does.

    `keep`: what is not known stays. Without a schema nothing is known.
    """
    if value.__class__ is dict:
        return _prune_object(value, schema, trail, faults, keep=keep)
    if value.__class__ is list:
        keep = keep or bool(schema and schema.get("x-kubernetes-preserve-unknown-fields"))
        items = schema.get("items") if schema is not None else None
        if keep and not isinstance(items, Mapping):
            return copy(value)
        inner = items if isinstance(items, Mapping) else None
        return [_prune(v, inner, (trail, i), faults, keep=keep) for i, v in enumerate(value)]
    return value


def _prune_object(value: Body, schema: Schema | None, trail: Any, faults: Faults, *, keep: bool) -> Body:
    schema = schema or {}
    keep = keep or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    embedded = schema.get("x-kubernetes-embedded-resource")
    out = {}
    for name, inner in value.items():
        below = (trail, name)
        if embedded and name == "metadata":
            if inner is not None:
                out[name] = _metadata(inner, below, faults)
        elif embedded and name in ("apiVersion", "kind"):
            out[name] = copy(inner)
        elif name in properties:
            out[name] = _prune(inner, properties[name], below, faults)
        elif extra is not None:  # also true and false, which say nothing of what is within
            out[name] = _prune(inner, extra if isinstance(extra, Mapping) else None, below, faults)
        elif keep:
            out[name] = copy(inner)
        else:
            unknown(faults, trail, name, list(properties))
    return out


def _metadata(value: Any, trail: Any, faults: Faults) -> Any:
    """Embedded metadata as Go reads and writes it: what is empty is left out."""
    from manifold.apiserver.store import write

    type = load().type("meta.v1.ObjectMeta")
    found = decoder(type)(value, trail, faults)
    return {k: v for k, v in write(found, type).items() if v is not None} if found.__class__ is dict else found


def _default(value: Any, schema: Schema, nulls: bool = False) -> None:
    if value.__class__ is dict:
        properties = schema.get("properties") or {}
        for name, inner in properties.items():
            if not isinstance(inner, Mapping):
                continue
            given = inner.get("default")  # a default of null is none
            bare = nulls and given is None
            if name in value and value[name] is None and not inner.get("nullable") and not bare:
                del value[name]
            if name not in value and given is not None:
                value[name] = copy(given)
            if name in value:
                _default(value[name], inner, nulls)
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping):
            for name, inner in list(value.items()):
                if inner is None and name not in properties and not extra.get("nullable") and not nulls:
                    del value[name]
                elif name not in properties:
                    _default(inner, extra, nulls)
    elif value.__class__ is list and isinstance(schema.get("items"), Mapping):
        for item in value:
            _default(item, schema["items"], nulls)


def _is(value: Any, kind: str) -> bool:
    if kind == "object":
        return value.__class__ is dict
    if kind == "array":
        return value.__class__ is list
    if kind == "string":
        return value.__class__ is str
    if kind == "boolean":
        return value.__class__ is bool
    if kind == "integer":
        whole = value.__class__ is int or (value.__class__ is float and value.is_integer())
        return whole and -(1 << 63) <= value < 1 << 63
    return value.__class__ in (int, float)


def _check(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    """One value against its schema: its type first, and nothing else where that is wrong."""
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        if not _is(value, "integer") and not _is(value, "string"):
            faults.add(reasons.TYPE_INVALID, path, f"must be an integer or a text, not {describe(value)}")
            return
    elif kind == "integer" and value.__class__ in (int, float) and not _is(value, kind):
        faults.type_invalid(path, f"{value} is no whole number of 64 bits")
        faults.append(Fault((), reasons.INVALID, f"{spell(path)} must be a whole number", at=path, whole="<nil>"))
    elif value.__class__ is list and kind == "string" and schema.get("format"):
        return  # the server takes any list for bytes
    elif isinstance(kind, str) and kind and not _is(value, kind):
        faults.add(reasons.TYPE_INVALID, path, f"must be of type {kind}, not {describe(value)}")
        _check_enum(value, schema, path, faults)
        return
    _check_enum(value, schema, path, faults)
    if value.__class__ is str:
        _check_text(value, schema, path, faults)
    elif value.__class__ is dict:
        _check_object(value, schema, path, faults)
    elif value.__class__ is list:
        _check_list(value, schema, path, faults)
    elif value.__class__ is not bool and value is not None:
        _check_number(value, schema, path, faults)
    _combined(value, schema, path, faults)


def _check_enum(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    enum = schema.get("enum")
    if enum and value not in enum:
        faults.not_supported(path, value, enum)


def _check_text(value: str, schema: Schema, path: Path, faults: Faults) -> None:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if longest is not None and len(value) > longest:
        faults.add(reasons.TOO_LONG, path, f"longer than {longest} characters")
    if shortest is not None and len(value) < shortest:
        faults.invalid(path, f"shorter than {shortest} characters")
    pattern = schema.get("pattern")
    if pattern:
        _check_pattern(value, pattern, path, faults)
    kind = schema.get("format")
    test = strfmt.known(str(kind)) if kind else None
    if test is not None and not test(value):
        faults.type_invalid(path, f"{value[:60]!r} is no {kind}")


def _check_pattern(value: str, pattern: str, path: Path, faults: Faults) -> None:
    try:
        if regexes.within(pattern, value).search(value) is None:
            faults.invalid(path, f"does not match the pattern {pattern}")
    except regexes.PatternError:
        return  # the definition is blamed for that
    except regexes.TooMuchError as error:
        faults.warn(path, f"not held against its pattern: {error}")


def _check_number(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
        faults.invalid(path, f"{value} is less than {least}" if value < least else f"must be more than {least}")
    if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
        faults.invalid(path, f"{value} is more than {most}" if value > most else f"must be less than {most}")
    step = schema.get("multipleOf")
    if step is not None and value.__class__ is int:
        step = int(step)  # as the server does, which makes nothing of 0.5
    if step is not None and step <= 0:
        faults.invalid(path, f"the definition asks for multiples of {step}, which there are not")
    elif step is not None and (value / step) % 1:
        faults.invalid(path, f"{value} is no multiple of {step}")
    bits = _BITS.get(schema.get("format") or "") if schema.get("type") == "integer" else None
    if bits is not None and not bits[0] <= value <= bits[1]:
        message = f"{spell(path)} must be a whole number from {bits[0]} to {bits[1]}"
        faults.append(Fault((), reasons.INVALID, message, at=path, whole="<nil>"))


def _check_object(value: Body, schema: Schema, path: Path, faults: Faults) -> None:
    for name in schema.get("required") or ():
        if name not in value:
            faults.required((*path, name))
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if most is not None and len(value) > most:
        faults.too_many(path, len(value), most)
    if least is not None and len(value) < least:
        faults.invalid(path, f"{len(value)} entries, at least {least} are needed")
    for name, inner in value.items():
        if name in properties:
            _check(inner, properties[name], (*path, name), faults)
        elif isinstance(extra, Mapping):
            _check(inner, extra, (*path, name), faults)
        elif extra is False:
            faults.append(Fault(path, reasons.INVALID, f"may have no field {name}", at=(*path, name)))


def _embedded(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    """Objects within the object: each has a version, a kind, and metadata as every object has."""
    if value.__class__ is list:
        items = schema.get("items")
        if isinstance(items, Mapping):
            for i, item in enumerate(value):
                _embedded(item, items, (*path, i), faults)
        return
    if value.__class__ is not dict:
        return
    if schema.get("x-kubernetes-embedded-resource"):
        _embedded_object(value, path, faults)
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, inner in value.items():
        if name in properties:
            _embedded(inner, properties[name], (*path, name), faults)
        elif isinstance(extra, Mapping):
            _embedded(inner, extra, (*path, MapKey(name)), faults)


def _embedded_object(value: Body, path: Path, faults: Faults) -> None:
    for name in ("apiVersion", "kind"):
        text = value.get(name)
        if name not in value:
            faults.required((*path, name), "an embedded object needs it")
        elif text.__class__ is not str or not text:
            faults.invalid((*path, name), "must be a text, and not empty")
        elif name == "apiVersion" and text.count("/") > 1:
            faults.invalid((*path, name), f"{text!r} is no version: group/version, or version")
        elif name == "kind":
            for message in formats.dns_1035_label(text.lower()):
                faults.invalid((*path, name), message)
    meta = value.get("metadata")
    if meta.__class__ is not dict:
        return
    from manifold.apiserver.validate import metadata

    here = (*path, "metadata")
    for name in ("name", "generateName"):
        for message in formats.path_segment(meta[name]) if meta.get(name) else ():
            faults.invalid((*here, name), message)
    if meta.get("namespace"):
        for message in formats.dns_label(meta["namespace"]):
            faults.invalid((*here, "namespace"), message)
    metadata.labels(meta.get("labels") or {}, (*here, "labels"), faults)
    metadata.annotation_map(meta.get("annotations") or {}, (*here, "annotations"), faults)
    metadata.owner_references(meta.get("ownerReferences") or [], (*here, "ownerReferences"), faults)
    metadata.finalizers(meta.get("finalizers") or [], (*here, "finalizers"), faults, qualified=False)


def _scaled(body: Body, scale: Schema, faults: Faults) -> None:
    """What the scale subresource reads: numbers of replicas that are none, the server cannot serve."""
    for field in ("specReplicasPath", "statusReplicasPath"):
        text = str(scale.get(field) or "")
        value: Any = body
        wrong, place = "", []
        for name in text.removeprefix(".").split("."):
            if value.__class__ is not dict:
                wrong = f"{describe(value)} stands where an object is expected"
                break
            if name not in value:
                value = 0
                break
            place.append(name)
            value = value[name]
        if not wrong and value.__class__ is not int:
            wrong = f"must be a whole number, not {describe(value)}"
        elif not wrong and not 0 <= value < 1 << 31:
            wrong = f"{value} must be 0 to {(1 << 31) - 1}"
        if wrong:
            faults.append(Fault(tuple(place), reasons.INVALID, wrong, rule="api/invalid", whole=text))


def _check_list(value: list[Any], schema: Schema, path: Path, faults: Faults) -> None:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if most is not None and len(value) > most:
        faults.too_many(path, len(value), most)
    if least is not None and len(value) < least:
        faults.invalid(path, f"{len(value)} items, at least {least} are needed")
    items = schema.get("items")
    if isinstance(items, Mapping):
        for i, item in enumerate(value):
            _check(item, items, (*path, i), faults)
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        _unique([_canonical(v) for v in value], value, path, faults)
    elif kind == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        for i, item in enumerate(value):
            if item is not None and item.__class__ is not dict:
                faults.invalid((*path, i), "the items of this list have keys, so each is an object")
                break
        if all(isinstance(v, dict) for v in value):
            _unique(
                [_canonical([v.get(k) for k in keys]) for v in value],
                [{k: v[k] for k in keys if k in v} for v in value],
                path,
                faults,
            )


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _unique(names: list[str], shown: list[Any], path: Path, faults: Faults) -> None:
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 2:  # said once, however often it occurs
            faults.duplicate((*path, i), shown[i])


def _passes(value: Any, schema: Schema) -> bool:
    found = Faults()
    _check(value, schema, (), found)
    return not found


def _combined(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    """allOf, anyOf, oneOf and not; the server blames the value as a whole, without a field at the root."""
    parts = [s for s in schema.get("allOf") or () if isinstance(s, Mapping)]
    if parts:
        found = Faults()
        for part in parts:
            _check(value, part, path, found)
        faults.extend(found)
        if found:
            _whole(path, "does not fit all schemas that it must fit (allOf)", faults)
    choices = [s for s in schema.get("anyOf") or () if isinstance(s, Mapping)]
    if choices and not schema.get("x-kubernetes-int-or-string"):
        _choose(value, choices, False, path, faults)
    exactly = [s for s in schema.get("oneOf") or () if isinstance(s, Mapping)]
    if exactly:
        _choose(value, exactly, True, path, faults)
    never = schema.get("not")
    if isinstance(never, Mapping) and _passes(value, never):
        _whole(path, "fits a schema that it must not fit (not)", faults)


def _choose(value: Any, choices: list[Schema], only: bool, path: Path, faults: Faults) -> None:
    """One of the schemas must fit, or exactly one (`only`); where none does, what keeps the nearest from it is said."""
    nearest: Faults | None = None
    fitting = most = 0
    for choice in choices:
        found = Faults()
        _check(value, choice, path, found)
        if not found:
            fitting += 1
            if not only:
                return
        elif (weight := _weight(value, choice)) > most:
            nearest, most = found, weight
    if fitting == 1:
        return
    must = "exactly one of the schemas must fit (oneOf)" if only else "one of the schemas must fit (anyOf)"
    _whole(path, f"{must}: {fitting or 'none'} does", faults)
    if not fitting and nearest is not None:
        faults.extend(nearest)


def _weight(value: Any, schema: Schema) -> int:
    """How many checks a schema makes of a value: the server takes the schema that makes most for the nearest.

    Source: k8s.io/kube-openapi pkg/validation/validate (MatchCount): some six for each value, two for its type.
    """
    total = 6 + (2 if schema.get("type") or schema.get("format") else 0)
    if value.__class__ is dict:
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, inner in value.items():
            known = properties.get(name, extra)
            if isinstance(known, Mapping):
                total += _weight(inner, known)
    elif value.__class__ is list and isinstance(schema.get("items"), Mapping):
        total += sum(_weight(item, schema["items"]) for item in value)
    total += sum(_weight(value, part) for part in schema.get("allOf") or ())
    for word in ("anyOf", "oneOf"):
        total += max((_weight(value, part) for part in schema.get(word) or ()), default=0)
    return total


def _whole(path: Path, message: str, faults: Faults) -> None:
    # The server names no field for these.
    faults.append(Fault((), reasons.INVALID, message, rule="api/invalid", at=path, whole="<nil>"))


def check_value(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    """Hold one value against a schema."""
    _check(value, schema, path, faults)


def check_embedded(value: Any, schema: Schema, path: Path, faults: Faults) -> None:
    """Hold the objects embedded in a value against what holds of all objects."""
    _prune(value, {**schema, "x-kubernetes-preserve-unknown-fields": True}, (), wrong := Faults())
    faults.extend(fault for fault in wrong if fault.reason != reasons.UNKNOWN_FIELD)
    _embedded(value, schema, path, faults)


def prune(value: Any, schema: Schema, faults: Faults) -> Any:
    """The value without what its schema does not know, which is blamed."""
    return _prune(value, schema, (), faults)
