"""YAML that is no manifest is read by the rules and within the bounds of manifests."""

from __future__ import annotations

import pytest
from manifold.read.values import values


def test_documents_of_any_type_in_order() -> None:
    """Lists and texts as well as objects; empty documents are left out."""
    text = b"a: b\n---\n# nothing\n---\nnull\n---\n- {op: add, path: /a}\n---\nx: &x [1]\nz: *x\n"

    assert values(text) == [{"a": "b"}, [{"op": "add", "path": "/a"}], {"x": [1], "z": [1]}]


@pytest.mark.parametrize(
    "text",
    [
        "a: [\n",
        "a: b\n--- c\n",
        "a: &a [*a]\n",
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
        "[" * 20_000,
    ],
    ids=["syntax", "separator", "circle", "bomb", "depth"],
)
def test_what_cannot_be_read_has_no_values(text: str) -> None:
    """Whoever reads it in earnest says why."""
    assert values(text.encode()) == []
