"""CustomResourceDefinitions.

Follows k8s.io/apiextensions-apiserver v0.37.2 pkg/apis/apiextensions/validation. The server holds what is the same for
all versions once for the definition, and blames it there (`spec.validation`, `spec.subresources`,
`spec.additionalPrinterColumns`); findings point at the first version's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.rules import field_at
from manifold.apiserver.validate import webhooks
from manifold.apiserver.validate.apiextensions_schema import check, expressions
from manifold.k8s import formats
from manifold.model import MapKey, Path

Body = dict[str, Any]

APPROVED = "api-approved.kubernetes.io"
MOST_SELECTABLE = 8
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
# The field of a version -> the field of the definition that holds it where all versions agree.
_SHARED = {
    "schema": "validation",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}


def create_definition(body: Body, context: Context, faults: Faults) -> None:
    """A new definition."""
    meta, spec = body.get("metadata") or {}, body.get("spec") or {}
    wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
    message = f"must be spec.names.plural, a dot and spec.group: {wanted}"
    for field in ("generateName", "name"):
        if meta.get(field) and meta[field] != wanted:
            faults.invalid(("metadata", field), message)
    for words in formats.dns_subdomain(meta["name"]) if meta.get("name") == wanted else ():
        faults.invalid(("metadata", "name"), words)
    if meta.get("generateName") and not meta.get("name"):
        faults.invalid(("metadata", "name"), message)
    _definition(body, None, context, faults)


def update_definition(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A definition in place of a stored one: its group and plural stay, and once it serves, its scope and kind too."""
    _definition(new, old, context, faults)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    fixed: list[Path] = [("group",), ("names", "plural")]
    if _established(old):
        fixed = [("scope",), ("names", "kind"), *fixed]
    for place in fixed:
        now: Any = spec
        then: Any = before
        for part in place:
            now, then = (now or {}).get(part), (then or {}).get(part)
        if now != then:
            faults.invalid(("spec", *place), f"cannot be changed from {then!r}", "make another definition instead")


def _established(body: Body) -> bool:
    found = (body.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in found)


