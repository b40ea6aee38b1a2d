"""CustomResourceDefinitions, as the server validates them."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api
from manifold.apiserver.server import Server
from manifold.model import spell

Body = dict[str, Any]
SCHEMA = "spec.validation.openAPIV3Schema"


def definition(spec: Body | None = None, **more: Any) -> Body:
    """A definition whose objects have this schema for their spec."""
    schema = {"type": "object", "properties": {"spec": spec or {"type": "object"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gears.mill.example.com"},
        "spec": {
            "group": "mill.example.com",
            "scope": "Namespaced",
            "names": {"kind": "Gear", "plural": "gears"},
            "versions": [version],
            **more,
        },
    }


def blamed(body: Body, old: Body | None = None) -> list[tuple[str, str]]:
    """The paths and reasons that a create, or an update, gets."""
    answer = Server().create(body) if old is None else Server().update(old, body)
    return [(spell(f.path), f.reason.removeprefix("FieldValue")) for f in answer.faults if not f.warning]


def text(**more: Any) -> Body:
    """A schema with one text that has more to it."""
    return {"type": "object", "properties": {"a": {"type": "string", **more}}}


def ruled(rule: str, **more: Any) -> Body:
    """A schema with one number that has a rule."""
    rules = [{"rule": rule, **more}]
    return {"type": "object", "properties": {"a": {"type": "integer", "x-kubernetes-validations": rules}}}


A = f"{SCHEMA}.properties[spec].properties[a]"


def test_a_plain_definition_is_taken() -> None:
    """A structural schema and the four names are enough."""
    assert blamed(definition(text(default="x", pattern="^x$"))) == []


@pytest.mark.parametrize(
    ("spec", "path", "reason"),
    [
        ({"type": "object", "properties": {"a": {}}}, f"{A}.type", "Required"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, f"{A}.items", "Required"),
        (text(pattern="("), f"{A}.pattern", "Invalid"),
        (text(uniqueItems=True), f"{A}.uniqueItems", "Forbidden"),
        (text(default=3), f"{A}.default", "TypeInvalid"),
        (text(anyOf=[{"type": "string"}]), f"{A}.anyOf[0].type", "Forbidden"),
        (text(**{"x-kubernetes-embedded-resource": True}), f"{A}.type", "Invalid"),
        (text(**{"x-kubernetes-preserve-unknown-fields": False}), f"{A}.x-kubernetes-preserve-unknown-fields", "Invalid"),
        (
            {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "null"}}}}},
            f"{A}.properties[b].type",
            "NotSupported",
        ),
    ],
)  # fmt: skip
def test_schemas_that_are_not_structural_are_refused(spec: Body, path: str, reason: str) -> None:
    """Each part of a schema has a type, and nothing that the server does not support."""
    assert (path, reason) in blamed(definition(spec))


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ({}, "x-kubernetes-list-map-keys", "Required"),
        ({"x-kubernetes-list-map-keys": ["b"]}, "x-kubernetes-list-map-keys", "Invalid"),
        ({"x-kubernetes-list-map-keys": ["k"]}, "items.properties[k].default", "Required"),
    ],
)
def test_lists_that_are_maps_have_keys_among_their_items(more: Body, field: str, reason: str) -> None:
    """The keys are named, and are properties that are always there."""
    items = {"type": "object", "properties": {"k": {"type": "string"}}}
    spec = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": items, "x-kubernetes-list-type": "map", **more}},
    }
    assert blamed(definition(spec)) == [(f"{A}.{field}", reason)]


@pytest.mark.parametrize(
    ("rule", "more", "field", "reason"),
    [
        ("self.size() >", {}, "rule", "Invalid"),
        ("self + 1", {}, "rule", "Invalid"),
        ("self > 'a'", {}, "rule", "Invalid"),
        ("  ", {}, "rule", "Required"),
        ("self > 1", {"messageExpression": "self"}, "messageExpression", "Invalid"),
        ("self > 1", {"reason": "Silly"}, "reason", "NotSupported"),
        ("self > 1", {"fieldPath": ".b"}, "fieldPath", "Invalid"),
        ("self > 1", {"message": "a\nb"}, "message", "Invalid"),
        ("self > 1", {"optionalOldSelf": True}, "optionalOldSelf", "Invalid"),
    ],
)
def test_rules_must_compile(rule: str, more: Body, field: str, reason: str) -> None:
    """A rule is CEL that gives a truth value, its message a text."""
    assert blamed(definition(ruled(rule, **more))) == [(f"{A}.x-kubernetes-validations[0].{field}", reason)]


def test_rules_that_compile_are_taken() -> None:
    """Rules speak of escaped names, of the past, and of what formats make of texts."""
    rules = [
        {"rule": "self.in__dash__side > 0 && self.__namespace__ != ''"},
        {"rule": "self == oldSelf", "fieldPath": ".in-side"},
        {
            "rule": "self.since.getFullYear() > 2000",
            "messageExpression": "'too ' + 'early'",
        },
    ]
    fields = {
        "in-side": {"type": "integer"},
        "namespace": {"type": "string"},
        "since": {"type": "string", "format": "date-time"},
    }
    assert blamed(definition({"type": "object", "properties": fields, "x-kubernetes-validations": rules})) == []


def test_what_versions_share_is_blamed_once_and_pointed_at_in_the_first() -> None:
    """The server holds it for the whole definition; the text has it in the version."""
    body = definition()
    body["spec"]["versions"][0]["additionalPrinterColumns"] = [{"name": "A", "type": "string", "jsonPath": "a"}]
    (fault,) = Server().create(body).faults
    assert spell(fault.path) == "spec.additionalPrinterColumns[0].JSONPath"
    assert fault.at is not None and spell(fault.at) == "spec.versions[0].additionalPrinterColumns[0].jsonPath"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"group": "mill"}, [("metadata.name", "Invalid"), ("spec.group", "Invalid")]),
        ({"scope": "Both"}, [("spec.scope", "NotSupported")]),
        ({"preserveUnknownFields": True}, [("spec.preserveUnknownFields", "Invalid")]),
        ({"conversion": {"strategy": "Webhook"}}, [("spec.conversion.webhookClientConfig", "Required"), ("spec.conversion.conversionReviewVersions", "Required")]),
    ],
)  # fmt: skip
def test_the_definition_itself(change: Body, expected: list[tuple[str, str]]) -> None:
    """Group, scope and conversion have rules of their own."""
    assert blamed(definition(**change)) == expected


def test_groups_of_the_community_need_approval() -> None:
    """An annotation says that a group under k8s.io is approved, or that it is not."""
    body = definition(group="mill.k8s.io")
    body["metadata"]["name"] = "gears.mill.k8s.io"
    place = "metadata.annotations[api-approved.kubernetes.io]"
    assert blamed(body) == [(place, "Required")]
    for value, reasons in (("yes", ["Invalid"]), ("unapproved, a test", []), ("https://example.com/1", [])):
        body["metadata"]["annotations"] = {"api-approved.kubernetes.io": value}
        assert [r for _, r in blamed(body)] == reasons


def test_group_and_plural_stay() -> None:
    """An update cannot make another definition of a stored one."""
    new = definition(names={"kind": "Gear", "plural": "wheels"})
    old = definition()
    old["status"] = {"storedVersions": ["v1"]}
    assert ("spec.names.plural", "Invalid") in blamed(new, old)


def test_deep_schemas_are_not_followed_for_ever() -> None:
    """A schema of hundreds of levels is refused with a word, and breaks nothing."""
    schema: Body = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    assert [r for _, r in blamed(definition(schema))] == ["Invalid"]


def test_patterns_that_explode_elsewhere_are_harmless() -> None:
    """RE2 takes time in proportion to the text, whatever the pattern; one that grows too large it refuses."""
    assert blamed(definition(text(pattern="^(a+)+$", default="a" * 5000))) == []
    assert blamed(definition(text(pattern="((a{1000}){1000}){1000}"))) == [(f"{A}.pattern", "Invalid")]


@pytest.mark.parametrize(("status", "blamed"), [({}, ""), ({"a": 1}, ".a"), ([], "")])
def test_a_status_subresource_has_no_fields(status: Any, blamed: str) -> None:
    """It is there or not, and nothing can be said of it."""
    version = {
        "name": "v1", "served": True, "storage": True, "subresources": {"status": status},
        "schema": {"openAPIV3Schema": {"type": "object", "items": []}},
    }  # fmt: skip
    body = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "tins.x.io"},
        "spec": {"group": "x.io", "scope": "Cluster", "names": {"plural": "tins", "kind": "Tin"}, "versions": [version]},
    }  # fmt: skip
    found = [d.path for d in api.validate([body]) if d.rejects]

    assert found == ([] if status == {} else [f"spec.versions[0].subresources.status{blamed}"])
    if status == {}:
        assert api.preview([body])[0]["spec"]["versions"][0]["schema"] == {"openAPIV3Schema": {"type": "object"}}
