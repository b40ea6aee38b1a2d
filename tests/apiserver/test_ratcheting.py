"""Updates of custom resources whose definition has become stricter: what was wrong before and has not changed may stay."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api

from tests.definitions import definition

Body = dict[str, Any]
TEXT = {"type": "string", "maxLength": 2}
ITEM = {
    "type": "object",
    "required": ["k"],
    "properties": {"k": {"type": "string"}, "v": TEXT},
    "x-kubernetes-validations": [{"rule": "!has(self.v) || self.v != 'no'"}],
}
SPEC = {
    "type": "object",
    "properties": {
        "text": TEXT,
        "list": {"type": "array", "items": TEXT},
        "map": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": ITEM,
        },
        "inner": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        "other": {"type": "integer"},
    },
    "x-kubernetes-validations": [{"rule": "!has(self.text) || self.text != 'wrong'"}],
}  # fmt: skip
CRD = definition(SPEC)


def blamed(old: Body, new: Body) -> set[str]:
    """The fields blamed when `new` takes the place of `old`."""
    before, after = (
        {"apiVersion": "example.com/v1", "kind": "X", "metadata": {"name": "a", "namespace": "b"}, "spec": spec}
        for spec in (old, new)
    )
    return {d.path for d in api.update(before, after, crds=[CRD]) if d.rejects}


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ({"text": "long"}, {"text": "long", "other": 1}, set()),
        ({"text": "long"}, {"text": "longer"}, {"spec.text", "<nil>"}),
        ({"list": ["long"]}, {"list": ["long"], "other": 1}, set()),
        ({"list": ["long"]}, {"list": ["long", "a"]}, {"spec.list[0]", "<nil>"}),
        ({"map": [{"k": "a", "v": "long"}]}, {"map": [{"k": "b"}, {"k": "a", "v": "long"}]}, set()),
        ({"map": [{"k": "a", "v": "long"}]}, {"map": [{"k": "b", "v": "long"}]}, {"spec.map[0].v", "<nil>"}),
        ({"map": [{"k": "a", "v": "no"}]}, {"map": [{"k": "a", "v": "no"}], "other": 1}, set()),
        ({"map": [{"k": "a", "v": "no"}]}, {"map": [{"k": "b", "v": "no"}]}, {"spec.map[0]"}),
        ({"map": [{"k": "a"}, {"k": "a"}]}, {"map": [{"k": "a"}, {"k": "a"}, {"k": "a"}]}, set()),
        ({"map": [{"k": "a"}]}, {"map": [{"k": "a"}, {"k": "a"}]}, {"spec.map[1]"}),
        ({"inner": {"kind": "X"}}, {"inner": {"kind": "X"}, "other": 1}, {"spec.inner.apiVersion", "<nil>"}),
        ({"text": "wrong"}, {"text": "wrong", "other": 1}, {"spec"}),
    ],
)
def test_what_has_not_changed_may_stay_wrong(old: Body, new: Body, fields: set[str]) -> None:
    """A value, or one around it, is as it was; embedded objects are looked at each time, rules (`<nil>`) after the rest."""
    assert blamed(old, new) == fields
