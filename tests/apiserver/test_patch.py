"""Merging, field ownership and patches, on the shapes that Kubernetes has."""

from __future__ import annotations

from typing import Any

import pytest
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
