"""Merging, field ownership and patches, on the shapes that Kubernetes has."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver import changes
from manifold.apiserver.patch import fieldset, merge, strategic
from manifold.apiserver.schema import Type, load

from tests.definitions import definition


@pytest.fixture(scope="module")
def deployment() -> Type:
    kind = load().kind("apps/v1", "Deployment")
    assert kind is not None
    return kind.type


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers), **spec}}}}


def containers(body: dict[str, Any]) -> list[Any]:
    return list(body["spec"]["template"]["spec"]["containers"])


def test_lists_with_keys_merge_by_key_in_an_order_that_respects_both(deployment: Type) -> None:
    """Items of the live object alone stay where they stood."""
    live = pod({"name": "a"}, {"name": "sidecar"}, {"name": "b", "image": "1"})
    merged = merge.merge(live, pod({"name": "b", "image": "2"}, {"name": "a"}), deployment)

    assert [c["name"] for c in containers(merged)] == ["sidecar", "b", "a"]
    assert containers(merged)[1]["image"] == "2"


def test_atomic_lists_are_replaced(deployment: Type) -> None:
    """`args` is one value."""
    merged = merge.merge(pod({"name": "a", "args": ["x", "y"]}), pod({"name": "a", "args": ["z"]}), deployment)

    assert containers(merged)[0]["args"] == ["z"]


def test_fields_of_a_configuration_are_its_leaves_and_items(deployment: Type) -> None:
    """As managedFields has them; the absent protocol counts with its default."""
    fields = fieldset.of(
        {"metadata": {"labels": {"a": "b"}}, **pod({"name": "web", "ports": [{"containerPort": 80}]})}, deployment
    )
    above = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"web"}')
    port = (*above, "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}')

    assert {("f:metadata", "f:labels", "f:a"), above, (*above, "f:name"), port, (*port, "f:containerPort")} == fields


def test_field_sets_survive_their_encoding(deployment: Type) -> None:
    """FieldsV1 and back."""
    fields = fieldset.of(pod({"name": "web", "args": ["a"]}), deployment)

    assert fields == fieldset.decode(fieldset.encode(fields))


def test_removing_fields_takes_what_lies_below(deployment: Type) -> None:
    """An item that goes takes its fields along."""
    body = pod({"name": "a"}, {"name": "b", "image": "1"})
    path = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"b"}')

    assert pod({"name": "a"}) == fieldset.remove(body, deployment, {path})


def test_conflict_paths_are_spelled_as_the_server_does() -> None:
    """Keys and values in brackets."""
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name")

    assert fieldset.spell(path) == '.spec.ports[port=80,protocol="TCP"].name'


def test_three_way_patch_deletes_what_we_said_and_say_no_more(deployment: Type) -> None:
    """What others added stays."""
    original = pod({"name": "a", "image": "1", "args": ["x"]}, {"name": "old"})
    modified = pod({"name": "a", "image": "2"})
    current = pod(
        {"name": "a", "image": "1", "args": ["x"], "imagePullPolicy": "Always"}, {"name": "old"}, {"name": "injected"}
    )
    patch = strategic.three_way(original, modified, current, deployment)

    assert pod({"name": "a", "image": "2", "imagePullPolicy": "Always"}, {"name": "injected"}) == strategic.apply(
        current, patch, deployment
    )


def test_three_way_patch_of_the_same_is_empty(deployment: Type) -> None:
    """kubectl then says unchanged."""
    body = pod({"name": "a", "image": "1"})

    assert strategic.three_way(body, body, body, deployment) == {}


def test_retain_keys_clears_the_other_member_of_a_union(deployment: Type) -> None:
    """The strategy Recreate takes no rollingUpdate along."""
    current = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    modified = {"spec": {"strategy": {"type": "Recreate"}}}
    patch = strategic.three_way(modified, modified, current, deployment)

    assert modified == strategic.apply(current, patch, deployment)


def test_item_without_its_merge_key_cannot_be_patched(deployment: Type) -> None:
    """kubectl itself gives up."""
    with pytest.raises(strategic.PatchError, match="name"):
        strategic.three_way({}, pod({"image": "x"}), pod({"name": "a"}), deployment)


def test_json_merge_patch_follows_rfc_7386() -> None:
    """null deletes, lists are replaced."""
    assert strategic.json_apply({"a": {"b": 1}, "l": [1, 2]}, {"a": {"b": None, "c": 1}, "l": [2]}) == {
        "a": {"c": 1},
        "l": [2],
    }


def test_changes_name_items_by_key_and_end_at_what_came(deployment: Type) -> None:
    """Paths as people read them."""
    before = {
        "metadata": {"labels": {"app.kubernetes.io/name": "a"}, "generation": 1},
        **pod({"name": "a", "image": "1"}),
    }
    after = {
        "metadata": {"labels": {"app.kubernetes.io/name": "b"}, "generation": 2},
        **pod({"name": "a", "image": "2"}, {"name": "n"}),
    }
    paths = [c.path for c in changes.between(before, after, deployment)]

    assert paths == [
        'metadata.labels["app.kubernetes.io/name"]',
        'spec.template.spec.containers[name="a"].image',
        'spec.template.spec.containers[name="n"]',
    ]


def test_changes_tell_a_mere_reordering(deployment: Type) -> None:
    """It restarts Pods, so it is told."""
    found = changes.between(pod({"name": "a"}, {"name": "b"}), pod({"name": "b"}, {"name": "a"}), deployment)

    assert [c.path for c in found] == ["spec.template.spec.containers[#order]"]


def test_diff_of_a_thing_with_itself_is_empty(deployment: Type) -> None:
    """diff(a, a)."""
    body = pod({"name": "a", "env": [{"name": "x", "value": "y"}]})

    assert changes.between(body, body, deployment) == []


def test_items_with_one_key_pair_up(deployment: Type) -> None:
    """Port 53 over TCP and over UDP have one merge key to kubectl; the first of a stored list takes the change."""
    ports = [{"containerPort": 53, "protocol": "TCP", "hostPort": 1}, {"containerPort": 53, "protocol": "UDP"}]
    wanted = [{k: v for k, v in port.items() if k != "hostPort"} for port in ports]
    original, modified = pod({"name": "a", "ports": ports}), pod({"name": "a", "ports": wanted})
    patch = strategic.three_way(original, modified, original, deployment)

    assert containers(patch)[0]["ports"] == [{"containerPort": 53, "hostPort": None}]


def test_nulls_of_a_manifest_travel_in_a_json_merge_patch() -> None:
    """Also where kubectl knows no earlier manifest."""
    assert strategic.json_three_way(None, {"a": {"b": None, "c": 1}}, {"a": {"b": 2, "c": 1}}) == {"a": {"b": None}}


def test_null_takes_a_scalar_and_leaves_a_map(deployment: Type) -> None:
    """In a server-side apply."""
    live = {"spec": {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 1}}}}
    config = {"spec": {"replicas": None, "strategy": {"rollingUpdate": None}}}

    assert merge.merge(live, config, deployment) == {
        "spec": {"replicas": None, "strategy": {"rollingUpdate": {"maxSurge": 1}}}
    }


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}], %s}
"""


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_service_keeps_what_was_picked_and_gets_what_it_lacks(how: Any) -> None:
    """Addresses and families stay; a new type gets its ports."""
    (made,) = api.apply(SERVICE % "type: ClusterIP, ipFamilies: [IPv6]", [], how=how)
    assert made.object is not None
    (changed,) = api.apply(SERVICE % "type: NodePort", [made.object], how=how)
    assert changed.object is not None

    assert changed.object["spec"]["ipFamilies"] == ["IPv6"]
    assert changed.object["spec"]["clusterIPs"] == made.object["spec"]["clusterIPs"]
    assert changed.object["spec"]["ports"][0]["nodePort"] == "<allocated>"


