"""What the server does to a new object before it validates it: status emptied, labels and selectors made, values picked.

Source: kubernetes v1.37.2, `PrepareForCreate` of the kinds' strategies (pkg/registry), and for Services the allocation in
pkg/registry/core/service/storage. What the server picks by itself is `<allocated>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.decode import ALLOCATED as PREFIX
from manifold.k8s.pods import qos_class

Body = dict[str, Any]
ALLOCATED = f"{PREFIX}>"
# Kinds whose status is written like any other field, or is the answer.
_STATUS_STAYS = frozenset((("", "Node"), ("", "ComponentStatus")))
_REVIEWS = frozenset(("authentication.k8s.io", "authorization.k8s.io"))
_FIRST_STATUS: dict[tuple[str, str], Body] = {
    ("", "Namespace"): {"phase": "Active"},
    ("", "PersistentVolume"): {"phase": "Pending", "lastPhaseTransitionTime": ALLOCATED},
    ("", "PersistentVolumeClaim"): {"phase": "Pending"},
}


def prepare(body: Body, context: Context) -> None:
    """Bring a decoded and defaulted object to the form in which the server validates it; in place."""
    kind = context.kind
    key = (kind.group, kind.kind)
    meta = body.setdefault("metadata", {})
    if not kind.namespaced:
        meta.pop("namespace", None)
    if kind.custom is not None:
        if kind.custom.has_status(kind.version):
            body.pop("status", None)
        return
    if "status" in kind.type.fields and kind.group not in _REVIEWS and key not in _STATUS_STAYS:
        body.pop("status", None)
        if key in _FIRST_STATUS:
            body["status"] = dict(_FIRST_STATUS[key])
    own = _OWN.get(key)
    if own is not None:
        own(body)


def allocate(body: Body, context: Context) -> None:
    """Write what the server picks by itself: names, addresses, ports; in place."""
    meta = body.setdefault("metadata", {})
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = ALLOCATED
    if context.kind.custom is None and (context.kind.group, context.kind.kind) == ("", "Service"):
        _addresses(body.get("spec") or {})


def _pod(body: Body) -> None:
    try:
        quality = qos_class(body.get("spec") or {})
    except ValueError:  # a quantity that is none is blamed elsewhere
        return
    body["status"] = {"phase": "Pending", "qosClass": quality}


def _job(body: Body) -> None:
    """The labels by which a Job knows its Pods, and the selector, unless the user sees to it."""
    spec = body.get("spec") or {}
    template = spec.get("template")
    if spec.get("manualSelector") or not isinstance(template, dict) or spec.get("selector") is not None:
        return
    name = (body.get("metadata") or {}).get("name") or ALLOCATED
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    uid = {"controller-uid": ALLOCATED, "batch.kubernetes.io/controller-uid": ALLOCATED}
    for key, value in {**uid, "job-name": name, "batch.kubernetes.io/job-name": name}.items():
        labels.setdefault(key, value)
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": ALLOCATED}}


def _namespace(body: Body) -> None:
    spec = body.setdefault("spec", {})
    finalizers = spec.setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _daemon_set(body: Body) -> None:
    body["metadata"].setdefault("annotations", {})["deprecated.daemonset.template.generation"] = "1"


def _endpoint_slice(body: Body) -> None:
    for endpoint in body.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def _claim(body: Body) -> None:
    """The two spellings of a claim's source follow one another."""
    spec = body.get("spec") or {}
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


def _service(body: Body) -> None:
    spec = body.get("spec") or {}
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _addresses(spec: Body) -> None:
    kind = spec.get("type")
    if kind == "ExternalName":
        return
    headless = spec.get("clusterIP") == "None"
    policy = spec.get("ipFamilyPolicy")
    families = list(spec.get("ipFamilies") or ())
    for address in () if headless else spec.get("clusterIPs") or ():
        family = "IPv6" if ":" in address else "IPv4"
        if family not in families:
            families.append(family)
    if policy is None:
        policy = "RequireDualStack" if len(families) == 2 else "SingleStack"
        if headless and not spec.get("selector") and not spec.get("ipFamilies"):
            policy = "RequireDualStack"
    if not families:
        families = ["IPv4"]
    if policy in ("PreferDualStack", "RequireDualStack") and len(families) == 1:
        families.append("IPv4" if families[0] == "IPv6" else "IPv6")
    spec["ipFamilyPolicy"], spec["ipFamilies"] = policy, families
    if not headless:
        addresses = list(spec.get("clusterIPs") or ())
        addresses += [ALLOCATED] * (len(families) - len(addresses))
        spec["clusterIPs"], spec["clusterIP"] = addresses, addresses[0]
    wants_ports = kind == "NodePort" or (
        kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )
    if wants_ports:
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = ALLOCATED
    if kind == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local" and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = ALLOCATED


_OWN: dict[tuple[str, str], Callable[[Body], None]] = {
    ("", "Pod"): _pod,
    ("", "Namespace"): _namespace,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
}
