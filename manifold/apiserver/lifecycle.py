"""Kinds that a release does not serve (any more, or yet), and kinds that it serves with a warning."""

from __future__ import annotations

from functools import cache
from typing import Any

from manifold import assets
from manifold.apiserver.faults import UNKNOWN_FIELD, Fault, Faults
from manifold.apiserver.schema import Kind, Schema, Type, load, versions
from manifold.k8s.versions import order
from manifold.model import Path

# Groups that belong to Kubernetes itself; a kind of another group may come from a CustomResourceDefinition in the
# cluster. Groups under k8s.io that are not listed are defined by CRDs of Kubernetes' projects (snapshot.storage.k8s.io).
OWN = frozenset(
    (
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io",
        "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
        "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "lifecycle.k8s.io",
        "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io",
        "settings.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    )
)  # fmt: skip


@cache
def table() -> dict[tuple[str, str], dict[str, Any]]:
    """schemas/lifecycle.yaml by (apiVersion, kind)."""
    data = assets.table("schemas", "lifecycle.yaml")
    return {(e["apiVersion"], e["kind"]): e for e in data["entries"]}


def _minor(release: str) -> int:
    return int(release.partition(".")[2])


def _first(schema: Schema, api_version: str, kind: str) -> str:
    """The first later release that serves a kind, of those that we ship; empty when there is none."""
    for version in versions():
        if _minor(version) > schema.release[1] and load(version).kind(api_version, kind) is not None:
            return version
    return ""


def _instead(schema: Schema, api_version: str, kind: str) -> str:
    """What to use in place of a kind: what the release serves of what replaces it, else what a later one does."""
    chain = [(api_version, kind)]
    while (entry := table().get(chain[-1])) and (next := entry.get("replacement")):
        chain.append((next["apiVersion"], next["kind"]))
        if len(chain) > len(set(chain)):
            break
    served = {}
    for group, name in {(v.rpartition("/")[0], k) for v, k in chain}:
        for other in schema.kinds():
            if (other.group, other.kind) == (group, name) and other.api_version != api_version:
                served[other.api_version, other.kind] = other
    if served:
        final = chain[-1][0].rpartition("/")[0]
        best = max(served.values(), key=lambda k: (k.group == final, order(k.version)))
        return f"use {best.api_version} {best.kind}"
    if len(chain) > 1:
        instead, name = chain[-1]
        first = "" if schema.off_by_default(instead, name) else _first(schema, instead, name)
        return f"use {instead} {name}" + (f", which comes with Kubernetes {first}" if first else "")
    return str((table().get((api_version, kind)) or {}).get("advice", ""))


def not_served(schema: Schema, api_version: str, kind: str, faults: Faults) -> None:
    """Say that the release does not serve the kind: since when, and what replaces it."""
    group = api_version.rpartition("/")[0]
    entry = table().get((api_version, kind))
    own = group in OWN
    minor = schema.release[1]
    here = f"Kubernetes {schema.version}"
    help, rule, at = "", "api/no-such-kind", ("apiVersion",)
    message = f"{here} serves no kind {kind} in {api_version}"
    if entry and "component" not in entry and entry.get("removed") and _minor(entry["removed"]) <= minor:
        message = f"{api_version} {kind} was removed in Kubernetes {entry['removed']}"
    elif entry and entry.get("introduced") and _minor(entry["introduced"]) > minor:
        message = f"{api_version} {kind} comes with Kubernetes {entry['introduced']}, {here} does not serve it"
    elif own and (first := _first(schema, api_version, kind)):
        message = f"{api_version} {kind} comes with Kubernetes {first}, {here} does not serve it"
    elif schema.off_by_default(api_version, kind):
        message = f"{api_version} {kind} is served only where it is switched on (--runtime-config), not by default"
    elif entry and "component" in entry:
        message = f"{api_version} {kind} was removed in {entry['component']} {entry.get('removed', '')}".rstrip()
    if advice := _instead(schema, api_version, kind):
        help = advice
    elif own:
        same = [k for k in schema.kinds() if k.kind == kind]
        near = [k for k in schema.kinds() if k.kind.lower() == kind.lower()]
        if same:
            help = f"use {same[0].api_version}"
        elif near:
            help = f"the kind is spelled {near[0].kind}"
        else:
            import difflib

            close = difflib.get_close_matches(kind, [k.kind for k in schema.kinds()], 1, 0.8)
            help = f"did you mean {close[0]}?" if close else ""
            at = ("kind",)
    else:
        help = "give its CustomResourceDefinition with --schema, or among the inputs"
        if project := _project(group, kind):
            help += f"; `manifold schema import {project}` fetches it"
        message = f"no definition of {kind} in {api_version} is at hand, so it was not checked"
    faults.append(Fault((), "NotFound", message, help, rule, warning=not own, at=at))


def _project(group: str, kind: str) -> str:
    """The project by whose name `manifold schema import` fetches the definition of a kind, if there is one."""
    projects = assets.table("schemas", "definitions.yaml")["projects"]
    names = {group, f"{group}/{kind}"}
    return next((name for name, project in projects.items() if not names.isdisjoint(project["of"])), "")


def when(faults: Faults, kind: Kind, schema: Schema) -> Faults:
    """The faults, those of unknown fields with the release that has the field, where another that we ship does."""
    if kind.custom is not None or not any(f.reason == UNKNOWN_FIELD for f in faults):
        return faults
    said = Faults()
    for fault in faults:
        if fault.reason == UNKNOWN_FIELD and (help := _of_another(fault.path, kind, schema)):
            fault = fault._replace(help=help, meant="")
        said.append(fault)
    return said


def _of_another(path: Path, kind: Kind, schema: Schema) -> str:
    minor = schema.release[1]
    for version in versions():
        if _minor(version) > minor and _has(load(version), kind, path):
            return f"the field comes with Kubernetes {version}"
    for version in reversed(versions()):
        if _minor(version) < minor and _has(load(version), kind, path):
            return f"Kubernetes {version} was the last to have the field"
    return ""


def _has(schema: Schema, kind: Kind, path: Path) -> bool:
    found = schema.kind(kind.api_version, kind.kind)
    at: Type | None = found.type if found is not None else None
    for part in path:
        if at is None:
            return False
        if at.shape in ("list", "map"):
            at = at.items
        else:
            field = at.fields.get(str(part))
            at = field.type if field is not None else None
    return at is not None


def deprecated(schema: Schema, kind: Kind, faults: Faults) -> None:
    """Warn as the server does of a kind that is served but deprecated: a built-in one, or a version of a definition."""
    api_version, name = kind.api_version, kind.kind
    if kind.custom is not None:
        said = kind.custom.deprecated(kind.version)
        if said is None:
            return
        message = said or f"{api_version} {name} is deprecated"
        newer = kind.custom.newer(kind.version)
        help = f"use {kind.group}/{newer}" if newer else ""
    else:
        found = schema.deprecated.get((api_version, name))
        if found is None:
            return
        since, removed, instead = found
        message = f"{api_version} {name} is deprecated since Kubernetes {since}"
        if removed:
            message += f" and goes in {removed}"
        help = f"use {instead}" if instead else str((table().get((api_version, name)) or {}).get("advice", ""))
    faults.append(Fault((), "", message, help, "api/deprecated", True, at=("apiVersion",)))