def test_object_too_large_for_kubectls_annotation_is_told_the_way_out() -> None:
    """The manifest has no annotations, so that a word about their size alone would puzzle."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "x" * 300_000}}

    (refused,) = api.apply([body], [], how="client")
    (created,) = api.apply([body], [], how="server")

    assert [d.path for d in refused.diagnostics] == ["metadata.annotations"]
    assert "apply it with --server-side" in refused.diagnostics[0].message
    assert created.verb == "created"


REVISION = {
    "apiVersion": "apps/v1",
    "kind": "ControllerRevision",
    "metadata": {"name": "a", "namespace": "default"},
    "revision": 1,
}


@pytest.mark.parametrize(
    ("how", "labels", "verb"),
    [("server", {}, "unchanged"), ("server", {"a": "b"}, "refused"), ("client", {"a": "b"}, "refused")],
)
def test_a_patch_writes_data_of_any_form_anew(how: Any, labels: dict[str, str], verb: str) -> None:
    """With sorted keys, which a field that cannot be changed does not bear; where nothing changes nothing is written."""
    live = {**REVISION, "data": {"b": 1, "a": 2}}
    new = {**live, "metadata": {"name": "a", **({"labels": labels} if labels else {})}}
    if how == "server":
        live["metadata"] = {
            **REVISION["metadata"],
            "managedFields": [
                {"manager": "kubectl", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}, "f:revision": {}}}
            ],
        }  # fmt: skip
    outcome = api.apply([new], [live], how=how)[0]

    assert outcome.verb == verb
    if verb == "refused":
        assert [d.path for d in outcome.diagnostics] == ["data"]


@pytest.mark.parametrize(
    ("given", "read"), [(4294967298, 2), (-4294967295, 1), (2.0, 2), (9223372036854775808, 0), (5, 5)]
)
def test_an_applied_number_that_is_too_large_loses_its_upper_bits(deployment: Type, given: Any, read: int) -> None:
    """Go converts the numbers of an apply, where it refuses to decode those of a create."""
    assert fieldset.fitted({"spec": {"replicas": given}}, deployment) == {"spec": {"replicas": read}}


@pytest.mark.parametrize("secrets", [[{"kind": "Secret"}], [{"name": "a"}, {}], [None]])
def test_items_that_say_no_key_cannot_be_applied(secrets: list[Any]) -> None:
    """Neither in the manifest nor in what is stored; where a key has a default, its absence is one."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}

    assert api.apply([{**account, "secrets": secrets}], [])[0].verb == "refused"
    assert api.apply([{**account, "secrets": [{"name": ""}]}], [])[0].verb == "created"
    if None not in secrets:
        live = {**account, "metadata": {"name": "a", "namespace": "default"}, "secrets": secrets}
        assert api.apply([account], [live])[0].verb == "refused"


