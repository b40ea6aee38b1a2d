"""Strict decoding, held to what a kube-apiserver 1.37.2 answered to the same values."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold.apiserver import faults as reasons
from manifold.apiserver.decode import decode
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import load
from manifold.model import spell

Body = dict[str, Any]


def decoded(body: Body, version: str = "1.37") -> tuple[Body, Faults]:
    """The object as it goes on, and what was blamed; the input must stay as it is."""
    kind = load(version).kind(body["apiVersion"], body["kind"])
    assert kind is not None
    faults = Faults()
    before = copy.deepcopy(body)
    out = decode(body, kind, faults)
    assert body == before
    return out, faults


def blamed(faults: Faults) -> list[tuple[str, str]]:
    return [(f.reason, spell(f.path)) for f in faults]


def deployment(**spec: Any) -> Body:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def pod(**spec: Any) -> Body:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def secret(data: Any) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_unknown_fields_are_blamed_all_at_once_with_what_was_perhaps_meant() -> None:
    """Names in the wrong case are unknown too."""
    body = pod(containers=[{"name": "a", "imgae": "x"}, {"Name": "b"}], hostnetwork=True)
    out, faults = decoded(body)

    assert blamed(faults) == [
        (reasons.UNKNOWN_FIELD, "spec.containers[0].imgae"),
        (reasons.UNKNOWN_FIELD, "spec.containers[1].Name"),
        (reasons.UNKNOWN_FIELD, "spec.hostnetwork"),
    ]
    assert [f.help for f in faults] == [
        "did you mean `image`?",
        "did you mean `name`?",
        "did you mean `hostNetwork`?",
    ]
    assert out["spec"] == {"containers": [{"name": "a"}, {}]}


@pytest.mark.parametrize(
    ("value", "kept"),
    [(3, 3), (3.0, 3), (0, 0), (None, "absent"), (2**31, "wrong"), (1.5, "wrong"), ("3", "wrong"), (True, "wrong")],
)
def test_int32(value: Any, kept: Any) -> None:
    """A pointer keeps its zero; a float without fraction is an integer; quotes, booleans and large numbers are wrong."""
    out, faults = decoded(deployment(replicas=value))
    if kept == "wrong":
        assert blamed(faults) == [(reasons.TYPE, "spec.replicas")]
    else:
        assert not faults
        assert out["spec"].get("replicas", "absent") == kept


def test_zero_values_that_go_cannot_tell_from_absent_ones_are_left_out() -> None:
    """`paused: false` is no pointer, `replicas: 0` is one."""
    out, faults = decoded(deployment(paused=False, replicas=0, minReadySeconds=0))
    assert not faults
    assert out["spec"] == {"replicas": 0}


def test_null_is_the_zero_value_in_maps_and_lists() -> None:
    """A label becomes "", an argument "", a limit "0", an item an empty object."""
    body = pod(containers=[None, {"name": "a", "args": ["x", None], "resources": {"limits": {"memory": None}}}])
    body["metadata"]["labels"] = {"a": None}
    out, faults = decoded(body)
    assert not faults
    assert out["metadata"]["labels"] == {"a": ""}
    assert out["spec"]["containers"] == [
        {},
        {"name": "a", "args": ["x", ""], "resources": {"limits": {"memory": "0"}}},
    ]


@pytest.mark.parametrize(
    "value", ["1", "100m", "1.5Gi", "1e3", "5.", ".5", "+1", " 1", 1, 1.5, "12E", "0x", "1 Gi", [], True]
)
def test_quantities(value: Any) -> None:
    """What the server's own parser takes."""
    _, faults = decoded(pod(containers=[{"name": "a", "resources": {"limits": {"memory": value}}}]))
    wrong = value in ("0x", "1 Gi", []) or value is True
    assert blamed(faults) == ([(reasons.TYPE, "spec.containers[0].resources.limits.memory")] if wrong else [])


@pytest.mark.parametrize(
    ("value", "taken"),
    [("http", True), (80, True), (80.0, True), ("", True), (2**31, False), (1.5, False), (True, False), ([], False)],
)
def test_int_or_string(value: Any, taken: bool) -> None:
    """A target port is a name or an int32."""
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 80, "targetPort": value}]},
    }
    _, faults = decoded(body)
    assert (not faults) == taken


