"""Chance that can be had again, and that a gate does not depend on."""

from __future__ import annotations

import os
import random


def seed() -> int:
    """The seed of this run: MANIFOLD_SEED, in CI always the same one, else a new one each time."""
    asked = os.environ.get("MANIFOLD_SEED")
    if asked:
        return int(asked)
    return 1 if os.environ.get("CI") else random.SystemRandom().randrange(10**6)


def seeded(what: str) -> random.Random:
    """A source of chance of that seed, which is printed: pytest shows it beside a failure."""
    chosen = seed()
    print(f"{what}: MANIFOLD_SEED={chosen} for the same cases, MANIFOLD_CASES=N for more")
    return random.Random(chosen)


def cases(count: int) -> int:
    """How many cases a test draws: its own number, or MANIFOLD_CASES."""
    return int(os.environ.get("MANIFOLD_CASES") or count)