def test_sets_within_atomic_lists_hold_each_value_once() -> None:
    """An EndpointSlice's endpoints are replaced as a whole, and yet their addresses are a set."""
    slice = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "a"},
        "addressType": "IPv4",
    }

    assert api.apply([{**slice, "endpoints": [{"addresses": ["10.0.0.1", "10.0.0.1"]}]}], [])[0].verb == "refused"
    assert api.apply([{**slice, "endpoints": [{"addresses": ["10.0.0.1", "10.0.0.2"]}]}], [])[0].verb == "created"


def test_what_another_version_owned_keeps_its_zero_value_field() -> None:
    """On the way from v1 to v2 Go writes fields that are not left out when empty, so these are never pruned."""
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}, "minReplicas": 2}
    old = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}}
    live = api.apply([{**old, "spec": {**spec, "maxReplicas": 9}}], [])[0].object
    assert live is not None
    del spec["minReplicas"]
    new = {**old, "apiVersion": "autoscaling/v2", "spec": spec}
    found = api.apply([new], [live])[0].object

    assert found is not None
    assert (found["spec"]["minReplicas"], found["spec"]["maxReplicas"]) == (1, 9)


def test_kubectl_sends_the_order_of_plain_lists_that_are_not_sorted() -> None:
    """It sorts the stored list before it compares: an unsorted one differs from itself."""
    meta = {"name": "a", "namespace": "default", "finalizers": ["x.io/b", "x.io/a"]}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    live = api.apply([manifest], [], how="client")[0].object
    assert live is not None

    again = api.apply([manifest], [live], how="client")[0]
    assert (again.verb, again.changes) == ("configured", [])
    meta["finalizers"] = sorted(meta["finalizers"])
    live = api.apply([manifest], [], how="client")[0].object
    assert live is not None
    assert api.apply([manifest], [live], how="client")[0].verb == "unchanged"


