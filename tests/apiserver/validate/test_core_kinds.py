"""The core group's kinds besides Pods: what is refused, and where."""

from typing import Any

import pytest
from manifold import api
from manifold.model import Severity


def causes(text: str) -> set[tuple[str, str]]:
    """(reason, path) of what the server refuses in `text`."""
    return {(d.reason, d.path) for d in api.validate(text) if d.rejects}


def warned(text: str) -> set[str]:
    """The paths of what the server warns of."""
    return {d.path for d in api.validate(text) if d.severity is Severity.WARNING}


def body(kind: str, **fields: Any) -> str:
    """An object of the core group in JSON."""
    import json

    meta = {"name": "a", **fields.pop("metadata", {})}
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": meta, **fields})


PORT = {"port": 80}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({}, ("FieldValueRequired", "spec.ports")),
        ({"ports": [PORT, PORT]}, ("FieldValueDuplicate", "spec.ports[1]")),
        ({"ports": [PORT, PORT]}, ("FieldValueRequired", "spec.ports[0].name")),
        (
            {"ports": [{"port": 80, "nodePort": 80}], "type": "NodePort"},
            ("FieldValueInvalid", "spec.ports[0].nodePort"),
        ),
        ({"ports": [{"port": 80, "nodePort": 30000}]}, ("FieldValueForbidden", "spec.ports[0].nodePort")),
        ({"ports": [PORT], "clusterIP": "None", "type": "NodePort"}, ("FieldValueInvalid", "spec.clusterIPs[0]")),
        ({"type": "ExternalName"}, ("FieldValueRequired", "spec.externalName")),
        ({"ports": [PORT], "ipFamilies": ["IPv4", "IPv6"]}, ("FieldValueInvalid", "spec.ipFamilyPolicy")),
        ({"ports": [PORT], "externalTrafficPolicy": "Local"}, ("FieldValueInvalid", "spec.externalTrafficPolicy")),
        ({"ports": [PORT], "externalIPs": ["127.0.0.1"]}, ("FieldValueInvalid", "spec.externalIPs[0]")),
        (
            {"ports": [PORT], "loadBalancerSourceRanges": ["10.0.0.0/8"]},
            ("FieldValueForbidden", "spec.LoadBalancerSourceRanges"),
        ),
    ],
)
def test_services(spec: dict[str, Any], found: tuple[str, str]) -> None:
    """Ports, addresses, families and types go together, or are refused in the server's words for the place."""
    assert found in causes(body("Service", spec=spec))


def node_ports(*ports: dict[str, Any]) -> dict[str, Any]:
    return {"type": "NodePort", "ports": [{"name": f"p{i}", **p} for i, p in enumerate(ports)]}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (
            {"clusterIP": "10.0.0.300"},
            {("FieldValueInvalid", "spec.clusterIPs[0]")},
        ),
        (
            {"ports": [PORT, PORT], "ipFamilies": ["IPv4", "IPv6"]},
            {("FieldValueInvalid", "spec.ipFamilyPolicy")},
        ),
        (
            node_ports({"port": 1, "nodePort": 30001}, {"port": 2, "nodePort": 30001}),
            {("FieldValueInvalid", "spec.ports[1].nodePort")},
        ),
        (
            node_ports({"port": 1, "nodePort": 30001}, {"port": 1, "protocol": "UDP"}),
            set(),
        ),
        (
            node_ports({"port": 1}, {"port": 1}),
            {("FieldValueDuplicate", "spec.ports[1].nodePort"), ("FieldValueDuplicate", "spec.ports[1]")},
        ),
    ],
)
def test_a_service_is_given_addresses_and_ports_first(spec: dict[str, Any], found: set[tuple[str, str]]) -> None:
    """Where that fails the server looks no further: the rest is told, as what it comes to later.

    Equal ports of two protocols share a node port.
    """
    assert {(d.reason, d.path) for d in api.validate(body("Service", spec=spec)) if d.rejects} == found


