"""What the server does to a new object before it validates it: status emptied, labels and selectors made, values picked.

Source: kubernetes v1.37.2, `PrepareForCreate` of the kinds' strategies (pkg/registry), and for Services the allocation in
pkg/registry/core/service/storage. What the server picks by itself is `<allocated>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.decode import ALLOCATED as PREFIX
from manifold.apiserver.faults import Faults
from manifold.k8s import pods
from manifold.k8s.pods import APPARMOR, apparmor_profile, qos_class

Body = dict[str, Any]
ALLOCATED = f"{PREFIX}>"
# What stands for the server's random suffix and uid while an object is validated, for which `<allocated>` would not do;
# `allocate` puts the word in their place.
SUFFIX = "zzzzz"
UID = "00000000-0000-0000-0000-000000000000"
_WIPED = ("deletionTimestamp", "deletionGracePeriodSeconds")
# Kinds whose status is written like any other field, or is the answer.
_STATUS_STAYS = frozenset((("", "Node"), ("", "ComponentStatus")))
_REVIEWS = frozenset(("authentication.k8s.io", "authorization.k8s.io"))
_FIRST_STATUS: dict[tuple[str, str], Body] = {
    ("", "Namespace"): {"phase": "Active"},
    ("", "PersistentVolume"): {"phase": "Pending", "lastPhaseTransitionTime": ALLOCATED},
    ("", "PersistentVolumeClaim"): {"phase": "Pending"},
}


# Who asks, where the answer depends on it: an administrator.
REQUESTER: Body = {"username": "admin", "uid": "admin", "groups": ["system:masters", "system:authenticated"]}


def prepare(body: Body, context: Context, faults: Faults) -> None:
    """Bring a decoded and defaulted object to the form in which the server validates it; in place."""
    kind = context.kind
    key = (kind.group, kind.kind)
    meta = body.setdefault("metadata", {})
    if not kind.namespaced:
        meta.pop("namespace", None)
    for name in _WIPED:  # rest.BeforeCreate
        meta.pop(name, None)
    if len(meta.get("ownerReferences") or ()) > 1:
        once_each(meta, faults)
    if kind.custom is not None:
        if kind.custom.has_status(kind.version):
            body.pop("status", None)
        return
    if "status" in kind.type.fields and kind.group not in _REVIEWS and key not in _STATUS_STAYS:
        body.pop("status", None)
        if key in _FIRST_STATUS:
            body["status"] = dict(_FIRST_STATUS[key])
    if not context.enabled("ImageVolume") and (found := pods.template(body)) is not None:
        _no_image_volumes(found[0].get("spec") or {})
    if key == ("", "Pod"):
        spec, labels = body.get("spec") or {}, meta.get("labels")
        if labels and ("affinity" in spec or "topologySpreadConstraints" in spec):
            _merge_label_keys(spec, labels, context)
        if context.since(1, 34):
            _whole_pod(spec, context)
        else:
            _apparmor_notes(body)
    own = _OWN.get(key)
    if own is not None:
        own(body)


def _no_image_volumes(spec: Body) -> None:
    """Image volumes, and mounts of them, are dropped while their gate is off; in place (pkg/api/pod: dropImageVolumes)."""
    names = {v.get("name") for v in spec.get("volumes") or () if v.get("image") is not None}
    if not names:
        return
    spec["volumes"] = [v for v in spec["volumes"] if v.get("image") is None]
    for part in pods.CONTAINER_LISTS:
        for container in spec.get(part) or ():
            if container.get("volumeMounts"):
                container["volumeMounts"] = [m for m in container["volumeMounts"] if m.get("name") not in names]


def once_each(meta: Body, faults: Faults) -> None:
    """Owner references, each once, with a warning (endpoints/handlers: dedupOwnerReferencesAndAddWarning); in place."""
    kept: list[Any] = []
    for reference in meta["ownerReferences"]:
        if reference not in kept:
            kept.append(reference)
    if len(kept) < len(meta["ownerReferences"]):
        meta["ownerReferences"] = kept
        faults.warn(
            ("metadata", "ownerReferences"), "an owner is named twice: the server keeps one, and may refuse it one day"
        )


def allocate(body: Body, context: Context) -> None:
    """Write what the server picks by itself: names, addresses, ports; in place."""
    key = (context.kind.group, context.kind.kind)
    if context.operation == "update":
        if key == ("", "Service"):
            _addresses(body.get("spec") or {})
        elif key == ("", "Pod"):
            _token_volume(body.get("spec") or {}, f"kube-api-access-{SUFFIX}", f"kube-api-access-{ALLOCATED}")
        elif key == ("batch", "Job"):
            _job_uid(body)
        return
    meta = body.setdefault("metadata", {})
    if meta.get("name") == UID or (not meta.get("name") and meta.get("generateName")):
        meta["name"] = ALLOCATED
    if context.kind.custom is not None:
        return
    if key == ("", "Service"):
        _addresses(body.get("spec") or {})
    elif key == ("", "Pod"):
        _token_volume(body.get("spec") or {}, f"kube-api-access-{SUFFIX}", f"kube-api-access-{ALLOCATED}")
        if context.since(1, 30):
            _apparmor(body)
    elif key == ("batch", "Job"):
        _job_uid(body)


def unpick(body: Body, context: Context) -> None:
    """Put into a decoded object that was previewed before what stands for the server's choices while it is validated.

    The other way round from `allocate`; in place.
    """
    meta = body.get("metadata") or {}
    kind = context.kind
    if meta.get("name") == ALLOCATED and context.operation == "create":
        del meta["name"]
    if kind.kind == "Pod" and kind.group == "":
        _token_volume(body.get("spec") or {}, f"kube-api-access-{ALLOCATED}", f"kube-api-access-{SUFFIX}")
    elif kind.kind == "Job" and kind.group == "batch":
        generated = _generated(meta.get("generateName", ""))
        for labels in _job_labels(body):
            for name, value in labels.items():
                if value == ALLOCATED:
                    labels[name] = UID if name.endswith("controller-uid") else generated


def _token_volume(spec: Body, name: str, written: str) -> None:
    """Give the volume of a Pod's token another name."""
    for volume in spec.get("volumes") or ():
        if volume.get("name") == name:
            volume["name"] = written
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or ():
            for mount in container.get("volumeMounts") or ():
                if mount.get("name") == name:
                    mount["name"] = written


