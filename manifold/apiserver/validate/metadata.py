"""Object metadata, labels and label selectors: what every kind shares.

Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/validation, and kubernetes
pkg/apis/core/validation (ValidateObjectMeta) for finalizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from manifold import assets
from manifold.apiserver.context import Context
from manifold.apiserver.faults import INVALID, REQUIRED, Fault, Faults, not_among
from manifold.k8s.formats import FORMATS, Format, dns_label, label_value, path_segment, prefixed, qualified_name
from manifold.model import Path

Body = dict[str, Any]

META: Path = ("metadata",)
ANNOTATIONS_LIMIT = 256 * 1024  # objectmeta.go: TotalAnnotationSizeLimitB
FIELD_MANAGER_LIMIT = 128  # pkg/apis/meta/v1/validation: FieldManagerMaxLength
STANDARD_FINALIZERS = frozenset(("kubernetes", "orphan", "foregroundDeletion"))


@cache
def _facts() -> dict[str, Any]:
    return dict(assets.table("schemas", "names.yaml"))


def _release(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


@cache
def name_format(group: str, kind: str, release: tuple[int, int]) -> Format | None:
    """The format of a kind's name; None where the kind's own validation says."""
    for line in _facts()["names"]:
        if (line["group"], line["kind"]) != (group, kind):
            continue
        if ("since" in line and release < _release(line["since"])) or (
            "until" in line and release >= _release(line["until"])
        ):
            continue
        return None if line["format"] == "any" else FORMATS[line["format"]]
    return FORMATS["dns-subdomain"]


@cache
def _listed(part: str, group: str, kind: str, release: tuple[int, int] = (99, 0)) -> bool:
    """Whether a list of schemas/names.yaml holds a kind, in a release where its line has a `since` or an `until`."""
    return any(
        line["group"] == group
        and line["kind"] in ("*", kind)
        and _release(line.get("since", "1.0")) <= release < _release(line.get("until", "99.1"))
        for line in _facts()[part]
    )


def create(body: Body, context: Context, faults: Faults) -> None:
    """The metadata of a new object."""
    kind = context.kind
    meta: Body = body.get("metadata") or {}
    if kind.custom is None and _listed("unchecked", kind.group, kind.kind):
        if kind.kind == "Binding" and not meta.get("name"):
            faults.required((*META, "name"), "a Binding bears the name of its Pod")
        return
    test = (
        name_format(kind.group, kind.kind, context.server.release) if kind.custom is None else FORMATS["dns-subdomain"]
    )
    if not meta.get("name") and not meta.get("generateName"):
        faults.required((*META, "name"), "the object needs a name, or a generateName")
    elif test is not None:
        prefix = meta.get("generateName")
        free = prefix and context.since(1, 34) and _listed("free-generate-name", kind.group, kind.kind)
        names(meta, test, faults, generated=not free)
    elif meta.get("generateName"):
        for message in prefixed(path_segment)(meta["generateName"]):
            faults.invalid((*META, "generateName"), message)
    if kind.namespaced:
        for message in dns_label(meta.get("namespace") or context.namespace):
            faults.invalid((*META, "namespace"), message)
    _common(meta, context, faults)


def names(meta: Body, test: Format, faults: Faults, *, masked: bool = True, generated: bool = True) -> None:
    """What an object is to be called, or to be called by the server.

    `masked`: the dash at the end of a generateName does not count. `generated`: the generateName itself is looked at.
    """
    name, prefix = meta.get("name"), meta.get("generateName")
    if prefix and generated:
        for message in (prefixed(test) if masked else test)(prefix):
            faults.invalid((*META, "generateName"), message)
    if name:
        for message in test(name):
            faults.invalid((*META, "name"), message)
    elif prefix:
        # k8s.io/apiserver pkg/storage/names: the prefix is cut to 58 characters, five random ones follow.
        for message in test(f"{prefix[:58]}xxxxx"):
            faults.invalid((*META, "name"), f"the generated name: {message}")


def comes_last(faults: Faults, *, name_only: bool = False) -> None:
    """Mark the faults of metadata as such that the server comes to only when nothing else is wrong.

    That is so where a kind's own validation looks at no metadata, or (`name_only`) at no more of a name than whether
    there is one: rest.BeforeCreate does it then.
    """

    def last(fault: Fault) -> bool:
        if name_only:
            return fault.reason != REQUIRED and fault.path in ((*META, "name"), (*META, "generateName"))
        return fault.path[:1] == META

    if any(not f.warning and not last(f) for f in faults):
        faults[:] = [f._replace(later=True) if last(f) else f for f in faults]


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """The metadata of a changed object: what it is, and what it may not become."""
    kind = context.kind
    if kind.custom is None and _listed("unchecked", kind.group, kind.kind):
        return
    meta: Body = new.get("metadata") or {}
    before: Body = old.get("metadata") or {}
    if before.get("deletionTimestamp"):
        extra = [f for f in meta.get("finalizers") or () if f not in (before.get("finalizers") or ())]
        if extra:
            faults.forbidden((*META, "finalizers"), f"the object is being deleted: {', '.join(extra)} cannot be added")
    for name in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if before.get(name) != meta.get(name) and (before.get(name) or meta.get(name)):
            if name == "namespace" and not kind.namespaced:
                continue
            faults.invalid((*META, name), "cannot be changed once the object exists")
    if meta.get("generateName"):
        _prefix_again(meta["generateName"], context, faults)
    _common(meta, context, faults)


def _prefix_again(prefix: str, context: Context, faults: Faults) -> None:
    """A generateName in an update: a part of a path always (registry/rest/update.go), a name for some kinds."""
    kind = context.kind
    messages = prefixed(path_segment)(prefix)
    if kind.custom is None and _listed("generate-name-again", kind.group, kind.kind, context.server.release):
        test = name_format(kind.group, kind.kind, context.server.release)
        messages += prefixed(test)(prefix) if test is not None and test is not path_segment else []
    for message in messages:
        faults.invalid((*META, "generateName"), message)


def _common(meta: Body, context: Context, faults: Faults) -> None:
    kind = context.kind
    if (meta.get("generation") or 0) < 0:
        # What stands here in an update is replaced by the stored one's (registry/rest/update.go).
        counted = (
            context.operation != "create"
            or kind.custom
            or _listed("counted", kind.group, kind.kind, context.server.release)
        )
        if not counted:
            faults.invalid((*META, "generation"), "must not be negative")
    if "labels" in meta:
        labels(meta["labels"], (*META, "labels"), faults)
    if "annotations" in meta:
        annotation_map(meta["annotations"], (*META, "annotations"), faults)
    if meta.get("ownerReferences"):
        owner_references(meta["ownerReferences"], (*META, "ownerReferences"), faults, indexed=context.since(1, 37))
    if meta.get("finalizers"):
        qualified = kind.custom is None and not _listed("generic-finalizers", kind.group, kind.kind)
        finalizers(meta["finalizers"], (*META, "finalizers"), faults, qualified=qualified)
    if meta.get("managedFields"):
        managed_fields(meta["managedFields"], (*META, "managedFields"), faults)


def labels(value: Mapping[str, str], path: Path, faults: Faults) -> None:
    """Labels: qualified names as keys, label values; each blamed as the whole map, as the server does."""
    for key, text in value.items():
        for message in qualified_name(key):
            faults.add("FieldValueInvalid", path, f"the key {key!r}: {message}", at=(*path, key))
        for message in label_value(text or ""):
            faults.add("FieldValueInvalid", path, f"the value of {key!r}: {message}", at=(*path, key))


def annotation_map(value: Mapping[str, str], path: Path, faults: Faults) -> None:
    """Annotations: qualified names as keys, in any case; 256 KiB in all."""
    total = 0
    for key, text in value.items():
        for message in qualified_name(key.lower()):
            faults.add("FieldValueInvalid", path, f"the key {key!r}: {message}", at=(*path, key))
        total += len(key.encode("utf-8", "surrogatepass")) + len((text or "").encode("utf-8", "surrogatepass"))
    if total > ANNOTATIONS_LIMIT:
        faults.too_long(path, ANNOTATIONS_LIMIT)


def owner_references(value: list[Body], path: Path, faults: Faults, *, indexed: bool = True) -> None:
    """Owner references: complete, at most one controller, no Event as owner.

    What stands there twice counts once, with a warning. Servers before 1.37 name no item (`indexed`).
    """
    if len(value) > 1 and any(ref in value[:i] for i, ref in enumerate(value)):
        faults.warn(path, "an owner stands here more than once")
        value = [ref for i, ref in enumerate(value) if ref not in value[:i]]
    controller = ""
    for i, ref in enumerate(value):
        here = (*path, i) if indexed else path
        api_version = ref.get("apiVersion") or ""
        if api_version and (api_version.count("/") > 1 or api_version.endswith("/")):
            faults.invalid((*here, "apiVersion"), f"{api_version!r} is neither group/version nor version")
        for name in ("apiVersion", "kind", "name", "uid"):
            if not ref.get(name):
                faults.add(
                    REQUIRED if indexed else INVALID,
                    (*here, name),
                    f"{name} must be set: an owner is named by apiVersion, kind, name and uid",
                    at=(*path, i),
                )
        if (api_version, ref.get("kind")) == ("v1", "Event"):
            faults.invalid(here, "an Event cannot own anything")
        if ref.get("controller"):
            name = f"{ref.get('kind')}/{ref.get('name')}"
            if controller:
                faults.invalid(path, f"only one owner can be the controller; {controller} and {name} both say so")
            else:
                controller = name


def finalizers(value: list[str], path: Path, faults: Faults, *, qualified: bool) -> None:
    """Finalizers: qualified names; those without a domain must be Kubernetes' own, where `qualified` asks for it."""
    for text in value:
        for message in qualified_name(text):
            faults.invalid(path, f"{text!r} is no finalizer: {message}" if text else f"a finalizer {message}")
    if "orphan" in value and "foregroundDeletion" in value:
        faults.invalid(path, "orphan and foregroundDeletion exclude one another")
    if not qualified:
        return
    for i, text in enumerate(value):
        if "/" not in text and text not in STANDARD_FINALIZERS:
            faults.invalid(
                (*path, i),
                f"{text!r} is none of Kubernetes' own finalizers, and has no domain in front, such as example.com/NAME",
            )