def dual(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {
            "ports": [PORT],
            "clusterIP": "10.96.0.7",
            "clusterIPs": ["10.96.0.7", "fd00:96::7"],
            "ipFamilies": ["IPv4", "IPv6"],
            "ipFamilyPolicy": "RequireDualStack",
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"ipFamilyPolicy": "SingleStack"}, set()),
        ({"clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"]}, {"spec.ipFamilyPolicy"}),
        ({"clusterIPs": ["fd00:96::7", "10.96.0.7"]}, {"spec.clusterIPs", "spec.clusterIPs[0]", "spec.clusterIPs[1]"}),
        ({"ipFamilies": ["IPv6", "IPv4"]}, {"spec.clusterIPs[0]", "spec.clusterIPs[1]"}),
    ],
)
def test_a_service_gives_up_its_second_address_with_the_policy(spec: dict[str, Any], found: set[str]) -> None:
    """SingleStack alone releases what was given; otherwise families and addresses fit one another."""
    assert {d.path for d in api.update(dual(), dual(**spec)) if d.rejects} == found


def test_the_metadata_of_an_event_matters_where_nothing_else_is_wrong() -> None:
    """The server looks at the event itself first."""
    owners = {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "", "uid": "u"}]}
    event = {"involvedObject": {"namespace": "default"}}
    assert causes(body("Event", metadata=owners, **event)) == {
        ("FieldValueRequired", "metadata.ownerReferences[0].name")
    }
    event["involvedObject"]["namespace"] = "other"
    assert causes(body("Event", metadata=owners, **event)) == {("FieldValueInvalid", "involvedObject.namespace")}


def test_a_generation_sent_with_an_update_does_not_count() -> None:
    """The server writes the stored one's."""
    assert not [d for d in api.update(dual(), {**dual(), "metadata": {"name": "a", "generation": -1}}) if d.rejects]


def test_a_good_service_passes() -> None:
    """With defaults all around."""
    assert causes(body("Service", spec={"ports": [PORT], "type": "LoadBalancer"})) == set()


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({}, ("FieldValueRequired", "spec.accessModes")),
        ({"capacity": {"cpu": "1"}}, ("FieldValueNotSupported", "spec.capacity")),
        ({"local": {"path": "/a/../b"}}, ("FieldValueInvalid", "spec.local.path")),
        ({"local": {"path": "/a"}}, ("FieldValueRequired", "spec.nodeAffinity")),
        ({"nfs": {"server": "s", "path": "/"}, "hostPath": {"path": "/"}}, ("FieldValueForbidden", "spec.nfs")),
        ({"gcePersistentDisk": {}}, ("FieldValueRequired", "spec.persistentDisk.pdName")),
    ],
)
def test_persistent_volumes(spec: dict[str, Any], found: tuple[str, str]) -> None:
    """One source, one capacity, ways of access."""
    assert found in causes(body("PersistentVolume", spec=spec))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (body("ConfigMap", data={"a b": "x"}), ("FieldValueInvalid", "data[a b]")),
        (body("ConfigMap", data={"a": "x" * 1048577}), ("FieldValueTooLong", "[]")),
        (body("ConfigMap", data={"a": "x"}, binaryData={"a": "AAAA"}), ("FieldValueInvalid", "data[a]")),
        (body("Secret", type="kubernetes.io/tls"), ("FieldValueRequired", "data[tls.crt]")),
        (
            body("Secret", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "["}),
            ("FieldValueInvalid", "data[.dockerconfigjson]"),
        ),
        (
            body("Namespace", metadata={"labels": {"pod-security.kubernetes.io/enforce": "strict"}}),
            ("FieldValueInvalid", "metadata.labels[pod-security.kubernetes.io/enforce]"),
        ),
        (
            body("Node", spec={"taints": [{"key": "a", "effect": "Never"}]}),
            ("FieldValueNotSupported", "metadata.taints[0].effect"),
        ),
        (body("Endpoints", subsets=[{}]), ("FieldValueRequired", "subsets[0]")),
        (
            body("LimitRange", spec={"limits": [{"type": "Container", "min": {"cpu": 2}, "max": {"cpu": 1}}]}),
            ("FieldValueInvalid", "spec.limits[0].min[cpu]"),
        ),
        (
            body("ResourceQuota", spec={"hard": {"pods": "500m"}}),
            ("FieldValueInvalid", "spec.hard[pods]"),
        ),
        (
            body("ResourceQuota", spec={"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}),
            ("FieldValueInvalid", "spec.scopes"),
        ),
    ],
)
def test_other_kinds(text: str, found: tuple[str, str]) -> None:
    """One rule of each."""
    assert found in causes(text)