def _job_uid(body: Body) -> None:
    """A Job's uid stands in its selector, its labels and its template's; a generated name in the labels."""
    generated = _generated((body.get("metadata") or {}).get("generateName", ""))
    for labels in _job_labels(body):
        for key in ("controller-uid", "batch.kubernetes.io/controller-uid"):
            if labels.get(key) == UID:
                labels[key] = ALLOCATED
        for key in ("job-name", "batch.kubernetes.io/job-name"):
            if labels.get(key) == generated:
                labels[key] = ALLOCATED


def _job_labels(body: Body) -> list[Body]:
    """The maps of labels in which a Job's uid and name stand."""
    spec = body.get("spec") or {}
    maps = (
        (body.get("metadata") or {}).get("labels"),
        ((spec.get("template") or {}).get("metadata") or {}).get("labels"),
        (spec.get("selector") or {}).get("matchLabels"),
    )
    return [labels for labels in maps if labels]


def _pod(body: Body) -> None:
    try:
        quality = qos_class(body.get("spec") or {})
    except ValueError:  # a quantity that is none is blamed elsewhere
        return
    body["status"] = {"phase": "Pending", "qosClass": quality}
    if (body.get("spec") or {}).get("schedulingGates"):
        waiting = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": ALLOCATED}
        message = "Scheduling is blocked due to non-empty scheduling gates"
        body["status"]["conditions"] = [{**waiting, "reason": "SchedulingGated", "message": message}]