def managed_fields(value: list[Body], path: Path, faults: Faults) -> None:
    """managedFields, as far as a client may send them: what cannot be read the server forgets altogether."""
    if any(e.get("operation") not in ("Apply", "Update") or e.get("fieldsType") != "FieldsV1" for e in value):
        return
    for i, entry in enumerate(value):
        here = (*path, i)
        manager = entry.get("manager") or ""
        if len(manager.encode("utf-8", "surrogatepass")) > FIELD_MANAGER_LIMIT:
            faults.too_long((*here, "manager"), FIELD_MANAGER_LIMIT)
        for char in manager:
            if not char.isprintable():
                faults.invalid((*here, "manager"), "holds characters that cannot be printed")
                break
        if len(entry.get("subresource") or "") > 256:
            faults.too_long((*here, "subresource"), 256)


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def label_selector(selector: Body | None, path: Path, faults: Faults, *, lenient_values: bool = False) -> None:
    """A label selector: its labels and its expressions. `lenient_values` keeps invalid values of stored objects."""
    if not selector:
        return
    match = selector.get("matchLabels")
    if match:
        labels(match, (*path, "matchLabels"), faults)
    for i, expression in enumerate(selector.get("matchExpressions") or ()):
        here = (*path, "matchExpressions", i)
        operator, values = expression.get("operator") or "", expression.get("values") or ()
        if operator in ("In", "NotIn"):
            if not values:
                faults.required((*here, "values"), f"{operator} needs values")
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                faults.forbidden((*here, "values"), f"{operator} takes no values")
        else:
            faults.invalid((*here, "operator"), not_among(operator, _OPERATORS))
        for message in qualified_name(expression.get("key") or ""):
            faults.invalid((*here, "key"), message)
        if not lenient_values:
            for j, text in enumerate(values):
                for message in label_value(text):
                    faults.invalid((*here, "values", j), message)
