"""Merging, field ownership and patches, on the shapes that Kubernetes has."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver import changes
from manifold.apiserver.patch import fieldset, merge, strategic
from manifold.apiserver.schema import Type, load


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