def test_a_custom_resource_is_applied_with_any_time_of_creation() -> None:
    """It is the server's to write, and nobody decodes it; a create blames what is no time."""
    crd = definition(kind="Tin", group="x.io")
    body = {"apiVersion": "x.io/v1", "kind": "Tin", "metadata": {"name": "a", "creationTimestamp": "x"}}

    assert api.apply([body], [], crds=[crd])[0].verb == "created"
    assert any(d.rejects for d in api.validate([body], crds=[crd]))


def test_a_secret_with_texts_that_are_no_map_is_refused() -> None:
    """Also over a stored one, whose masked values are looked up in the manifest."""
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "default"}, "data": {}}

    for how in ("server", "client"):
        assert api.apply([{**live, "stringData": True}], [live], how=how)[0].verb == "refused"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("live", "changed", "path", "value"),
    [
        ({"clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}, {"clusterIP": "None"}, "ipFamilies", ["IPv4"]),
        ({"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"], "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}, {}, "ipFamilies", ["IPv6"]),
        ({"type": "ExternalName", "externalName": "a.b"}, {"type": "ExternalName", "externalName": "a.b", "internalTrafficPolicy": "Local"}, "internalTrafficPolicy", None),
        ({"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30080}]}, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, "ports", [{"port": 80, "targetPort": 80, "protocol": "TCP", "nodePort": 30080}]),
    ],
)  # fmt: skip
def test_what_a_service_is_read_back_with(live: Any, changed: Any, path: str, value: Any) -> None:
    """Families follow from addresses, and a headless Service has none; an external name has no traffic policy."""
    meta = {"name": "a", "namespace": "default"}
    base = {"apiVersion": "v1", "kind": "Service", "metadata": meta}
    old = {**base, "spec": {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}], **live}}
    new = {**base, "metadata": {"name": "a", "annotations": {}}, "spec": {"ports": [{"port": 80}], **changed}}
    owner = {"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    owned = {f"f:{n}": {} for n in live if n != "ports"}
    old["metadata"] = {**meta, "managedFields": [{**owner, "fieldsV1": {"f:spec": owned}}]}
    outcome = api.apply([new], [old], force=True)[0]

    assert outcome.object is not None, outcome.diagnostics
    assert outcome.object["spec"].get(path) == value


def test_the_former_topology_of_endpoints_is_not_written() -> None:
    """The field is there to be read; a node that it alone named gets the field for that."""
    base = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "a", "namespace": "default"},
    }
    topology = {"kubernetes.io/hostname": "n1"}
    old = {**base, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "deprecatedTopology": topology}]}
    more = [*old["endpoints"], {"addresses": ["10.0.0.2"], "deprecatedTopology": {"kubernetes.io/hostname": "n2"}}]
    found = api.apply([{**old, "endpoints": more}], [old], force=True)[0].object

    assert found is not None
    assert [(e.get("nodeName"), e.get("deprecatedTopology")) for e in found["endpoints"]] == [
        ("n1", None),
        (None, None),
    ]