def _whole_pod(spec: Body, context: Context) -> None:
    """What a Pod asks for as a whole, where it says so in part: the rest comes from its containers.

    pkg/api/pod: DefaultPodLevelResources; before 1.37 pkg/apis/core/v1: defaultPodRequests, which sets no limits.
    """
    resources = spec.get("resources") or {}
    requests, limits = dict(resources.get("requests") or {}), dict(resources.get("limits") or {})
    if not requests and not limits:
        return
    most = pods.container_limits(spec)
    for name, total in most.items():
        if name.startswith("hugepages-") and name not in requests:
            limits.setdefault(name, str(total))
    if limits or context.since(1, 37):
        for name, total in pods.container_requests(spec).items():
            if name in ("cpu", "memory"):
                requests.setdefault(name, str(total))
        for name, amount in limits.items():
            if pods.pod_level(name):
                requests.setdefault(name, amount)
    if context.since(1, 37):
        for name, amount in requests.items():
            limited = all(name in ((c.get("resources") or {}).get("limits") or {}) for c, _ in pods.containers(spec))
            if pods.pod_level(name) and name not in limits and limited and name in most:
                limits[name] = amount if pods.amount(amount) > most[name] else str(most[name])
    spec["resources"] = {
        **resources,
        **({"limits": limits} if limits else {}),
        **({"requests": requests} if requests else {}),
    }


def _merge_label_keys(spec: Body, labels: Body, context: Context) -> None:
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


def _apparmor(body: Body) -> None:
    """Annotations that once were AppArmor profiles become fields; after validation, which warns of the annotations."""
    notes = (body.get("metadata") or {}).get("annotations") or {}
    spec = body.get("spec") or {}
    if not any(key.startswith(APPARMOR) for key in notes) or (spec.get("os") or {}).get("name") == "windows":
        return
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or ():
            profile = apparmor_profile(notes.get(f"{APPARMOR}{container.get('name')}", ""))
            context = container.get("securityContext") or {}
            if profile is not None and profile != own and context.get("appArmorProfile") is None:
                container["securityContext"] = {**context, "appArmorProfile": profile}


_PROFILES = {"Unconfined": "unconfined", "RuntimeDefault": "runtime/default", "Localhost": "localhost/"}


def _apparmor_notes(body: Body) -> None:
    """AppArmor profiles are written as annotations besides, for nodes older than the fields: until 1.34; in place."""
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for container, _ in pods.containers(spec):
        key = f"{APPARMOR}{container.get('name') or ''}"
        profile = (container.get("securityContext") or {}).get("appArmorProfile") or own or {}
        value = _PROFILES.get(profile.get("type") or "")
        if value and value.endswith("/"):
            name = profile.get("localhostProfile")
            value = None if name is None else value + name
        if value and key not in (meta.get("annotations") or {}):
            meta["annotations"] = {**(meta.get("annotations") or {}), key: value}


def _generated(prefix: str) -> str:
    """A name as the server makes it of a prefix (apiserver/pkg/storage/names): at most 63 characters."""
    return prefix[: 63 - len(SUFFIX)] + SUFFIX


def _job(body: Body) -> None:
    """The labels by which a Job knows its Pods, and the selector, unless the user sees to it."""
    spec = body.get("spec") or {}
    template = spec.setdefault("template", {})
    spec.setdefault("manualSelector", False)
    if spec["manualSelector"]:
        return
    meta = body.get("metadata") or {}
    name = meta.get("name") or _generated(meta.get("generateName", ""))
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    uid = {"controller-uid": UID, "batch.kubernetes.io/controller-uid": UID}
    for key, value in {**uid, "job-name": name, "batch.kubernetes.io/job-name": name}.items():
        labels.setdefault(key, value)
    selector = spec.setdefault("selector", {})
    selector["matchLabels"] = {"batch.kubernetes.io/controller-uid": UID, **(selector.get("matchLabels") or {})}


def _limit_range(body: Body) -> None:
    """A LimitRange without a name, given or generated, gets a uid for one (pkg/registry/core/limitrange)."""
    if not body["metadata"].get("name") and not body["metadata"].get("generateName"):
        body["metadata"]["name"] = UID


