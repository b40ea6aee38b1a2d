"""What counts as a slip of the keyboard."""

from __future__ import annotations

import pytest
from manifold.lint.near import slip


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("wep", "web"),
        ("web-confg", "web-config"),
        ("databsae", "database"),
        ("payments", "payment"),
        ("fronted", "frontend"),
    ],
)
def test_slips(name: str, other: str) -> None:
    """One letter more, less, other or exchanged."""
    assert slip(name, ["unrelated", other]) == other


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("web-1", "web-2"),
        ("shard-a", "shard-b"),
        ("premium-rwo", "premium-rwo-retain"),
        ("web", "api"),
        ("config", "web-config"),
        ("v10", "v11"),
    ],
)
def test_other_things(name: str, other: str) -> None:
    """Numbers, single letters and further parts tell things apart."""
    assert slip(name, [other]) == ""


def test_the_nearest_is_named() -> None:
    """Of two candidates the nearer one."""
    assert slip("web-confgi", ["web-config", "web-confi"]) in ("web-config", "web-confi")
    assert slip("frontend", ["frontends", "fronted-x"]) == "frontends"