def test_warnings() -> None:
    """Deprecated fields and annotations."""
    assert "spec.persistentVolumeReclaimPolicy" in warned(
        body("PersistentVolume", spec={"persistentVolumeReclaimPolicy": "Recycle"})
    )
    assert "spec.externalIPs" in warned(body("Service", spec={"ports": [PORT], "externalIPs": ["192.0.2.1"]}))


def test_a_claim_keeps_its_spec() -> None:
    """But for what was never set, and the size of a bound one."""
    old = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
            "volumeMode": "Block",
        },
        "status": {"phase": "Bound", "capacity": {"storage": "2Gi"}},
    }

    def after(**spec: Any) -> set[str]:
        return {d.path for d in api.update(old, {**old, "spec": {**old["spec"], **spec}})}  # type: ignore[dict-item]

    assert after() == set()
    assert after(resources={"requests": {"storage": "3Gi"}}) == set()
    assert after(resources={"requests": {"storage": "1Gi"}}) == {"spec.resources.requests.storage"}
    assert after(accessModes=["ReadWriteMany"]) == {"spec"}


def volume_on(key: str, value: str = "a") -> dict[str, Any]:
    """A volume that nodes with a label can reach."""
    requirement = {"key": key, "operator": "In", "values": [value]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "a"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/a"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}},
        },
    }


def test_a_volume_keeps_its_nodes_but_for_stable_labels() -> None:
    """The label of a zone may become the stable one; its value stays."""
    old = volume_on("failure-domain.beta.kubernetes.io/zone")

    def refused(new: dict[str, Any]) -> list[str]:
        return [d.path for d in api.update(old, new) if d.rejects]

    assert refused(volume_on("topology.kubernetes.io/zone")) == []
    assert refused(volume_on("topology.kubernetes.io/zone", "b")) == ["nodeAffinity"]
    assert refused(volume_on("kubernetes.io/hostname")) == ["nodeAffinity"]


def test_a_flex_volume_is_not_counted_beside_another() -> None:
    """But what comes after it is one too many."""
    flex = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "flexVolume": {"driver": "a/b"}}

    assert causes(body("PersistentVolume", spec={**flex, "hostPath": {"path": "/a"}})) == set()
    assert causes(body("PersistentVolume", spec={**flex, "azureFile": {}})) == {
        ("FieldValueForbidden", "spec.azureFile")
    }


@pytest.mark.parametrize(
    "stored",
    [
        {"metadata": 7},
        {"status": "text", "spec": []},
        {"status": {"loadBalancer": 1, "conditions": {"a": "b"}}, "spec": {"ports": [1, None], "clusterIPs": {}}},
        {"metadata": {"name": "a", "managedFields": ["x", {"operation": []}], "ownerReferences": {"a": 1}}},
    ],
)
def test_a_misshapen_stored_object_is_survived(stored: dict[str, Any]) -> None:
    """As a snapshot or an older revision may hold one: the new object is judged all the same."""
    for new in (dual(), dual(type="Never")):
        found = {d.path for d in api.update({"apiVersion": "v1", "kind": "Service", **stored}, new) if d.rejects}
        assert ("spec.type" in found) == (new["spec"].get("type") == "Never")
