"""Two values are the same when the API server says so."""

from manifold.k8s.equality import POINTERS, same


def test_empty_is_nothing() -> None:
    """Nothing, an empty list and an empty map are one."""
    assert same({"a": [], "b": {}}, {"c": None})
    assert not same({"a": ""}, {})


def test_amounts_by_value() -> None:
    """A respelled quantity is no change."""
    assert same({"resources": {"limits": {"memory": "1Gi"}}}, {"resources": {"limits": {"memory": "1024Mi"}}})
    assert not same({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}})
    assert not same({"limits": {"cpu": "1"}}, {"limits": {}})


def test_lists_in_order() -> None:
    """Lists are compared item by item."""
    assert same([{"a": 1}], [{"a": 1, "b": []}])
    assert not same([1, 2], [2, 1])


def test_an_empty_object_behind_a_pointer_is_not_nothing() -> None:
    """An empty selector selects everything, none selects nothing; of maps and structs both are one."""
    assert not same({"labelSelector": {}}, {})
    assert same({"matchLabels": {}}, {})
    assert same({"resources": {}}, {})


def test_objects_under_the_names_of_amounts() -> None:
    """A device's `capacity` holds requests, each an amount."""
    assert same({"capacity": {"requests": {}}}, {"capacity": {}})
    assert same({"capacity": {"requests": {"a": "1"}}}, {"capacity": {"requests": {"a": "1000m"}}})
    assert not same({"capacity": {"requests": {"a": "1"}}}, {"capacity": {"requests": {"a": "2"}}})


def test_pointers_are_those_of_the_schemas() -> None:
    """A field counts where every release has a pointer to a struct, and no type a map, under its name."""
    from manifold.apiserver.schema import load, versions

    held: dict[str, set[str]] = {}
    for version in versions():
        schema = load(version)
        for type in map(schema.type, schema.type_names()):
            for field in type.fields.values():
                shape = field.type.shape
                held.setdefault(field.name, set()).add("pointer" if shape == "object" and field.pointer else shape)

    expected = {n for n, s in held.items() if "pointer" in s and not s & {"object", "map", "any", "raw"}}
    assert expected == POINTERS
