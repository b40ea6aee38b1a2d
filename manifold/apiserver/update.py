"""What the server does to an update before it validates it: server-owned fields put back, allocated ones kept.

Sources: kubernetes v1.37.2, `rest.BeforeUpdate` (k8s.io/apiserver/pkg/registry/rest) and `PrepareForUpdate` of the kinds'
strategies (pkg/registry); for Services `patchAllocatedValues`, `normalizeClusterIPs` and `dropTypeDependentFields`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from manifold import assets
from manifold.apiserver.context import Context
from manifold.apiserver.create import claim_sources, once_each, service_account
from manifold.apiserver.decode import ALLOCATED, copy
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Kind, Type
from manifold.k8s.equality import same
from manifold.k8s.formats import dns_subdomain

Body = dict[str, Any]

# metadata that an update need not repeat
_KEPT = (
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
)
# (group, kind) -> fields of the main endpoint that always stay as they are
_FROZEN: dict[tuple[str, str], tuple[str, ...]] = {
    ("certificates.k8s.io", "CertificateSigningRequest"): ("spec",),
}
# Kinds whose status is no subresource: it is written like any other field.
_STATUS_IS_WRITTEN = frozenset((("", "ComponentStatus"),))


def frozen(kind: Kind) -> tuple[str, ...]:
    """The fields of an object that an update through the main endpoint leaves as they are."""
    key = (kind.group, kind.kind)
    if kind.custom is not None:
        return ("status",) if kind.custom.has_status(kind.version) else ()
    names = _FROZEN.get(key, ())
    return (*names, "status") if "status" in kind.type.fields and key not in _STATUS_IS_WRITTEN else names


@cache
def _versioned() -> frozenset[tuple[str, str]]:
    lines = assets.table("schemas", "immutable.yaml")["versioned-updates"]
    return frozenset((line["group"], line["kind"]) for line in lines)


def versions(new: Body, old: Body, kind: Kind, faults: Faults) -> None:
    """Blame an update of another version than the stored one, and of none where the kind asks for it.

    A stored object without a version, as in a snapshot, takes any.
    """
    stored = (old.get("metadata") or {}).get("resourceVersion")
    meta = new.get("metadata")
    given = meta.get("resourceVersion") if isinstance(meta, dict) else None
    path = ("metadata", "resourceVersion")
    if not stored or given == stored:
        return
    if given and given != "0":  # 0 is any version
        faults.add("Conflict", path, f"the object has changed since: its version is {stored}", rule="api/conflict")
    elif kind.custom is not None or (kind.group, kind.kind) in _versioned():
        faults.invalid(path, "an update of this kind must say which version of the object it changes")


def without_owned(body: Body, kind: Kind, stored: Body | None = None) -> Body:
    """`body` without the fields that the server takes from the stored object, where they say the same as that.

    What they say otherwise is decoded and then forgotten. Of an update `stored` is the object as it is: what is sent in
    place of its time must still be one (or `<time>`, as previews and snapshots write it), or is blamed.
    """
    whole = stored or body
    kept = frozen(kind)
    out = {k: v for k, v in body.items() if k not in kept or v != whole.get(k)}
    meta = out.get("metadata")
    if isinstance(meta, dict):
        own = whole.get("metadata") or {}
        out["metadata"] = {
            k: v
            for k, v in meta.items()
            if not (k == "managedFields" and v == own.get(k))
            and not (k == "creationTimestamp" and (v == own.get(k) or (isinstance(v, str) and v[:1] == "<")))
        }
    return out


def put_owned(body: Body, stored: Body, kind: Kind) -> None:
    """Give a decoded object back what `without_owned` left out; in place."""
    for name in frozen(kind):
        if name in stored:
            body[name] = _shaped(stored[name], kind.type.fields[name].type)
    meta = kind.type.fields["metadata"].type
    for name in ("creationTimestamp", "managedFields"):
        if name in (stored.get("metadata") or {}):
            body.setdefault("metadata", {})[name] = _shaped(stored["metadata"][name], meta.fields[name].type)


def _shaped(value: Any, type: Type) -> Any:
    """A copy of what is stored, without what has not even the shape of its type: texts stay, `<time>` for a time too."""
    if type.shape in ("object", "map"):
        if not isinstance(value, dict):
            return None
        inner = {k: type.items if type.shape == "map" else f.type if (f := type.fields.get(k)) else None for k in value}
        found = {k: copy(v) if (t := inner[k]) is None else _shaped(v, t) for k, v in value.items()}
        return {k: v for k, v in found.items() if v is not None or value[k] is None}
    if type.shape == "list":
        if not isinstance(value, list) or type.items is None:
            return None
        return [v for v in (_shaped(item, type.items) for item in value) if v is not None]
    if isinstance(value, dict | list):
        return copy(value) if type.shape in ("any", "raw") or type.shape.startswith("schema-or") else None
    return value


def prepare(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Bring `new`, decoded and defaulted, to the form in which the server validates it against `old`; in place."""
    kind = context.kind
    key = (kind.group, kind.kind)
    meta, before = new.setdefault("metadata", {}), old.get("metadata") or {}
    if not kind.namespaced:
        meta.pop("namespace", None)
    if len(meta.get("ownerReferences") or ()) > 1:
        once_each(meta, faults)
    for name in _KEPT:
        if name in before and not meta.get(name):
            meta[name] = before[name]
    for name in ("creationTimestamp", "generation", "deletionTimestamp"):
        if before.get(name) is not None:
            meta[name] = before[name]
    for name in frozen(kind):
        if name in old:
            new[name] = old[name]
        else:
            new.pop(name, None)
    own = _OWN.get(key)
    if own is not None:
        own(new, old)


