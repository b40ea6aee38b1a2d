"""What the server warns of, though it takes it, where no validation stands beside that could say it.

The warnings of most built-in kinds stand beside their validation in `manifold.apiserver.validate`; what a table can say
is in `schemas/warnings.yaml`. Sources: k8s.io/apiextensions-apiserver v0.37.2 pkg/registry/customresourcedefinition and
customresource; kubernetes v1.37.2 pkg/registry/core/endpoint, discovery/endpointslice, admissionregistration and
pkg/apis/admissionregistration/validation/warnings.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from manifold import assets
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.jsonschemaprops import HOLDERS, NAMED, ONE, SEVERAL
from manifold.k8s.formats import qualified_name
from manifold.model import MapKey, Path

Body = dict[str, Any]

_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
_DEEPEST = 500
STATIC_SUFFIX = ".static.k8s.io"
"""Names of admission objects that end with it belong to files on the server's disk."""
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
SLICED_BY = "endpointslice.kubernetes.io/managed-by"
_SLICERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


@cache
def table(name: str) -> Mapping[str, Any]:
    """One of the tables of `schemas/warnings.yaml`."""
    found: Mapping[str, Any] = assets.table("schemas", "warnings.yaml")[name]
    return found


def look(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    """Warn of what is in a decoded object that was not in the stored one, `old` (None for a create)."""
    kind = context.kind
    if kind.custom is not None:
        _finalizers(body, old, faults)
        return
    found = _LOOKS.get((kind.group, kind.kind))
    if found is not None:
        found(body, old, context, faults)


def _finalizers(body: Body, old: Body | None, faults: Faults) -> None:
    names = (body.get("metadata") or {}).get("finalizers") or ()
    stored = ((old or {}).get("metadata") or {}).get("finalizers") or ()
    for i, name in enumerate(names):
        if not isinstance(name, str) or name in stored or name in names[:i]:
            continue
        path = ("metadata", "finalizers", i)
        for message in qualified_name(name):
            faults.warn(path, f"{name!r}: {message}")
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            faults.warn(path, f"{name!r} may collide with the finalizer of another: write it with a domain and a path")


def _definition(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    if not context.since(1, 34):
        return
    before = {said for _, said in _of_schemas(old, context)} if old is not None else set()
    for path, said in _of_schemas(body, context):
        if said not in before:
            before.add(said)
            faults.warn(path, said)


def _of_schemas(body: Body, context: Context) -> Iterator[tuple[Path, str]]:
    versions = (body.get("spec") or {}).get("versions")
    for i, version in enumerate(versions if isinstance(versions, list) else ()):
        if isinstance(version, dict):
            schema = (version.get("schema") or {}).get("openAPIV3Schema")
            path: Path = ("spec", "versions", i, "schema", "openAPIV3Schema")
            yield from _of_schema(schema, path, context, 0)


def _of_schema(schema: Any, path: Path, context: Context, depth: int) -> Iterator[tuple[Path, str]]:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    format, type = schema.get("format"), schema.get("type") or ""
    if format and not _known(str(format), str(type), context):
        yield (*path, "format"), f"format {format!r} is not known{f' for type {type}' if type else ''}, and ignored"
    items = schema.get("items")
    if schema.get("x-kubernetes-list-type") == "set" and isinstance(items, dict) and context.since(1, 37):
        of = items.get("type")
        if of in ("object", "array"):
            said = f"a set whose items are of type {of} is not supported by server-side apply, nor by CEL rules"
            yield (*path, "x-kubernetes-list-type"), said
    for where, inner in _below(schema):
        yield from _of_schema(inner, path + where, context, depth + 1)


def _below(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    if HOLDERS.isdisjoint(schema):
        return
    for word in ONE:
        if isinstance(schema.get(word), dict):
            yield (word,), schema[word]
    for word in SEVERAL:
        for i, inner in enumerate(schema[word] if isinstance(schema.get(word), list) else ()):
            yield (word, i), inner
    for word in NAMED:
        found = schema.get(word)
        for name, inner in found.items() if isinstance(found, dict) else ():
            yield (word, MapKey(name)), inner


def _known(format: str, type: str, context: Context) -> bool:
    if type in ("", "string"):
        type, format = "string", format.replace("-", "")
    since = table("schema-formats").get(type, {}).get(format)
    if since is None:
        return False
    major, _, minor = since.partition(".")
    return context.since(int(major), int(minor))


def _admission(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    if not context.since(1, 36):
        return
    name = (body.get("metadata") or {}).get("name") or ""
    if name.endswith(STATIC_SUFFIX) and (old is not None or not context.enabled("ManifestBasedAdmissionControlConfig")):
        faults.warn(
            ("metadata", "name"), f"names that end with {STATIC_SUFFIX} are kept for files that the server reads"
        )
    if not body.get("webhooks") or not context.enabled("ExcludeAdmissionWebhookVirtualResources"):
        return
    excluded = table("unhooked-resources")
    for i, hook in enumerate(body["webhooks"]):
        for j, rule in enumerate(hook.get("rules") or ()):
            groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
            if "*" in groups or "*" in resources:
                continue
            for group in dict.fromkeys(groups):
                for resource in dict.fromkeys(resources):
                    if resource in excluded.get(group, ()):
                        path = ("webhooks", i, "rules", j)
                        faults.warn(path, f"no webhook is asked about {resource}.{group}: this does nothing")


def _endpoints(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    from manifold.apiserver.validate.pod.warnings import ip_form

    if ((body.get("metadata") or {}).get("labels") or {}).get(MANAGED_BY) == "endpoint-controller":
        return
    for i, subset in enumerate(body.get("subsets") or ()):
        for part in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(part) or ()):
                ip_form(address.get("ip") or "", ("subsets", i, part, j, "ip"), faults)


def _slice(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    labels = (body.get("metadata") or {}).get("labels") or {}
    if body.get("addressType") == "FQDN" and old is None:
        faults.warn(("addressType",), "endpoints with domain names are deprecated, and used by nothing")
    if not body.get("endpoints") or labels.get(SLICED_BY) in _SLICERS:
        return
    from manifold.apiserver.validate.pod.warnings import ip_form

    for i, endpoint in enumerate(body["endpoints"]):
        for j, address in enumerate(endpoint.get("addresses") or ()):
            ip_form(address, ("endpoints", i, "addresses", j), faults)


_LOOKS: dict[tuple[str, str], Callable[[Body, Body | None, Context, Faults], None]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("discovery.k8s.io", "EndpointSlice"): _slice,
    ("", "Endpoints"): _endpoints,
    **{
        ("admissionregistration.k8s.io", kind): _admission
        for kind in (
            "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
        )
    },
}  # fmt: skip
