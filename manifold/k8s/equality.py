"""When the API server takes two values for the same: apimachinery's `equality.Semantic`.

Nothing, an empty list and an empty map are one; quantities are compared by value. An empty object is not nothing where Go
holds a pointer to a struct.
"""

from __future__ import annotations

from typing import Any

from manifold.k8s.pods import amount

_AMOUNTS = frozenset(("limits", "requests", "overhead", "capacity", "allocatable", "hard", "allocatedResources"))
# Fields that hold such a pointer wherever they stand, and nowhere a map (a test compares them with the schemas).
POINTERS = frozenset(
    [
        "active",
        "affinity",
        "aggregationRule",
        "appArmorProfile",
        "applyConfiguration",
        "assigned",
        "attachError",
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "boundObjectRef",
        "capabilities",
        "cephfs",
        "cinder",
        "claimRef",
        "clientIP",
        "clusterTrustBundle",
        "config",
        "configMap",
        "configMapKeyRef",
        "configMapRef",
        "configSource",
        "controllerExpandSecretRef",
        "controllerPublishSecretRef",
        "conversion",
        "csi",
        "dataSource",
        "dataSourceRef",
        "defaultBackend",
        "deleteOptions",
        "detachError",
        "details",
        "deviceSelector",
        "disruptionMode",
        "distinguisherMethod",
        "dnsConfig",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "exactly",
        "exec",
        "exempt",
        "exitCodes",
        "extendedResourceClaimStatus",
        "externalDocs",
        "fc",
        "features",
        "fieldRef",
        "fieldSelector",
        "fileKeyRef",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "gitRepo",
        "glusterfs",
        "group",
        "grpc",
        "healthStatus",
        "hints",
        "hostPath",
        "http",
        "httpGet",
        "image",
        "inlineVolumeSpec",
        "ipBlock",
        "iscsi",
        "jsonPatch",
        "labelSelector",
        "lastKnownGood",
        "lifecycle",
        "limited",
        "linux",
        "livenessProbe",
        "local",
        "mapping",
        "matchConstraints",
        "matchResources",
        "modifyVolumeStatus",
        "namespaceSelector",
        "nfs",
        "nodeAffinity",
        "nodeExpandSecretRef",
        "nodePublishSecretRef",
        "nodeStageSecretRef",
        "nodeTopology",
        "nonResourceAttributes",
        "not",
        "objectSelector",
        "onExitCodes",
        "openAPIV3Schema",
        "ordinals",
        "os",
        "paramKind",
        "paramRef",
        "persistentVolumeClaim",
        "persistentVolumeClaimRetentionPolicy",
        "photonPersistentDisk",
        "pod",
        "podAffinity",
        "podAntiAffinity",
        "podCertificate",
        "podFailurePolicy",
        "podPreemptionPolicy",
        "portworxVolume",
        "postStart",
        "preStop",
        "preconditions",
        "projected",
        "queuing",
        "quobyte",
        "rbd",
        "readinessProbe",
        "related",
        "requestPolicy",
        "required",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "resourceAttributes",
        "resourceFieldRef",
        "rollingUpdate",
        "running",
        "scale",
        "scaleIO",
        "scheduling",
        "schedulingGroup",
        "schema",
        "scopeSelector",
        "seLinuxOptions",
        "seccompProfile",
        "secret",
        "secretKeyRef",
        "secretRef",
        "securityContext",
        "series",
        "service",
        "serviceAccount",
        "serviceAccountToken",
        "sessionAffinityConfig",
        "shardInfo",
        "shareableSummary",
        "sleep",
        "startupProbe",
        "storageos",
        "subresources",
        "successPolicy",
        "swap",
        "targetRef",
        "tcpSocket",
        "terminated",
        "typeChecking",
        "uncountedTerminatedPods",
        "validRange",
        "valueFrom",
        "volumeClaimTemplate",
        "volumeStatus",
        "vsphereVolume",
        "waiting",
        "webhook",
        "windowsOptions",
    ]
)
_AMOUNT = frozenset(("sizeLimit", "divisor"))


def same(one: Any, other: Any) -> bool:
    """Whether two values (of the same field) are the same to the server."""
    if one is other or one == other:
        return True
    if one.__class__ is dict and other.__class__ is dict:
        for key in one.keys() | other.keys():
            a, b = one.get(key), other.get(key)
            if a == b:
                continue
            if not a and not b and _empty(a) and _empty(b):
                if key in POINTERS and (a is None) != (b is None):
                    return False
                continue
            if key not in POINTERS and (a is None or b is None) and _hollow(a if b is None else b):
                continue
            if key in _AMOUNTS and isinstance(a, dict) and isinstance(b, dict) and _of_amounts(a) and _of_amounts(b):
                if a.keys() != b.keys() or any(not _amounts(a[name], b[name]) for name in a):
                    return False
            elif key in _AMOUNT:
                if not _amounts(a or "0", b or "0"):
                    return False
            elif not same(a, b):
                return False
        return True
    if one.__class__ is list and other.__class__ is list:
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return _empty(one) and _empty(other)


def _of_amounts(value: dict[str, Any]) -> bool:
    """Whether it is a map of amounts; some types have objects under the same names."""
    return not any(v.__class__ in (dict, list) for v in value.values())


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}


def _hollow(value: Any) -> bool:
    """Whether nothing is written in it: a struct that Go has, be it named or not."""
    if value.__class__ is dict:
        return all(_hollow(v) and (v is None or k not in POINTERS) for k, v in value.items())
    return _empty(value)


def _amounts(a: Any, b: Any) -> bool:
    try:
        return amount(a) == amount(b)
    except (ValueError, TypeError):
        return bool(a == b)
