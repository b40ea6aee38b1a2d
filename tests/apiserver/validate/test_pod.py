"""What a Pod is blamed for: the paths and reasons of kube-apiserver 1.37.2."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold.apiserver.faults import (
    DUPLICATE,
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    NOT_SUPPORTED,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
)
from manifold.apiserver.server import Server
from manifold.model import spell

Body = dict[str, Any]
Blamed = list[tuple[str, str]]


def pod(spec: Body | None = None, container: Body | None = None, **meta: Any) -> Body:
    """A Pod that is fine but for what is given."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", **meta},
        "spec": {"containers": [{"name": "c", "image": "i", **(container or {})}], **(spec or {})},
    }


def blamed(body: Body, version: str | None = None) -> Blamed:
    """The faults of a create, as (path, reason), sorted; warnings left out."""
    faults = Server(version).create(body).faults
    return sorted((spell(f.path), f.reason) for f in faults if not f.warning)


def warned(body: Body) -> list[str]:
    """The paths that a create warns of."""
    return [spell(f.path) for f in Server().create(body).faults if f.warning]


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
ZONE = {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1}

CONTAINERS: list[tuple[Body, Blamed]] = [
    ({}, []),
    ({"name": "Up"}, [("name", INVALID)]),
    ({"image": ""}, [("image", REQUIRED)]),
    ({"image": " i"}, [("image", INVALID)]),
    ({"imagePullPolicy": "Sometimes"}, [("imagePullPolicy", NOT_SUPPORTED)]),
    ({"ports": [{"containerPort": 70000}]}, [("ports[0].containerPort", INVALID)]),
    ({"ports": [{"name": "http"}]}, [("ports[0].containerPort", REQUIRED)]),
    (
        {"ports": [{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]},
        [("ports[1].name", DUPLICATE)],
    ),
    (
        {"ports": [{"containerPort": 1, "hostPort": 5}, {"containerPort": 2, "hostPort": 5}]},
        [("ports[1].hostPort", DUPLICATE)],
    ),
    ({"env": [{"value": "x"}]}, [("env[0].name", REQUIRED)]),
    ({"env": [{"name": "a=b"}]}, [("env[0].name", INVALID)]),
    (
        {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        [("env[0].valueFrom", INVALID)],
    ),
    ({"env": [{"name": "A", "valueFrom": {}}]}, [("env[0].valueFrom", INVALID)]),
    (
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}]},
        [("env[0].valueFrom.fieldRef.fieldPath", NOT_SUPPORTED)],
    ),
    (
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}]},
        [("env[0].valueFrom.fieldRef.fieldPath", INVALID)],
    ),
    ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a b']"}}}]},
        [("env[0].valueFrom.fieldRef", INVALID)]),
    (
        {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}}]},
        [("env[0].valueFrom.resourceFieldRef.divisor", INVALID)],
    ),
    (
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"key": "k"}}}]},
        [("env[0].valueFrom.secretKeyRef.name", INVALID)],
    ),
    ({"envFrom": [{}]}, [("envFrom", INVALID)]),
    ({"envFrom": [{"secretRef": {}}]}, [("envFrom[0].secretRef.name", REQUIRED)]),
    ({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}, [("volumeMounts[0].name", NOT_FOUND)]),
    ({"livenessProbe": {"periodSeconds": 5}}, [("livenessProbe", REQUIRED)]),
    (
        {"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
        [("livenessProbe.successThreshold", INVALID)],
    ),
    (
        {"readinessProbe": {"exec": {"command": ["a"]}, "terminationGracePeriodSeconds": 5}},
        [("readinessProbe.terminationGracePeriodSeconds", INVALID)],
    ),
    ({"startupProbe": {"httpGet": {"port": "no_name"}}}, [("startupProbe.httpGet.port", INVALID)]),
    (
        {"livenessProbe": {"exec": {}, "tcpSocket": {"port": 80}}},
        [("livenessProbe.exec.command", REQUIRED), ("livenessProbe.tcpSocket", FORBIDDEN)],
    ),
    ({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}, [("lifecycle.preStop.sleep", INVALID)]),
    ({"lifecycle": {"stopSignal": "NOSUCH"}}, []),
    ({"resources": {"limits": {"cpu": "-1"}}}, [("resources.limits[cpu]", INVALID), ("resources.requests[cpu]", INVALID)]),
    ({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}, [("resources.requests", INVALID)]),
    ({"resources": {"requests": {"example.com/gpu": "1"}}}, [("resources.limits", REQUIRED)]),
    (
        {"resources": {"requests": {"hugepages-2Mi": "2Mi"}, "limits": {"hugepages-2Mi": "2Mi"}}},
        [("resources", FORBIDDEN)],
    ),
    (
        {"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}},
        [("resources.limits[hugepages-2Mi]", INVALID), ("resources.requests[hugepages-2Mi]", INVALID)],
    ),
    ({"resources": {"claims": [{"name": "a"}]}}, [("resources.claims[0]", NOT_FOUND)]),
    (
        {"resizePolicy": [{"resourceName": "disk", "restartPolicy": "NotRequired"}]},
        [("resizePolicy", NOT_SUPPORTED)],
    ),
    (
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
        [("securityContext", INVALID)],
    ),
    ({"securityContext": {"runAsUser": -1}}, [("securityContext.runAsUser", INVALID)]),
    ({"securityContext": {"procMount": "Unmasked"}}, [("securityContext.procMount", INVALID)]),
    (
        {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
        [("securityContext.seccompProfile.localhostProfile", REQUIRED)],
    ),
    (
        {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": "x"}}},
        [("securityContext.appArmorProfile.localhostProfile", INVALID)],
    ),
    (
        {"securityContext": {"windowsOptions": {"runAsUserName": "a\\b\\c"}}},
        [("securityContext.windowsOptions.runAsUserName", INVALID)],
    ),
    (
        {"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]},
        [("restartPolicy", REQUIRED)],
    ),
    (
        {"restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart"}] * 21},
        sorted(
            [("restartPolicyRules", TOO_MANY), *((f"restartPolicyRules[{i}].exitCodes", REQUIRED) for i in range(21))]
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("container", "expected"), CONTAINERS)
def test_containers(container: Body, expected: Blamed) -> None:
    """One container, one mistake; paths are below `spec.containers[0]`."""
    assert blamed(pod(container=container)) == [(f"spec.containers[0].{path}", reason) for path, reason in expected]


VOLUMES: list[tuple[Body, Blamed]] = [
    ({"emptyDir": {}}, []),
    ({}, []),
    ({"emptyDir": {}, "configMap": {}}, [("configMap", FORBIDDEN)]),
    ({"emptyDir": {"sizeLimit": "-1"}}, [("emptyDir.sizeLimit", FORBIDDEN)]),
    ({"hostPath": {"path": "/a/../b"}}, [("hostPath.path", INVALID)]),
    ({"hostPath": {"path": "/a", "type": "Dir"}}, [("hostPath.type", NOT_SUPPORTED)]),
    ({"secret": {"secretName": "s", "defaultMode": 512}}, [("secret.defaultMode", INVALID)]),
    ({"configMap": {"name": "c", "items": [{"key": "k", "path": "../x"}]}}, [("configMap.items[0].path", INVALID)]),
    ({"nfs": {"server": "s", "path": "x"}}, [("nfs.path", INVALID)]),
    ({"gcePersistentDisk": {"pdName": "d", "partition": 256}}, [("persistentDisk.partition", INVALID)]),
    ({"persistentVolumeClaim": {}}, [("persistentVolumeClaim.claimName", REQUIRED)]),
    ({"downwardAPI": {"items": [{"path": "x"}]}}, [("downwardAPI", REQUIRED)]),
    (
        {"projected": {"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]}},
        [("projected.sources[0]", FORBIDDEN)],
    ),
    (
        {"projected": {"sources": [{"configMap": {"name": "c", "items": [{"key": "a", "path": "p"}] * 2}}]}},
        [("projected", INVALID)],
    ),
    (
        {"projected": {"sources": [{"clusterTrustBundle": {"path": "p"}}]}},
        [("projected.sources[0].clusterTrustBundle", REQUIRED)],
    ),
    ({"csi": {"driver": "Not_A_Name"}}, [("csi.driver", INVALID)]),
    ({"csi": {"driver": "d" * 64}}, [("csi.driver", TOO_LONG)]),
    ({"ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}}, []),
    (
        {"ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "x"}, "spec": {}}}},
        [
            ("ephemeral.volumeClaimTemplate.metadata.name", FORBIDDEN),
            ("ephemeral.volumeClaimTemplate.spec.accessModes", REQUIRED),
            ("ephemeral.volumeClaimTemplate.spec.resources[storage]", REQUIRED),
        ],
    ),
    ({"image": {}}, [("image.reference", REQUIRED)]),
    ({"azureDisk": {"diskName": "d", "diskURI": "x", "kind": "Managed"}}, [("azureDisk.diskURI", NOT_SUPPORTED)]),
    ({"iscsi": {"targetPortal": "p", "iqn": "bad", "lun": 300}}, [("iscsi.iqn", INVALID), ("iscsi.lun", INVALID)]),
    ({"rbd": {"image": "i", "monitors": []}}, [("rbd.monitors", REQUIRED)]),
    ({"flexVolume": {"driver": "d", "options": {"a.k8s.io/b": ""}}}, [("flexVolume.options[a.k8s.io/b]", INVALID)]),
]


@pytest.mark.parametrize(("volume", "expected"), VOLUMES)
def test_volumes(volume: Body, expected: Blamed) -> None:
    """One volume, one mistake; paths are below `spec.volumes[0]`."""
    body = pod({"volumes": [{"name": "v", **volume}]})
    assert blamed(body) == [(f"spec.volumes[0].{path}", reason) for path, reason in expected]


def test_mount_of_an_invalid_volume() -> None:
    """The server does not know a volume that it has blamed."""
    body = pod({"volumes": [{"name": "v", "hostPath": {}}]}, {"volumeMounts": [{"name": "v", "mountPath": "/v"}]})
    assert blamed(body) == [
        ("spec.containers[0].volumeMounts[0].name", NOT_FOUND),
        ("spec.volumes[0].hostPath.path", REQUIRED),
    ]


def test_mounts() -> None:
    """Paths are mounted once; sub-paths are blamed without the mount's index."""
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v", "subPath": "/a"}]
    body = pod({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumeMounts": mounts})
    assert blamed(body) == [
        ("spec.containers[0].volumeMounts.subPath", INVALID),
        ("spec.containers[0].volumeMounts[1].mountPath", INVALID),
    ]


SPECS: list[tuple[Body, Blamed]] = [
    ({"containers": []}, [("containers", REQUIRED)]),
    ({"restartPolicy": "Sometimes"}, [("restartPolicy", NOT_SUPPORTED)]),
    ({"dnsPolicy": "None"}, [("dnsConfig", REQUIRED)]),
    ({"dnsConfig": {"nameservers": ["1.1.1.1"] * 4}}, [("dnsConfig.nameservers", INVALID)]),
    ({"dnsConfig": {"nameservers": ["01.1.1.1"]}}, [("dnsConfig.nameservers[0]", INVALID)]),
    ({"dnsConfig": {"searches": [".", "a_b.c", "-"]}}, [("dnsConfig.searches[2]", INVALID)]),
    ({"nodeSelector": {"a b": "x"}}, [("nodeSelector", INVALID)]),
    ({"hostname": "a.b"}, [("hostname", INVALID)]),
    ({"hostnameOverride": "h", "hostNetwork": True}, [("hostnameOverride", FORBIDDEN)]),
    ({"hostUsers": False, "hostPID": True}, [("HostPID", FORBIDDEN)]),
    ({"hostPID": True, "shareProcessNamespace": True}, [("shareProcessNamespace", INVALID)]),
    ({"activeDeadlineSeconds": 0}, [("activeDeadlineSeconds", INVALID)]),
    ({"schedulingGates": [{"name": "a"}, {"name": "a"}]}, [("schedulingGates[1]", DUPLICATE)]),
    ({"schedulingGates": [{"name": "a"}], "nodeName": "n"}, [("nodeName", FORBIDDEN)]),
    ({"readinessGates": [{"conditionType": "a b"}]}, [("readinessGates[0].conditionType", INVALID)]),
    ({"tolerations": [{"operator": "Equal"}]}, [("tolerations[0].operator", INVALID)]),
    ({"tolerations": [{"key": "a", "operator": "Gt", "value": "1"}]}, [("tolerations[0].operator", NOT_SUPPORTED)]),
    ({"tolerations": [{"key": "a", "tolerationSeconds": 1}]}, [("tolerations[0].effect", INVALID)]),
    ({"hostAliases": [{"ip": "x", "hostnames": ["a b"]}]},
        [("hostAliases[0].hostnames[0]", INVALID), ("hostAliases[0].ip", INVALID)]),
    ({"os": {"name": "plan9"}}, [("os", NOT_SUPPORTED)]),
    ({"os": {"name": "windows"}, "securityContext": {"fsGroup": 1}}, [("securityContext.fsGroup", FORBIDDEN)]),
    ({"securityContext": {"sysctls": [{"name": "A B"}]}}, [("securityContext.sysctls[0].name", INVALID)]),
    (
        {"hostNetwork": True, "securityContext": {"sysctls": [{"name": "net.ipv4.ip_forward", "value": "1"}]}},
        [("securityContext.sysctls[0].name", INVALID)],
    ),
    ({"resourceClaims": [{"name": "a"}]}, [("resourceClaims[0]", INVALID)]),
    ({"resources": {"limits": {"cpu": "1"}, "claims": [{"name": "x"}]}},
        [("resources.claims", FORBIDDEN), ("resources.claims[0]", NOT_FOUND)]),
    ({"overhead": {"cpu": "-1"}}, [("overhead.limits[cpu]", INVALID)]),
    ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}},
        [("affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey", INVALID),
         ("affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey", REQUIRED)]),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}},
        [("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms", REQUIRED)]),
    ({"topologySpreadConstraints": [ZONE, ZONE]},
        [("topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}", DUPLICATE)]),
    ({"topologySpreadConstraints": [{**ZONE, "maxSkew": 0}]}, [("topologySpreadConstraints[0].maxSkew", INVALID)]),
    ({"topologySpreadConstraints": [{**ZONE, "matchLabelKeys": ["app"]}]},
        [("topologySpreadConstraints[0].matchLabelKeys", FORBIDDEN)]),
    ({"ephemeralContainers": [{"name": "e", "image": "i"}]}, [("ephemeralContainers", FORBIDDEN)]),
    ({"initContainers": [{"name": "c", "image": "i", "lifecycle": {}}]},
        [("initContainers[0].lifecycle", FORBIDDEN), ("initContainers[0].name", DUPLICATE)]),
    ({"initContainers": [{"name": "s", "image": "i", "restartPolicy": "Always",
        "livenessProbe": {"tcpSocket": {"port": 80}}}]}, []),
    ({"volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
        [("volumes[0].projected.sources[0].serviceAccountToken", FORBIDDEN)]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "expected"), SPECS)
def test_specs(spec: Body, expected: Blamed) -> None:
    """One Pod spec, one mistake; paths are below `spec`."""
    assert blamed(pod(spec)) == sorted((f"spec.{path}", reason) for path, reason in expected)


def test_annotations() -> None:
    """Annotations that once were fields are still looked at."""
    notes = {
        "controller.kubernetes.io/pod-deletion-cost": "007",
        "container.apparmor.security.beta.kubernetes.io/none": "wild",
    }
    assert blamed(pod(annotations=notes)) == [
        ("metadata.annotations[container.apparmor.security.beta.kubernetes.io/none]", INVALID),
        ("metadata.annotations[container.apparmor.security.beta.kubernetes.io/none]", INVALID),
        ("metadata.annotations[controller.kubernetes.io/pod-deletion-cost]", INVALID),
    ]


WARNED: list[tuple[Body, list[str]]] = [
    (pod(), []),
    (pod(name="a.b"), ["metadata.name"]),
    (pod({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}), ["spec.nodeSelector[beta.kubernetes.io/os]"]),
    (pod({"topologySpreadConstraints": [ZONE]}), ["spec.topologySpreadConstraints[0].labelSelector"]),
    (pod({"volumes": [{"name": "g", "gitRepo": {"repository": "r"}}]}), ["spec.volumes[0].gitRepo"]),
    (pod({"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}), ["spec.imagePullSecrets[1].name"]),
    (pod(container={"resources": {"requests": {"memory": "100m"}}}), ["spec.containers[0].resources.requests[memory]"]),
    (pod(container={"env": [{"name": "A"}, {"name": "A", "value": "x"}]}), ["spec.containers[0].env[1]"]),
    (pod(container={"env": [{"name": "A"}, {"name": "A", "value": "$(A)x"}]}), []),
    (pod(container={"ports": [{"containerPort": 1}, {"containerPort": 1}]}), ["spec.containers[0].ports[1]"]),
]


@pytest.mark.parametrize(("body", "expected"), WARNED)
def test_warnings(body: Body, expected: list[str]) -> None:
    """What is taken with a Warning header."""
    body["metadata"].setdefault("name", "p")
    assert warned(body) == expected


def test_older_releases() -> None:
    """Rules hold from their release on."""
    restarts = pod(container={"restartPolicy": "Never"})
    assert blamed(restarts) == []
    assert blamed(restarts, "1.33") == [("spec.containers[0].restartPolicy", FORBIDDEN)]
    zeros = pod({"hostAliases": [{"ip": "010.0.0.1"}]})
    assert blamed(zeros) == [("spec.hostAliases[0].ip", INVALID)]
    assert blamed(zeros, "1.33") == []


def changed(change: Any, **spec: Any) -> Blamed:
    """What a PUT is blamed for that makes `change` to a Pod."""
    old = pod(spec)
    new = copy.deepcopy(old)
    change(new["spec"])
    return sorted((spell(f.path), f.reason) for f in Server().update(old, new).faults if not f.warning)


def test_image_may_change() -> None:
    """A new image restarts the container in place."""
    assert changed(lambda s: s["containers"][0].update(image="j")) == []


def test_most_of_a_pod_is_fixed() -> None:
    """Anything else is forbidden, and blamed on the whole spec."""
    assert changed(lambda s: s["containers"][0].update(args=["x"])) == [("spec", FORBIDDEN)]
    assert changed(lambda s: s["containers"].append({"name": "d", "image": "i"})) == [("spec.containers", FORBIDDEN)]


def test_deadline_only_shrinks() -> None:
    """activeDeadlineSeconds may come nearer, not go away."""
    assert changed(lambda s: s.update(activeDeadlineSeconds=5), activeDeadlineSeconds=9) == []
    assert changed(lambda s: s.update(activeDeadlineSeconds=9), activeDeadlineSeconds=5) == [
        ("spec.activeDeadlineSeconds", INVALID)
    ]


def test_tolerations_are_added() -> None:
    """A toleration can be added, not taken away."""
    one, two = {"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}
    assert changed(lambda s: s["tolerations"].append(two), tolerations=[one]) == []
    assert changed(lambda s: s.update(tolerations=[two]), tolerations=[one]) == [("spec.tolerations", FORBIDDEN)]


def test_gated_pods_may_be_narrowed() -> None:
    """Before its gates are gone a Pod takes more node labels."""
    gates = [{"name": "g"}]
    assert changed(lambda s: s.update(nodeSelector={"a": "b"}), schedulingGates=gates) == []
    assert changed(lambda s: s.update(nodeSelector={"a": "b"})) == [("spec", FORBIDDEN)]


def test_stored_mistakes_are_kept() -> None:
    """An update passes with what is stored, though it would be refused anew."""
    bad = {"containers": [{"name": "c", "image": "i", "securityContext": {
        "allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}]}  # fmt: skip
    assert blamed(pod(bad)) == [("spec.containers[0].securityContext", INVALID)]
    assert changed(lambda s: s["containers"][0].update(image="j"), **bad) == []
