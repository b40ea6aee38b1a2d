"""Feature gates: which are on by default in a release, by `schemas/features.yaml`."""

from __future__ import annotations

from functools import cache

from manifold import assets


@cache
def enabled(gate: str, release: tuple[int, int]) -> bool:
    """Whether a server of the release has the gate on by default.

    Raises KeyError for a gate that there is not.
    """
    history: dict[str, bool] = assets.table("schemas", "features.yaml")["gates"][gate]
    on = False
    for since, default in history.items():
        major, _, minor = since.partition(".")
        if (int(major), int(minor)) <= release:
            on = default
    return on