def _definition(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    found = Faults()
    spec = body.get("spec") or {}
    _spec(spec, old, context.server.release, found)
    _stored_versions(body, spec, found)
    _approval(body, old, found)
    if spec.get("preserveUnknownFields") and not (old and (old.get("spec") or {}).get("preserveUnknownFields")):
        found.invalid(
            ("spec", "preserveUnknownFields"),
            "cannot be true",
            "set x-kubernetes-preserve-unknown-fields: true in the schema of each version",
        )
    for fault in found:
        faults.append(fault if fault.at is not None else fault._replace(at=_written(fault.path)))


def _written(path: Path) -> Path | None:
    """Where in the manifest stands what the server blames at `path`; None where it is the same place."""
    written: Path = path
    if len(path) > 1 and path[0] == "spec":
        for of_version, field in _SHARED.items():
            if path[1] == field:
                written = ("spec", "versions", 0, of_version, *path[2:])
        if path[1] == "conversion" and len(path) > 2:
            if path[2] == "webhookClientConfig":
                written = ("spec", "conversion", "webhook", "clientConfig", *path[3:])
            elif path[2] == "conversionReviewVersions":
                written = ("spec", "conversion", "webhook", *path[2:])
    if written and written[-1] == "JSONPath":
        written = (*written[:-1], "jsonPath")
    return written if written != path else None


@dataclass(frozen=True, slots=True)
class _Request:
    """What the parts of a version are held against besides themselves."""

    release: tuple[int, int]
    old: Body | None
    known: frozenset[str]
    """The expressions of the stored definition."""

    def changed(self, version: Body) -> bool:
        """Whether the stored definition has another schema for the version, or none."""
        name, schema = version.get("name"), version.get("schema")
        before = ((self.old or {}).get("spec") or {}).get("versions") or ()
        return not any(v.get("name") == name and v.get("schema") == schema for v in before)


def _spec(spec: Body, old: Body | None, release: tuple[int, int], faults: Faults) -> None:
    group = spec.get("group") or ""
    if not group:
        faults.required(("spec", "group"))
    else:
        wrong = formats.dns_subdomain(group)
        for message in wrong:
            faults.invalid(("spec", "group"), message)
        if not wrong and "." not in group:
            faults.invalid(("spec", "group"), f"{group!r} must be a domain with at least one dot")
    scope = spec.get("scope") or ""
    if not scope:
        faults.required(("spec", "scope"))
    elif scope not in ("Cluster", "Namespaced"):
        faults.not_supported(("spec", "scope"), scope, ("Cluster", "Namespaced"))
    versions = spec.get("versions") or []
    stored = ((old or {}).get("spec") or {}).get("versions") or ()
    schemas = ((v.get("schema") or {}).get("openAPIV3Schema") for v in stored)
    request = _Request(release, old, frozenset(e for s in schemas for e in expressions(s)))
    # Shared fields are the definition's: {field: (path, value)}, and each version keeps what it has alone.
    shared = {
        name for name in _SHARED if versions and all(_same(v.get(name), versions[0].get(name), name) for v in versions)
    }
    _schemas_there(versions, old, faults)
    names = set()
    for i, version in enumerate(versions):
        here: Path = ("spec", "versions", i)
        name = version.get("name") or ""
        names.add(name)
        for message in formats.dns_1035_label(name):
            faults.invalid((*here, "name"), message)
        _deprecation(version, here, faults)
        own = version if "subresources" not in shared else versions[0]
        status = (own.get("subresources") or {}).get("status") is not None
        _parts(version, {name: (*here, name) for name in _SHARED if name not in shared}, status, request, faults)
    if len(names) < len(versions):
        faults.invalid(("spec", "versions"), "two versions have the same name")
    if sum(v.get("storage") is True for v in versions) != 1:
        faults.invalid(("spec", "versions"), "exactly one version must be the one that is stored (storage: true)")
    if versions:
        for message in formats.dns_1035_label(versions[0].get("name") or ""):
            if versions[0].get("name"):
                faults.add(reasons.INVALID, ("spec", "version"), message, at=("spec", "versions", 0, "name"))
    called = spec.get("names") or {}
    for field in ("plural", "singular", "kind", "listKind"):
        if not called.get(field):
            faults.required(("spec", "names", field))
    _names(called, ("spec", "names"), faults)
    if versions:
        status = any((v.get("subresources") or {}).get("status") is not None for v in versions)
        _parts(versions[0], {name: ("spec", _SHARED[name]) for name in shared}, status, request, faults)
    conversion = spec.get("conversion")
    if conversion is not None:
        _conversion(conversion, spec, old, faults)


def _same(a: Any, b: Any, name: str) -> bool:
    return a == b or (name in ("additionalPrinterColumns", "selectableFields") and not a and not b)


def _schemas_there(versions: list[Body], old: Body | None, faults: Faults) -> None:
    if old is not None:
        before = (old.get("spec") or {}).get("versions") or ()
        if not all((v.get("schema") or {}).get("openAPIV3Schema") is not None for v in before):
            versions = [v if v.get("served") else {"schema": {"openAPIV3Schema": {}}} for v in versions]
    for i, version in enumerate(versions):
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            faults.required(
                ("spec", "versions", i, "schema", "openAPIV3Schema"),
                "a version has a schema: without one all is pruned",
            )


def _parts(version: Body, places: Mapping[str, Path], status: bool, request: _Request, faults: Faults) -> None:
    """The schema, subresources, columns and selectable fields of a version, blamed at `places`."""
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if "schema" in places and schema is not None:
        check(
            schema,
            (*places["schema"], "openAPIV3Schema"),
            faults,
            status=status,
            release=request.release,
            known=request.known,
            changed=request.changed(version),
        )
    if "subresources" in places:
        _scale((version.get("subresources") or {}).get("scale"), (*places["subresources"], "scale"), faults)
    if "additionalPrinterColumns" in places:
        for i, column in enumerate(version.get("additionalPrinterColumns") or ()):
            _column(column, (*places["additionalPrinterColumns"], i), faults)
    if "selectableFields" in places and version.get("selectableFields"):
        here = places["selectableFields"]
        if schema is None or "schema" not in places:  # the server looks beside it for the schema
            faults.invalid(here, "needs a schema that is shared, or not, as the fields are")
        else:
            _selectable(version["selectableFields"], schema, here, faults)


def _deprecation(version: Body, path: Path, faults: Faults) -> None:
    text, here = version.get("deprecationWarning"), (*path, "deprecationWarning")
    if text is None:
        return
    if not version.get("deprecated"):
        faults.invalid(here, "goes only with deprecated: true")
        return
    if formats.size(text) > 256:
        faults.invalid(here, "longer than 256 bytes")
    if not text:
        faults.invalid(here, "must not be empty")
    if not all(c == " " or (c.isprintable() and not c.isspace()) for c in text):
        faults.invalid(here, "must hold only characters that can be printed")


def _names(names: Body, path: Path, faults: Faults) -> None:
    for field in ("plural", "singular", "kind", "listKind"):
        name = names.get(field) or ""
        for message in formats.dns_1035_label(name.lower() if field in ("kind", "listKind") else name) if name else ():
            faults.invalid((*path, field), message)
    for field in ("shortNames", "categories"):
        for i, name in enumerate(names.get(field) or ()):
            for message in formats.dns_1035_label(name):
                faults.invalid((*path, field, i), message)
    if names.get("kind") and names["kind"] == names.get("listKind"):
        faults.invalid((*path, "listKind"), "must not be the kind itself", f"{names['kind']}List is usual")


def _column(column: Body, path: Path, faults: Faults) -> None:
    if not column.get("name"):
        faults.required((*path, "name"))
    kind = column.get("type")
    if not kind:
        faults.required((*path, "type"), f"must be one of {', '.join(_COLUMN_TYPES)}")
    elif kind not in _COLUMN_TYPES:
        faults.invalid((*path, "type"), f"{kind!r} is not one of {', '.join(_COLUMN_TYPES)}")
    format = column.get("format")
    if format and format not in _COLUMN_FORMATS:
        faults.invalid((*path, "format"), f"{format!r} is not one of {', '.join(_COLUMN_FORMATS)}")
    if not column.get("jsonPath"):
        faults.required((*path, "JSONPath"))
    else:
        _dotted(column["jsonPath"], (*path, "JSONPath"), faults)


def _dotted(text: str, path: Path, faults: Faults) -> bool:
    if text.startswith("."):
        return True
    faults.invalid(path, f"{text!r} must begin with a dot")
    return False


def _scale(scale: Body | None, path: Path, faults: Faults) -> None:
    if scale is None:
        return
    for field, roots in (("specReplicasPath", (".spec.",)), ("statusReplicasPath", (".status.",))):
        if not scale.get(field):
            faults.required((*path, field))
        else:
            _under(scale[field], roots, (*path, field), faults)
    if scale.get("labelSelectorPath"):
        _under(scale["labelSelectorPath"], (".spec.", ".status."), (*path, "labelSelectorPath"), faults)


def _under(text: str, roots: tuple[str, ...], path: Path, faults: Faults) -> None:
    if _dotted(text, path, faults) and not text.startswith(roots):
        faults.invalid(path, f"{text!r} must begin with {' or '.join(roots)}")


def _selectable(fields: list[Body], schema: Body, path: Path, faults: Faults) -> None:
    seen = set()
    for i, field in enumerate(fields):
        here = (*path, i, "jsonPath")
        text = field.get("jsonPath") or ""
        if not text:
            faults.required(here)
            continue
        found = field_at(text, schema, brackets=False)
        if found is None or not found[0]:
            faults.invalid(here, f"{text!r} leads to no field of the schema")
            continue
        place, inner = found
        if place[0] == "metadata":
            faults.invalid(here, "metadata can be selected already")
        if inner.get("type") not in ("string", "boolean", "integer"):
            faults.invalid(here, "must lead to a string, a boolean or an integer")
        if place in seen:
            faults.duplicate(here, text)
        seen.add(place)
    if len(seen) > MOST_SELECTABLE:
        faults.too_many(path, len(seen), MOST_SELECTABLE)


def _conversion(conversion: Body, spec: Body, old: Body | None, faults: Faults) -> None:
    here: Path = ("spec", "conversion")
    strategy = conversion.get("strategy") or ""
    if strategy != "None" and spec.get("preserveUnknownFields"):
        faults.invalid((*here, "strategy"), "must be None where preserveUnknownFields is true")
    if not strategy:
        faults.required((*here, "strategy"))
    elif strategy not in ("None", "Webhook"):
        faults.not_supported((*here, "strategy"), strategy, ("None", "Webhook"))
    webhook = conversion.get("webhook") or {}
    config, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions")
    config_path, reviews_path = (*here, "webhookClientConfig"), (*here, "conversionReviewVersions")
    if strategy == "Webhook":
        if config is None:
            faults.required(config_path, "the strategy Webhook needs to know whom to ask")
        else:
            webhooks.client(config, config_path, faults)
        before = ((old or {}).get("spec") or {}).get("conversion") or {}
        stored = (before.get("webhook") or {}).get("conversionReviewVersions")
        webhooks.review_versions(reviews, reviews_path, faults, recognized=not stored or webhooks.knows_review(stored))
        return
    if config is not None:
        faults.forbidden(config_path, "goes only with the strategy Webhook")
    if reviews:
        faults.forbidden(reviews_path, "goes only with the strategy Webhook")


def _stored_versions(body: Body, spec: Body, faults: Faults) -> None:
    here: Path = ("status", "storedVersions")
    stored = (body.get("status") or {}).get("storedVersions") or []
    if not stored:
        faults.add(reasons.INVALID, here, "no version is stored", at=("spec", "versions"))
        return
    names = [v.get("name") or "" for v in spec.get("versions") or ()]
    left = set(stored)
    for version in spec.get("versions") or ():
        name = version.get("name") or ""
        if version.get("storage") and name not in left:
            faults.add(reasons.INVALID, here, f"{name!r} is not among them", at=("spec", "versions"))
        left.discard(name)  # a second version of the name is one too many
    for i, name in enumerate(stored):
        if name not in names:
            faults.add(
                reasons.INVALID,
                (*here, i),
                f"objects may still be stored as {name}, so it must stay in spec.versions",
                "move them to another version first, and take it out of status.storedVersions",
                at=("spec", "versions"),
            )


def _protected(group: str) -> bool:
    return any(group == domain or group.endswith(f".{domain}") for domain in ("k8s.io", "kubernetes.io"))


def _approved(body: Body) -> bool | None:
    """Whether the annotation says that a group of the community is approved (or said not to be); None without one."""
    text = ((body.get("metadata") or {}).get("annotations") or {}).get(APPROVED) or ""
    if not text:
        return None
    if text.startswith("unapproved"):
        return True
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def _approval(body: Body, old: Body | None, faults: Faults) -> None:
    if not _protected((body.get("spec") or {}).get("group") or ""):
        return
    state = _approved(body)
    if state or (old is not None and _approved(old) == state):
        return
    here: Path = ("metadata", "annotations", MapKey(APPROVED))
    help = "write the URL of the approval, or a reason that begins with 'unapproved'"
    message = "groups of k8s.io and kubernetes.io are the community's"
    if state is None:
        faults.required(here, message, help)
    else:
        faults.invalid(here, message, help)


CREATE = {"CustomResourceDefinition": create_definition}
UPDATE = {"CustomResourceDefinition": update_definition}
