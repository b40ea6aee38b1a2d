"""The index of what else there is: objects as they are, documents when somebody asks for them."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.world import World
from manifold.model import Document, Source
from manifold.read import read


def body(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    """An object of the core group."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta}


OBJECTS = [body("Namespace", "shop"), body("Pod", "a", "shop"), body("Pod", "b", "bank"), body("Pod", "a", "shop")]


def test_documents_are_found_as_their_objects_are() -> None:
    """By identity, of which the last counts, and by kind in the order they were given."""
    plain, lazy = World(OBJECTS), World([Document("", i, b) for i, b in enumerate(OBJECTS)])
    for world in (plain, lazy):
        assert world.whole
        assert world.get("", "Pod", "shop", "a") is OBJECTS[3]
        assert world.get("", "Pod", "", "a") is None
        assert [*world.list("", "Pod", "shop")] == [OBJECTS[1], OBJECTS[3]]
        assert [b["metadata"]["name"] for b in world.list("", "Pod")] == ["a", "a", "b"]
        assert [*world.list("apps", "Pod")] == []
        assert len([*world]) == 4


def test_a_document_is_opened_once_and_when_it_is_asked_for() -> None:
    """Packed ones make their value at each look."""
    text = "".join(f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: shop}}\n" for i in range(2))
    documents = read(Source("", text.encode()), packed=True).documents
    world = World(documents)
    first = world.get("", "Pod", "shop", "p0")
    assert first == documents[0].body
    assert first is world.get("", "Pod", "shop", "p0")
    assert first is next(world.list("", "Pod", "shop"))
    assert not world.whole
