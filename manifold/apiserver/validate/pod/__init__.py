"""Pods, Pod templates, and whatever else has a Pod spec.

Follows kubernetes v1.37.2 pkg/apis/core/validation (ValidatePodSpec and what it calls), pkg/registry/core/pod and
pkg/registry/core/podtemplate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.pod import containers, resources, scheduling, security, volumes
from manifold.apiserver.validate.pod import warnings as looks
from manifold.apiserver.validate.pod.scope import NOTHING, Body, Scope, Tolerance
from manifold.apiserver.validate.pod.tolerance import tolerated
from manifold.apiserver.validate.pod.update import mutable_only
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.k8s.pods import APPARMOR
from manifold.k8s.pods import containers as every
from manifold.model import MapKey, Path
from manifold.patterns import late

MIRROR = "kubernetes.io/config.mirror"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_COST = late(r"-?[0-9]+")
INT32 = (-(2**31), 2**31 - 1)


def deletion_cost_fits(text: str) -> bool:
    """Whether a text is the cost of a deletion: a 32-bit integer without a plus sign or leading zeros."""
    if not _COST.fullmatch(text) or (len(text) > 1 and text[0] == "0"):
        return False
    return INT32[0] <= int(text) <= INT32[1]


def _annotations(notes: Mapping[str, str], path: Path, scope: Scope) -> None:
    """Blame annotations that mean something for a Pod."""
    faults = scope.faults
    if MIRROR in notes and not scope.spec.get("nodeName"):
        faults.invalid((*path, MapKey(MIRROR)), "a mirror Pod needs spec.nodeName")
    text = notes.get(TOLERATIONS)
    if text:
        _tolerations_text(text, path, faults)
    cost = notes.get(DELETION_COST)
    if cost is not None and not scope.tolerance.deletion_cost and not deletion_cost_fits(cost):
        faults.invalid((*path, MapKey(DELETION_COST)), f"{cost!r} is no 32-bit integer")
    security.profile_annotations(notes, scope.spec, path, faults)


def _tolerations_text(text: str, path: Path, faults: Faults) -> None:
    import json

    try:
        found = json.loads(text)
        if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            raise ValueError("it is no list of objects")
    except ValueError as error:
        faults.invalid(path, f"{TOLERATIONS} is no JSON list of tolerations: {error}")
        return
    scheduling.tolerations(found, (*path, TOLERATIONS), faults)


# What a spec may have that needs a look, and the look: one walk over the fields that are there.


def _dns(spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            faults.required((*path, "dnsConfig"), "dnsPolicy None needs a dnsConfig")
            return
        if not config.get("nameservers"):
            faults.required((*path, "dnsConfig", "nameservers"), "dnsPolicy None needs at least one name server")
            return
    if not config:
        return
    here = (*path, "dnsConfig")
    servers, searches = config.get("nameservers") or (), config.get("searches") or ()
    if len(servers) > 3:
        faults.invalid((*here, "nameservers"), f"{len(servers)} name servers, at most 3 are allowed")
    for i, server in enumerate(servers):
        _ip(server, (*here, "nameservers", i), scope)
    if len(searches) > 32:
        faults.invalid((*here, "searches"), f"{len(searches)} search paths, at most 32 are allowed")
    if len(" ".join(searches).encode()) > 2048:
        faults.invalid((*here, "searches"), "longer than 2048 characters with the blanks between them")
    for i, search in enumerate(searches):
        if scope.release >= RELAXED_SEARCH:
            if search != ".":
                for message in _underscored(search.removesuffix(".")):
                    faults.invalid((*here, "searches", i), message)
        else:
            for message in formats.dns_subdomain(search.removesuffix(".")):
                faults.invalid((*here, "searches", i), message)
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            faults.required((*here, "options", i), "an option needs a name")


RELAXED_SEARCH = (1, 33)
STRICT_IPS = (1, 36)
POD_RESOURCES = (1, 34)
HOSTNAME_OVERRIDE = (1, 35)


# content.IsDNS1123SubdomainWithUnderscore
_UNDERSCORED = late(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*")


def _underscored(value: str) -> list[str]:
    if "_" not in value:
        return formats.dns_subdomain(value)
    messages = ["longer than 253 characters"] if len(value) > 253 else []
    if not _UNDERSCORED.fullmatch(value):
        messages.append(f"{value!r} is no DNS subdomain: of `_` only the first character of a part, or one within it")
    return messages


def _ip(value: str, path: Path, scope: Scope) -> None:
    for message in (formats.strict_ip if scope.release >= STRICT_IPS else formats.legacy_ip)(value):
        scope.faults.invalid(path, message)


def _host_network(spec: Body, path: Path, scope: Scope) -> None:
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort")
            if host and host != port.get("containerPort"):
                scope.faults.invalid(
                    (*path, "containers", i, "ports", j, "hostPort"),
                    f"{host} must be the containerPort where hostNetwork is true",
                )


def _host_users(spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    message = "goes without hostUsers: false only"
    if spec.get("hostNetwork"):
        faults.forbidden((*path, "hostNetwork"), message)
    # The server spells these two as Go does.
    if spec.get("hostPID"):
        faults.forbidden((*path, "HostPID"), message)
    if spec.get("hostIPC"):
        faults.forbidden((*path, "HostIPC"), message)
    if not scope.tolerance.user_namespace_devices and scope.release >= (1, 35):
        for container, where in every(spec, path):
            if container.get("volumeDevices"):
                faults.forbidden((*where, "volumeDevices"), message)


def _hostname(spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    where = (*path, "hostnameOverride")
    if spec.get("setHostnameAsFQDN"):
        faults.forbidden(where, "excludes setHostnameAsFQDN: true")
    if spec.get("hostNetwork"):
        faults.forbidden(where, "excludes hostNetwork: true")


def _claims(claims: list[Body], path: Path, scope: Scope, mirror: bool) -> None:
    faults = scope.faults
    for i, claim in enumerate(claims):
        if mirror:
            faults.forbidden(("",), "a static Pod has no resource claims")
            continue
        here = (*path, "resourceClaims", i)
        name = claim.get("name") or ""
        if not name:
            faults.required((*here, "name"))
        elif name in scope.claims:
            faults.duplicate((*here, "name"), name)
        else:
            for message in formats.dns_label(name):
                faults.invalid((*here, "name"), message)
            scope.claims.add(name)
        own, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
        if own is not None and template is not None:
            faults.invalid(here, "resourceClaimName and resourceClaimTemplateName exclude one another")
        if own is None and template is None:
            faults.invalid(here, "one of resourceClaimName and resourceClaimTemplateName must be set")
        for field, value in (("resourceClaimName", own), ("resourceClaimTemplateName", template)):
            if value is not None:
                for message in formats.dns_subdomain(value):
                    faults.invalid((*here, field), message)


def _gates(spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    seen: set[str] = set()
    for i, gate in enumerate(spec.get("schedulingGates") or ()):
        name = gate.get("name") or ""
        for message in formats.qualified_name(name):
            faults.invalid((*path, "schedulingGates", i), message)
        if name in seen:
            faults.duplicate((*path, "schedulingGates", i), name)
        seen.add(name)


def spec_of(scope: Scope, path: Path, notes: Mapping[str, str], found: list[Body] | None = None) -> None:
    """Blame what is wrong with a Pod spec.

    `found` are the volumes where they are others than the spec's own, as in a StatefulSet with claim templates.
    """
    spec, faults = scope.spec, scope.faults
    if found is not None:
        scope.listed = found
    if scope.listed:
        volumes.volumes(scope.listed, (*path, "volumes"), scope)
    claims = spec.get("resourceClaims")
    if claims:
        _claims(claims, path, scope, scope.is_pod and MIRROR in notes)
        scope.claims.update(c["name"] for c in claims if c.get("name"))
    own = spec.get("containers")
    if own:
        containers.regular(own, (*path, "containers"), scope)
    else:
        faults.required((*path, "containers"), "a Pod needs at least one container")
    if "initContainers" in spec:
        containers.init(spec["initContainers"] or [], (*path, "initContainers"), scope)
    if "ephemeralContainers" in spec:
        containers.ephemeral(spec["ephemeralContainers"] or [], (*path, "ephemeralContainers"), scope)
    if spec.get("resources") is not None and scope.release >= POD_RESOURCES:
        resources.whole_pod(spec["resources"], (*path, "resources"), scope)
    if spec.get("hostNetwork"):
        _host_network(spec, path, scope)
    if "dnsConfig" in spec or spec.get("dnsPolicy") == "None":
        _dns(spec, path, scope)
    if spec.get("nodeSelector"):
        metadata.labels(spec["nodeSelector"], (*path, "nodeSelector"), faults)
    if spec.get("securityContext"):
        security.pod(spec["securityContext"], (*path, "securityContext"), scope)
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        faults.invalid((*path, "shareProcessNamespace"), "excludes hostPID: true")
    if spec.get("affinity"):
        scheduling.affinity(spec["affinity"], (*path, "affinity"), scope)
    if "schedulingGates" in spec:
        _gates(spec, path, scope)
    if spec.get("topologySpreadConstraints"):
        scheduling.spread(spec["topologySpreadConstraints"], (*path, "topologySpreadConstraints"), scope)
    if _windows(spec):
        security.host_process(spec, path, faults)
    if not scope.host_users:
        _host_users(spec, path, scope)
    if spec.get("hostnameOverride") is not None and scope.release >= HOSTNAME_OVERRIDE:
        _hostname(spec, path, scope)
    if spec.get("tolerations"):
        scheduling.tolerations(spec["tolerations"], (*path, "tolerations"), faults)
    if spec.get("overhead"):
        resources.requirements({"limits": spec["overhead"]}, (*path, "overhead"), scope)
    if spec.get("os") is not None:
        security.operating_system(spec, path, scope)
    for field in ("hostname", "subdomain"):
        if spec.get(field) and (found is None or scope.is_pod):
            for message in formats.dns_label(spec[field]):
                faults.invalid((*path, field), message)


def _windows(spec: Body) -> bool:
    context = spec.get("securityContext")
    if context and context.get("windowsOptions"):
        return True
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            context = container.get("securityContext")
            if context and context.get("windowsOptions"):
                return True
    return False


def _only_pods(spec: Body, scope: Scope) -> None:
    """What holds of Pods and not of templates."""
    faults = scope.faults
    if not spec.get("serviceAccountName") and not spec.get("serviceAccount"):
        for i, volume in enumerate(spec.get("volumes") or ()):
            for j, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
                if source.get("serviceAccountToken") is not None:
                    faults.forbidden(
                        ("spec", "volumes", i, "projected", "sources", j, "serviceAccountToken"),
                        "needs spec.serviceAccountName",
                    )
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field) or ()):
            containers.padded(container, ("spec", field, i), faults)


def create_pod(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new Pod, and warn."""
    meta, spec = body.get("metadata") or {}, body.get("spec") or {}
    notes = meta.get("annotations") or {}
    name = meta.get("name") or ""
    scope = Scope(spec, context, faults, is_pod=True, name=name)
    if notes:
        _annotations(notes, ("metadata", "annotations"), scope)
    spec_of(scope, ("spec",), notes)
    _only_pods(spec, scope)
    if spec.get("ephemeralContainers"):
        faults.forbidden(
            ("spec", "ephemeralContainers"),
            "ephemeral containers are added to a running Pod with kubectl debug, not on create",
        )
    if spec.get("nodeName") and spec.get("schedulingGates"):
        faults.forbidden(("spec", "nodeName"), "cannot be set before all schedulingGates are gone")
    if notes:
        security.agree(notes, spec, ("spec",), scope)
    warn_of_name(meta, faults)
    looks.warn(spec, meta, (), scope)


