"""JSON patches beyond what the policies' tests try."""

from __future__ import annotations

import pytest
from manifold.apiserver.patch.jsonpatch import MOST_COPIED, PatchError, apply


def test_copies_are_bounded() -> None:
    """An object copied into itself doubles each time: the server stops it at 3 MiB, and so do we."""
    doubling = [{"op": "copy", "from": "", "path": f"/c{i}"} for i in range(60)]

    with pytest.raises(PatchError, match=f"copies more than {MOST_COPIED} bytes"):
        apply({"a": "x" * 100}, doubling)
    assert len(apply({"a": "x" * 100}, doubling[:5])) == 6