def _namespace(new: Body, old: Body) -> None:
    finalizers = (old.get("spec") or {}).get("finalizers")
    if finalizers is not None:
        new.setdefault("spec", {})["finalizers"] = finalizers
    elif "spec" in new:
        new["spec"].pop("finalizers", None)


_WITH_NODE_PORTS = frozenset(("NodePort", "LoadBalancer"))


def _needs_node_port(spec: Body) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def _needs_health_port(spec: Body) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _external(spec: Body) -> bool:
    return spec.get("type") in ("LoadBalancer", "NodePort") or (
        spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def _service(new_body: Body, old_body: Body) -> None:
    new, old = new_body.setdefault("spec", {}), old_body.get("spec") or {}
    has_ip = old.get("type") != "ExternalName"
    wants_ip = new.get("type") != "ExternalName"
    if has_ip and wants_ip:
        if not new.get("clusterIP") and old.get("clusterIP"):
            new["clusterIP"] = old["clusterIP"]
        if not new.get("clusterIPs") and old.get("clusterIPs"):
            new["clusterIPs"] = list(old["clusterIPs"])
        known = new.get("clusterIP") != "None"  # families follow from addresses, where there are any
        if (
            known
            and not new.get("ipFamilies")
            and old.get("ipFamilies")
            and new.get("clusterIPs") == old.get("clusterIPs")
        ):
            new["ipFamilies"] = list(old["ipFamilies"])
    if _needs_node_port(old) and _needs_node_port(new):
        _keep_node_ports(new, old)
    if (
        _needs_health_port(old)
        and _needs_health_port(new)
        and not new.get("healthCheckNodePort")
        and old.get("healthCheckNodePort")
    ):
        new["healthCheckNodePort"] = old["healthCheckNodePort"]
    _align_cluster_ips(new, old)
    if wants_ip:
        _one_stack(new, old)
    if has_ip and not wants_ip:
        if new.get("clusterIP") == old.get("clusterIP") and new.get("clusterIPs") == old.get("clusterIPs"):
            new.pop("clusterIP", None)
            new.pop("clusterIPs", None)
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if new.get(name) == old.get(name):
                new.pop(name, None)
    # By the type alone: a load balancer that wants no further ones keeps those that it has.
    if old.get("type") in _WITH_NODE_PORTS and new.get("type") not in _WITH_NODE_PORTS:
        ports = {p.get("nodePort") for p in old.get("ports") or () if p.get("nodePort")}
        ours = {p.get("nodePort") for p in new.get("ports") or () if p.get("nodePort")}
        if ours <= ports:
            for port in new.get("ports") or ():
                port.pop("nodePort", None)
    if (
        _needs_health_port(old)
        and not _needs_health_port(new)
        and new.get("healthCheckNodePort") == old.get("healthCheckNodePort")
    ):
        new.pop("healthCheckNodePort", None)
    if old.get("type") == "LoadBalancer" and new.get("type") != "LoadBalancer":
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if new.get(name) == old.get(name):
                new.pop(name, None)
    if _external(old) and not _external(new) and new.get("externalTrafficPolicy") == old.get("externalTrafficPolicy"):
        new.pop("externalTrafficPolicy", None)
    if new.get("type") != "LoadBalancer" and (new_body.get("status") or {}).get("loadBalancer"):
        new_body["status"] = {**new_body["status"], "loadBalancer": {}}


def _keep_node_ports(new: Body, old: Body) -> None:
    before = {p.get("nodePort") for p in old.get("ports") or () if p.get("nodePort")}
    after = {p.get("nodePort") for p in new.get("ports") or () if p.get("nodePort")}
    used = before & after
    by_name = {p.get("name", ""): p.get("nodePort") for p in old.get("ports") or ()}
    for port in new.get("ports") or ():
        if not port.get("nodePort"):
            known = by_name.get(port.get("name", ""))
            if known and known not in used:
                port["nodePort"] = known


def _one_stack(new: Body, old: Body) -> None:
    """The policy stays where none is sent; one stack, asked for alone, gives up the second address and family.

    pkg/registry/core/service/storage/alloc.go: initIPFamilyFields.
    """
    if not new.get("ipFamilyPolicy") and old.get("ipFamilyPolicy"):
        new["ipFamilyPolicy"] = old["ipFamilyPolicy"]
    if new.get("ipFamilyPolicy") == "SingleStack":
        for name in ("clusterIPs", "ipFamilies"):
            if new.get(name) and new[name] == old.get(name):
                new[name] = new[name][:1]


def _align_cluster_ips(new: Body, old: Body) -> None:
    if old.get("clusterIPs") and not new.get("clusterIPs") and old.get("clusterIP") == new.get("clusterIP"):
        new["clusterIPs"] = list(old["clusterIPs"])
    if old.get("clusterIP") != new.get("clusterIP") and new.get("clusterIPs") == old.get("clusterIPs"):
        if old.get("clusterIP") and not new.get("clusterIP"):
            new.pop("clusterIPs", None)
        elif new.get("clusterIP"):
            new["clusterIPs"] = [new["clusterIP"]]


def _claim(new: Body, old: Body) -> None:
    claim_sources(new.get("spec") or {}, old.get("spec") or {})


def _daemon_set(new: Body, old: Body) -> None:
    """The old count of template changes lives on as an annotation (pkg/apis/apps/v1/conversion.go)."""
    name = "deprecated.daemonset.template.generation"
    before = ((old.get("metadata") or {}).get("annotations") or {}).get(name)
    if before is None or not before.isdecimal():
        return
    sent = (new["metadata"].get("annotations") or {}).get(name)
    if sent is not None and not _INTEGER.fullmatch(sent):
        return  # validation blames it
    changed = not same((old.get("spec") or {}).get("template"), (new.get("spec") or {}).get("template"))
    new["metadata"].setdefault("annotations", {})[name] = str(int(before) + changed)


_INTEGER = re.compile(r"[+-]?[0-9]+")


def _endpoint_slice(new: Body, old: Body) -> None:
    """The former topology cannot be written any more (pkg/registry/discovery/endpointslice/strategy.go).

    A node that only it names is named by the field for it.
    """
    if same(new.get("endpoints"), old.get("endpoints")):
        return
    host = "kubernetes.io/hostname"
    named = {(e.get("deprecatedTopology") or {}).get(host) for e in old.get("endpoints") or ()} - {None, ""}
    for endpoint in new.get("endpoints") or ():
        node = (endpoint.pop("deprecatedTopology", None) or {}).get(host)
        if node and node in named and endpoint.get("nodeName") is None and not dns_subdomain(node):
            endpoint["nodeName"] = node


def _taint_rule(new: Body, old: Body) -> None:
    """A taint with another effect is added anew, unless its time is changed as well (registry/resource/devicetaintrule)."""
    before, after = ((b.get("spec") or {}).get("taint") or {} for b in (old, new))
    if before.get("effect") != after.get("effect") and before.get("timeAdded") == after.get("timeAdded"):
        after["timeAdded"] = f"{ALLOCATED}>"


def _definition(new: Body, old: Body) -> None:
    """The version that is stored from now on is noted (apiextensions-apiserver pkg/registry/customresourcedefinition)."""
    versions = (new.get("spec") or {}).get("versions") or ()
    status = new.get("status") or {}
    stored = list(status.get("storedVersions") or ())
    chosen = next((v.get("name") or "" for v in versions if v.get("storage")), None)
    if chosen is not None and chosen not in stored:
        new["status"] = {**status, "storedVersions": [*stored, chosen]}


_OWN: dict[tuple[str, str], Callable[[Body, Body], None]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "ServiceAccount"): lambda new, old: service_account(new),
    ("apps", "DaemonSet"): _daemon_set,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
    ("resource.k8s.io", "DeviceTaintRule"): _taint_rule,
}