def warn_of_name(meta: Mapping[str, Any], faults: Faults) -> None:
    """Warn of a name that becomes a hostname and is no DNS label."""
    # A generated name has five random characters after at most 58 given ones.
    name = meta.get("name") or f"{(meta.get('generateName') or '')[:58]}xxxxx"
    if formats.dns_label(name):
        faults.warn(("metadata", "name"), f"{name!r} becomes part of hostnames: a DNS label is recommended")


def _default_tolerations(spec: Body) -> None:
    """What admission (DefaultTolerationSeconds) puts back when an update leaves it out."""
    found = spec.get("tolerations") or []
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(t.get("key", "") in ("", key) and t.get("effect", "") in ("", "NoExecute") for t in found):
            found = [*found, {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]
    spec["tolerations"] = found


def update_pod(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what an update may not change of a Pod."""
    meta, spec = new.get("metadata") or {}, new.get("spec") or {}
    before, stored = old.get("metadata") or {}, old.get("spec") or {}
    notes, former = meta.get("annotations") or {}, before.get("annotations") or {}
    if spec.get("resources") is None and stored.get("resources") is not None and context.since(1, 34):
        spec["resources"] = stored["resources"]
    _default_tolerations(spec)
    tolerance = tolerated(stored, former)
    scope = Scope(spec, context, faults, is_pod=True, name=meta.get("name") or "", tolerance=tolerance)
    if notes:
        _annotations(notes, ("metadata", "annotations"), scope)
    spec_of(scope, ("spec",), notes)
    _only_pods(spec, scope)
    for key in notes.keys() | former.keys():
        if notes.get(key) != former.get(key) and (key == MIRROR or key.startswith(APPARMOR)):
            faults.forbidden(("metadata", "annotations", MapKey(key)), "cannot be changed once the Pod exists")
    if notes:
        _annotations(notes, ("metadata", "annotations"), scope)
    mutable_only(spec, stored, scope)


def template(
    found: Body,
    path: Path,
    context: Context,
    faults: Faults,
    *,
    tolerance: Tolerance = NOTHING,
    listed: list[Body] | None = None,
) -> None:
    """Blame what is wrong with a Pod template, without warnings; `listed` are other volumes than its own."""
    meta, spec = found.get("metadata") or {}, found.get("spec") or {}
    notes = meta.get("annotations") or {}
    if meta.get("labels"):
        metadata.labels(meta["labels"], (*path, "labels"), faults)
    scope = Scope(spec, context, faults, tolerance=tolerance)
    if notes:
        metadata.annotation_map(notes, (*path, "annotations"), faults)
        _annotations(notes, (*path, "annotations"), scope)
    where = (*path, "spec")
    spec_of(scope, where, notes, listed)
    if notes:
        security.agree(notes, spec, where, scope)
    if spec.get("ephemeralContainers"):
        faults.forbidden(
            (*where, "ephemeralContainers"),
            "ephemeral containers are added to running Pods with kubectl debug, and stand in no template",
        )


def template_annotations(found: Body, path: Path, context: Context, faults: Faults) -> None:
    """Blame labels and annotations of a template once more, as the server does for StatefulSets."""
    meta = found.get("metadata") or {}
    notes = meta.get("annotations") or {}
    if meta.get("labels"):
        metadata.labels(meta["labels"], (*path, "labels"), faults)
    if notes:
        metadata.annotation_map(notes, (*path, "annotations"), faults)
        _annotations(notes, (*path, "annotations"), Scope(found.get("spec") or {}, context, faults))


def warn_of_template(found: Body, path: Path, context: Context, faults: Faults) -> None:
    """Warn of what is in a Pod template."""
    spec = found.get("spec") or {}
    looks.warn(spec, found.get("metadata") or {}, path, Scope(spec, context, faults))


def validate_pod_template(found: Body, path: Path, context: Context, faults: Faults, old: Body | None = None) -> None:
    """Blame what is wrong with a Pod template and warn; `old` is the stored one, which an update may keep as it is."""
    tolerance = NOTHING
    if old is not None:
        former = (old.get("metadata") or {}).get("annotations") or {}
        tolerance = tolerated(old.get("spec") or {}, former)
    template(found, path, context, faults, tolerance=tolerance)
    if old is None or not same(found, old):
        warn_of_template(found, path, context, faults)


def create_pod_template(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new PodTemplate."""
    validate_pod_template(body.get("template") or {}, ("template",), context, faults)


def update_pod_template(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with the new content of a PodTemplate."""
    validate_pod_template(new.get("template") or {}, ("template",), context, faults, old.get("template") or {})
