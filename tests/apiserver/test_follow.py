"""A misspelled field is judged under its right name, and what follows from it is not told."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.server import Server
from manifold.model import spell


def faults(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Path and place of each fault."""
    return [(spell(f.path), spell(f.at or f.path)) for f in Server().create(body).faults]


def test_the_value_of_a_misspelled_field_is_judged() -> None:
    """Under the name that it means, at the place where it is written."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"container": [{"name": "A b", "image": "i"}]},
    }

    assert faults(body) == [
        ("spec.container", "spec.container"),
        ("spec.containers[0].name", "spec.container[0].name"),
    ]


def test_what_lies_within_a_misspelled_field_is_decoded() -> None:
    """Its own unknown fields are told at once, not at the second try."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "specs": {"containers": [{"name": "a", "image": "i", "imagePullPolicies": "Always"}]},
    }

    assert [place for _, place in faults(body)] == ["specs", "specs.containers[0].imagePullPolicies"]


def test_a_field_that_resembles_none_takes_the_missing_ones_with_it() -> None:
    """`spec` is missing for its sake, perhaps: nothing below is called missing."""
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "a"},
        "whatever": {"capacity": {"storage": "1Gi"}},
    }

    assert faults(body) == [("whatever", "whatever")]


def test_a_misspelled_field_beside_the_right_one_is_left_alone() -> None:
    """Which of the two is meant cannot be known: the right one counts."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}, "datas": {"/": "c"}}

    assert faults(body) == [("datas", "datas")]