@pytest.mark.parametrize(
    ("value", "stored"),
    [("YQ==", "YQ=="), ("YW\nJj", "YW\nJj"), ([97, None], "YQA="), ([], ""), ("YQ", None), ("Y Q=", None), ([300], None), (["a"], None), ({}, None), (5, None)],
)  # fmt: skip
def test_bytes(value: Any, stored: str | None) -> None:
    """Base64 with line ends, or, as Go has it, a list of numbers."""
    out, faults = decoded(secret({"a": value}))
    if stored is None:
        assert [f.reason for f in faults] == [reasons.TYPE]
    else:
        assert not faults
        assert out["data"] == {"a": stored}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("2026-01-31T12:00:00Z", True),
        ("2026-01-31T12:00:00+01:00", True),
        ("2026-01-31T12:00:00.5Z", True),
        ("2026-02-29T12:00:00Z", False),
        ("2026-01-31", False),
        ("2026-01-31t12:00:00z", False),
        (5, False),
    ],
)
def test_times(value: Any, taken: bool) -> None:
    """RFC 3339 as Go reads it."""
    body = pod()
    body["metadata"]["creationTimestamp"] = value
    _, faults = decoded(body)
    assert (not faults) == taken


def test_micro_times_need_six_digits() -> None:
    """A Lease's times without a fraction are refused."""
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}}
    assert not decoded({**lease, "spec": {"renewTime": "2026-01-31T12:00:00.000000Z"}})[1]
    assert decoded({**lease, "spec": {"renewTime": "2026-01-31T12:00:00Z"}})[1]


def test_objects_and_lists_in_each_others_place() -> None:
    """Blamed where they stand, and the rest is still read."""
    _, faults = decoded(pod(containers={"name": "a"}, volumes=[[]], nodeName=5, zzz=1))
    assert blamed(faults) == [
        (reasons.TYPE, "spec.containers"),
        (reasons.TYPE, "spec.volumes[0]"),
        (reasons.TYPE, "spec.nodeName"),
        (reasons.UNKNOWN_FIELD, "spec.zzz"),
    ]


def test_gated_fields_are_read_and_dropped() -> None:
    """An unknown field in them is still blamed; an object that held nothing else goes as well."""
    out, faults = decoded(
        pod(
            schedulingGroup={"podGroupName": "g"},
            containers=[{"name": "a", "lifecycle": {"stopSignal": "SIGTERM"}}, {"name": "b", "lifecycle": {}}],
        )
    )
    assert not faults
    assert out["spec"] == {"containers": [{"name": "a"}, {"name": "b", "lifecycle": {}}]}
    assert blamed(decoded(pod(schedulingGroup={"zzz": 1}))[1]) == [(reasons.UNKNOWN_FIELD, "spec.schedulingGroup.zzz")]


def schema_of(**props: Any) -> Body:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a.b.c"},
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", **props}}}]},
    }


@pytest.mark.parametrize(
    ("props", "taken"),
    [
        ({"properties": {"a": {"typ": "string"}}}, False),
        ({"items": {"typ": "string"}}, True),  # read by an unmarshaller that is not strict
        ({"items": {"type": 5}}, False),
        ({"items": [{"type": "string"}]}, True),
        ({"items": "x"}, True),
        ({"additionalProperties": True}, True),
        ({"additionalProperties": "x"}, False),
        ({"additionalProperties": {"maxLength": "x"}}, False),
        ({"default": {"anything": [1]}}, True),
        ({"dependencies": {"a": ["b"]}}, True),
        ({"dependencies": {"a": [5]}}, False),
    ],
)
def test_schemas_in_definitions(props: Any, taken: bool) -> None:
    """JSONSchemaProps and what may stand in their place."""
    assert (not decoded(schema_of(**props))[1]) == taken


def test_no_container_is_shared_with_the_input() -> None:
    """Defaulting writes into what decoding returned."""
    body = pod(containers=[{"name": "a", "args": ["x"]}])
    body["metadata"]["labels"] = {"a": "b"}
    out, _ = decoded(body)
    out["metadata"]["labels"]["c"] = "d"
    out["spec"]["containers"][0]["args"].append("y")
    assert body["metadata"]["labels"] == {"a": "b"}
    assert body["spec"]["containers"][0]["args"] == ["x"]
