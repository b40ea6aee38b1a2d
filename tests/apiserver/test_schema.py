"""The compiled schemas: every release loads, and says of shapes what Kubernetes says."""

from __future__ import annotations

import pytest
from manifold.apiserver.schema import Type, load, versions
from manifold.errors import UsageError


@pytest.mark.parametrize("version", versions())
def test_every_kind_of_every_release_can_be_built(version: str) -> None:
    """Each with a plural, and with the three fields that all objects have."""
    schema = load(version)
    assert schema.version == version
    kinds = list(schema.kinds())
    assert len(kinds) > 50
    for kind in kinds:
        assert kind.plural == kind.plural.lower()
        assert {"apiVersion", "kind"} <= set(kind.type.fields)


def test_newest_is_the_default() -> None:
    """No version asked for is the newest one shipped."""
    assert load(None).version == versions()[-1]


@pytest.mark.parametrize("version", ["1.2", "2.0", "latest", "1.37.2.1", "v"])
def test_unknown_release_names_those_known(version: str) -> None:
    """Whoever asks for a release that is not there is told which are."""
    with pytest.raises(UsageError, match=f"{versions()[0]}.*{versions()[-1]}"):
        load(version)


def test_scope_verbs_and_plural_of_a_kind() -> None:
    """As the server's discovery has them."""
    kind = load().kind("networking.k8s.io/v1", "NetworkPolicy")
    assert kind is not None
    assert (kind.plural, kind.namespaced, kind.api_version) == ("networkpolicies", True, "networking.k8s.io/v1")
    assert {"create", "patch", "list"} <= kind.verbs
    node = load().kind("v1", "Node")
    assert node is not None and not node.namespaced


def test_merge_keys_and_list_types() -> None:
    """Server-side apply and strategic merge find how lists merge."""
    containers = load().type("core.v1.PodSpec").fields["containers"]
    assert containers.type.list_type == "map"
    assert containers.type.map_keys == ("name",)
    assert containers.patch_merge_key == "name"
    assert containers.patch_strategy == ("merge",)
    assert load().type("core.v1.Container").fields["command"].type.list_type == "atomic"


def test_go_facts_of_a_field() -> None:
    """What Go holds as a pointer, and what it writes even when it is empty."""
    fields = load().type("apps.v1.DeploymentSpec").fields
    assert fields["replicas"].pointer
    assert not fields["paused"].pointer and fields["paused"].omitempty
    assert not fields["strategy"].omitempty, "a struct is written as {}"


def test_enums_come_from_the_live_server() -> None:
    """Published OpenAPI has none."""
    assert load().type("core.v1.ServiceSpec").fields["type"].type.enum == frozenset(
        ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    )


def test_types_are_shared_and_may_hold_themselves() -> None:
    """One node a named type, however it is reached."""
    schema = load()
    props = schema.type("apiextensions.v1.JSONSchemaProps")
    properties = props.fields["properties"].type
    assert properties.shape == "map" and properties.items is props
    items = props.fields["items"].type
    assert items.shape == "schema-or-array" and items.schema is props


def test_gated_fields_differ_by_release() -> None:
    """Pod-level resources came into force with 1.34."""
    assert load("1.33").type("core.v1.PodSpec").fields["resources"].dropped == "field"
    assert load("1.34").type("core.v1.PodSpec").fields["resources"].dropped == ""


def test_names_of_dropped_fields_exist() -> None:
    """Each field of the table is known to a release at least."""
    import yaml
    from manifold import assets

    table = yaml.safe_load((assets.root("schemas") / "dropped-fields.yaml").read_text())["types"]
    schemas = [load(v) for v in versions()]

    def fields(schema_types: list[Type]) -> set[str]:
        return {name for t in schema_types for name in t.fields}

    for owner, entries in table.items():
        known = fields([s.type(owner) for s in schemas if owner in s.type_names()])
        assert set(entries) <= known, owner


def test_versions_served() -> None:
    """A kind comes and goes with the releases."""
    assert load("1.25").kind("autoscaling/v2beta2", "HorizontalPodAutoscaler") is not None
    assert load("1.26").kind("autoscaling/v2beta2", "HorizontalPodAutoscaler") is None
    assert load("1.33").kind("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy") is None
    assert load("1.37").kind("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy") is not None
    assert load("1.37").off_by_default("internal.apiserver.k8s.io/v1alpha1", "StorageVersion")


def test_a_newer_release_is_read_from_kubernetes_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its published schemas lack is taken from the newest release that we ship."""
    from manifold.apiserver import openapi

    known = openapi.bundled(versions()[-1])
    assert known is not None
    monkeypatch.setattr(openapi, "bundled", lambda release: known if release == "1.99" else None)
    load.cache_clear()
    schema = load("1.99")
    load.cache_clear()

    assert schema.release == (1, 99)
    kind = schema.kind("apps/v1", "Deployment")
    assert kind is not None and kind.plural == "deployments"
    spec = schema.type("apps.v1.DeploymentSpec").fields
    assert spec["replicas"].pointer and not spec["paused"].pointer
    assert schema.type("core.v1.ServiceSpec").fields["type"].type.enum
    with pytest.raises(UsageError):
        load("1.98")
