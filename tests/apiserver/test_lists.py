"""Lists by themselves, as kubectl 1.37 was seen to take and refuse them."""

from __future__ import annotations

import pytest
from manifold import api

ITEM = "items:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n"


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        ("apiVersion: v1\nkind: List\nextra: 1\n", []),
        ("apiVersion: apps/v1\nkind: List\n", []),
        ("apiVersion: v1\nkind: ConfigMapList\n", []),
        ("apiVersion: v1\nkind: ConfigMap\n", []),
        ("apiVersion: v1\nkind: ConfigMapList\nextra: 1\n", ["api/unknown-field"]),
        ("apiVersion: v1\nkind: ConfigMapList\nmetadata: {name: a}\n", ["api/unknown-field"]),
        ("apiVersion: v1\nkind: Lists\n", ["api/no-such-kind"]),
        ("apiVersion: v2\nkind: List\n", ["api/no-such-kind"]),
        ("apiVersion: v1\nkind: ThingList\n", ["api/no-such-kind"]),
    ],
)
def test_a_list_needs_a_kind_that_is_served(head: str, rules: list[str]) -> None:
    """Typed lists are held against their schema, plain ones are not."""
    assert [d.rule for d in api.validate(head + ITEM) if d.rejects] == rules


def test_null_has_no_place_in_a_map_of_a_listed_object() -> None:
    """The server takes it; kubectl, which looks at lists itself, does not."""
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: null}\nimmutable: null\n"
    listed = "apiVersion: v1\nkind: List\nitems:\n- " + body.replace("\n", "\n  ").rstrip() + "\n"
    found = api.validate(listed)

    assert api.validate(body) == []
    assert [(d.path, d.line) for d in found] == [("items[0].data[b]", 7)]


def test_items_of_a_typed_list_are_of_its_type() -> None:
    """Whatever kind they call themselves."""
    text = ITEM.replace("{name: a}", "{name: a}\n  data: {}")

    assert [d.path for d in api.validate(f"apiVersion: v1\nkind: PodList\n{text}")] == ["items[0].data"]
