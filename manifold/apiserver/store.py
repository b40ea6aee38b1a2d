"""From the defaulted object to the object as it is stored and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manifold.apiserver.server import Answer


def stored(answer: Answer) -> dict[str, Any]:
    """The object of an accepted answer as the server stores it: Go's zero values written where Go writes them."""
    assert answer.object is not None
    return answer.object
