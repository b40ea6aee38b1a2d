"""Two values are the same when the API server says so."""

from manifold.k8s.equality import same


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
