"""Defaults of the core group that depend on more than one field.

Source: kubernetes v1.37.2 pkg/apis/core/v1/defaults.go, pkg/util/parsers (image names).
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.k8s.images import parse

Body = dict[str, Any]

_SOURCES = frozenset(("name",))
_INIT_CONTAINERS = frozenset(
    f"pod.{stage}.kubernetes.io/init-container{what}" for stage in ("alpha", "beta") for what in ("s", "-statuses")
)


def pull_policy(image: str) -> str:
    """Always for the tag latest and for no tag at all; IfNotPresent for any other, for a digest and for what is no image."""
    found = parse(image)
    if found is None or (found.digest and not found.tag):
        return "IfNotPresent"
    return "Always" if found.tag in ("", "latest") else "IfNotPresent"


def container(value: Body) -> None:
    """The pull policy of a container's image."""
    if not value.get("imagePullPolicy"):
        value["imagePullPolicy"] = pull_policy(value.get("image") or "")


def image_volume(value: Body) -> None:
    """The pull policy of an image volume."""
    if not value.get("pullPolicy"):
        value["pullPolicy"] = pull_policy(value.get("reference") or "")


def volume(value: Body) -> None:
    """A volume without a source is an emptyDir."""
    if value.keys() <= _SOURCES:
        value["emptyDir"] = {}


def pod_spec(value: Body) -> None:
    """The deprecated alias follows the field, or stands for it."""
    if value.get("serviceAccountName"):
        value["serviceAccount"] = value["serviceAccountName"]
    elif value.get("serviceAccount"):
        value["serviceAccountName"] = value["serviceAccount"]


def service_spec(value: Body) -> None:
    """Traffic policies, affinity and ports of a Service."""
    kind = value.get("type") or "ClusterIP"
    if value.get("sessionAffinity") == "ClientIP":
        config = value.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            value["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    elif value.get("sessionAffinity") in (None, "None"):
        value.pop("sessionAffinityConfig", None)
    for port in value.get("ports") or ():
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and value.get("externalIPs"))
    if external and not value.get("externalTrafficPolicy"):
        value["externalTrafficPolicy"] = "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer") and value.get("internalTrafficPolicy") is None:
        value["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer" and value.get("allocateLoadBalancerNodePorts") is None:
        value["allocateLoadBalancerNodePorts"] = True


def limit_item(value: Body) -> None:
    """A limit range's defaults for containers: from max, then from one another, then from min."""
    if value.get("type") != "Container":
        return
    defaults = dict(value.get("default") or {})
    for name, amount in (value.get("max") or {}).items():
        defaults.setdefault(name, amount)
    requests = dict(value.get("defaultRequest") or {})
    for name, amount in defaults.items():
        requests.setdefault(name, amount)
    for name, amount in (value.get("min") or {}).items():
        requests.setdefault(name, amount)
    if defaults:
        value["default"] = defaults
    if requests:
        value["defaultRequest"] = requests


def template(value: Body) -> None:
    """Annotations that once were init containers are dropped (pkg/apis/core/v1/conversion.go)."""
    notes = (value.get("metadata") or {}).get("annotations")
    if notes and not _INIT_CONTAINERS.isdisjoint(notes):
        value["metadata"]["annotations"] = {k: v for k, v in notes.items() if k not in _INIT_CONTAINERS}


def node_spec(value: Body) -> None:
    """The first range is written twice, and the single field wins (Convert_v1_NodeSpec_To_core_NodeSpec)."""
    first, ranges = value.get("podCIDR"), value.get("podCIDRs")
    if first and (not ranges or ranges[0] != first):
        value["podCIDRs"] = [first]
    elif ranges and not first:
        value["podCIDR"] = ranges[0]


def node_status(value: Body) -> None:
    """All that a new Node has may be allocated, where it does not say otherwise."""
    if value.get("allocatable") is None and value.get("capacity") is not None:
        value["allocatable"] = dict(value["capacity"])


TYPES = {
    "core.v1.NodeStatus": node_status,
    "core.v1.PodTemplateSpec": template,
    "core.v1.NodeSpec": node_spec,
    "core.v1.Container": container,
    "core.v1.EphemeralContainer": container,
    "core.v1.ImageVolumeSource": image_volume,
    "core.v1.Volume": volume,
    "core.v1.PodSpec": pod_spec,
    "core.v1.ServiceSpec": service_spec,
    "core.v1.LimitRangeItem": limit_item,
}


def _containers(spec: Body) -> list[Body]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def pod(body: Body, context: Context) -> None:
    """What only Pods get, not templates: requests from limits, host ports, service links."""
    template(body)
    spec = body.setdefault("spec", {})
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:  # Convert_v1_Pod_To_core_Pod
        spec["terminationGracePeriodSeconds"] = 1
    for one in _containers(spec):
        resources = one.get("resources") or {}
        limits = resources.get("limits")
        if limits:
            requests = dict(resources.get("requests") or {})
            for name, amount in limits.items():
                requests.setdefault(name, amount)
            one["resources"] = {**resources, "requests": requests}
        if spec.get("hostNetwork"):
            for port in one.get("ports") or ():
                if not port.get("hostPort") and port.get("containerPort"):
                    port["hostPort"] = port["containerPort"]


def replication_controller(body: Body, context: Context) -> None:
    """Selector and labels come from the template's labels."""
    spec = body.get("spec") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        meta = body.setdefault("metadata", {})
        if not meta.get("labels"):
            meta["labels"] = dict(labels)


def namespace(body: Body, context: Context) -> None:
    """The label with its own name."""
    meta = body.setdefault("metadata", {})
    if meta.get("name"):
        meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta["name"]


def secret(body: Body, context: Context) -> None:
    """stringData is written into data."""
    plain = body.pop("stringData", None)
    if plain:
        import base64

        data = body.setdefault("data", {})
        for name, text in plain.items():
            data[name] = base64.b64encode((text or "").encode("utf-8", "surrogatepass")).decode()


def persistent_volume(body: Body, context: Context) -> None:
    """What a PersistentVolume gets, and the volume that a VolumeAttachment describes does not."""
    spec = body.setdefault("spec", {})
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"


DEFAULTS = {
    "PersistentVolume": persistent_volume,
    "Pod": pod,
    "ReplicationController": replication_controller,
    "Namespace": namespace,
    "Secret": secret,
}
