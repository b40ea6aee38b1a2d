"""What is kept of the last texts has a bound, and is made once while it is kept."""

from __future__ import annotations

from manifold.read.recent import Recent


def test_values_are_made_once_until_there_is_no_more_room() -> None:
    """What would be too much together is forgotten; a value may be None."""
    made: list[str] = []
    kept: Recent[str, None] = Recent(10)
    for key in ("a", "b", "a", "b", "c", "a"):
        assert kept.of(key, 4, lambda key=key: made.append(key)) is None  # type: ignore[misc]

    assert made == ["a", "b", "c", "a"]
    assert len(kept) == 2


def test_what_is_larger_by_itself_is_kept_alone() -> None:
    """Many may be asked of one large text."""
    kept: Recent[str, list[str]] = Recent(10)
    small = kept.of("small", 1, list)
    large = kept.of("large", 99, list)

    assert kept.of("large", 99, list) is large
    assert len(kept) == 1
    assert kept.of("small", 1, list) is not small
