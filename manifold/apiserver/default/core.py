"""Defaults of the core group that depend on more than one field.

Source: kubernetes v1.37.2 pkg/apis/core/v1/defaults.go, pkg/util/parsers (image names).
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context

Body = dict[str, Any]

_SOURCES = frozenset(("name",))


def pull_policy(image: str) -> str:
    """Always for the tag latest and for no tag at all; IfNotPresent for any other tag and for a digest."""
    name, at, _ = image.partition("@")
    tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""
    if at and not tag:
        return "IfNotPresent"
    return "Always" if not tag or tag == "latest" else "IfNotPresent"


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


TYPES = {
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
    spec = body.setdefault("spec", {})
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:  # Convert_v1_Pod_To_core_Pod
        spec["terminationGracePeriodSeconds"] = 1
    labels = (body.get("metadata") or {}).get("labels")
    if labels and context.operation == "create" and ("affinity" in spec or "topologySpreadConstraints" in spec):
        merge_label_keys(spec, labels, context)
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


def merge_label_keys(spec: Body, labels: Body, context: Context) -> None:
    """Write the Pod's own labels that `matchLabelKeys` and `mismatchLabelKeys` name into their selectors.

    kubernetes v1.37.2 pkg/registry/core/pod: mutatePodAffinity, mutateTopologySpreadConstraints; on create only.
    """
    terms: list[Body] = []
    if context.since(1, 31):
        affinity = spec.get("affinity") or {}
        for field in ("podAffinity", "podAntiAffinity"):
            found = affinity.get(field) or {}
            for weighted in found.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
                terms.append(weighted.get("podAffinityTerm") or {})
            terms += found.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    if context.since(1, 34):
        terms += spec.get("topologySpreadConstraints") or ()
    for term in terms:
        selector = term.get("labelSelector")
        if selector is None:
            continue
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            added = [
                {"key": key, "operator": operator, "values": [labels[key]]}
                for key in term.get(field) or ()
                if key in labels
            ]
            if added:
                selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *added]


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


DEFAULTS = {
    "Pod": pod,
    "ReplicationController": replication_controller,
    "Namespace": namespace,
    "Secret": secret,
}