def _namespace(body: Body) -> None:
    spec = body.setdefault("spec", {})
    finalizers = spec.setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _daemon_set(body: Body) -> None:
    annotations, key = body["metadata"].setdefault("annotations", {}), "deprecated.daemonset.template.generation"
    text = annotations.get(key)
    # What is no number is blamed by validation.
    if text is None or (text.lstrip("+-").isdecimal() and int(text) < 1):
        annotations[key] = "1"


def _endpoint_slice(body: Body) -> None:
    for endpoint in body.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def _is_volume_source(source: Body) -> bool:
    """Whether `dataSource` may hold it: claims and snapshots only; all else is dropped (pkg/api/persistentvolumeclaim)."""
    group, kind = source.get("apiGroup") or "", source.get("kind")
    return (group, kind) in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def service_account(body: Body) -> None:
    """Of the Secrets that an account names only the names are kept; in place."""
    if body.get("secrets"):
        body["secrets"] = [{"name": s["name"]} if s.get("name") else {} for s in body["secrets"]]


def _signing_request(body: Body) -> None:
    """Who asks, the server writes itself (pkg/registry/certificates/certificates)."""
    spec = body.setdefault("spec", {})
    for name in ("username", "uid", "groups", "extra"):
        spec.pop(name, None)
    spec.update(username=REQUESTER["username"], uid=REQUESTER["uid"], groups=list(REQUESTER["groups"]))


def claim_sources(spec: Body, old: Body | None = None) -> None:
    """The two spellings of a claim's source follow one another; what none may be is dropped; in place."""
    old = old or {}
    if (spec.get("dataSourceRef") or {}).get("namespace") and old.get("dataSourceRef") is None:
        spec.pop("dataSourceRef")  # CrossNamespaceVolumeDataSource is off
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    used = old.get("dataSource") is not None or old.get("dataSourceRef") is not None
    if source is not None and reference is None and not used and not _is_volume_source(source):
        del spec["dataSource"]
        source = None
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


def _claim(body: Body) -> None:
    claim_sources(body.get("spec") or {})


def _service(body: Body) -> None:
    spec = body.get("spec") or {}
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _addresses(spec: Body) -> None:
    kind = spec.get("type")
    if kind == "ExternalName":
        spec.pop("internalTrafficPolicy", None)  # it may be written, and is not shown
        return
    headless = spec.get("clusterIP") == "None"
    policy = spec.get("ipFamilyPolicy")
    families = list(spec.get("ipFamilies") or ())
    for address in () if headless else spec.get("clusterIPs") or ():
        if address == ALLOCATED and families:
            continue
        family = "IPv6" if ":" in address else "IPv4"
        if family not in families:
            families.append(family)
    if policy is None:
        policy = "RequireDualStack" if len(families) == 2 else "SingleStack"
        if headless and not spec.get("selector"):
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


def _api_service(body: Body) -> None:
    """One that the server serves itself is there at once (kube-aggregator pkg/registry/apiservice)."""
    if (body.get("spec") or {}).get("service") is None:
        body["status"] = {
            "conditions": [
                {
                    "type": "Available",
                    "status": "True",
                    "lastTransitionTime": ALLOCATED,
                    "reason": "Local",
                    "message": "Local APIServices are always available",
                }
            ]
        }


def _node(body: Body) -> None:
    """Where a Node would get its configuration from is no more (pkg/registry/core/node/strategy.go: dropDisabledFields)."""
    for part, name in (("spec", "configSource"), ("status", "config")):
        if isinstance(body.get(part), dict):
            body[part].pop(name, None)


def _definition(body: Body) -> None:
    """The versions that are stored: the one that the definition says."""
    versions = (body.get("spec") or {}).get("versions") or ()
    stored = [v.get("name") or "" for v in versions if isinstance(v, dict) and v.get("storage")]
    if stored:
        body["status"] = {"storedVersions": stored[:1]}


_OWN: dict[tuple[str, str], Callable[[Body], None]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("", "Pod"): _pod,
    ("", "LimitRange"): _limit_range,
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("", "Service"): _service,
    ("", "ServiceAccount"): service_account,
    ("certificates.k8s.io", "CertificateSigningRequest"): _signing_request,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
}
