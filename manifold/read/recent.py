"""What was made of the texts that were looked at last, kept within a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, for keys of at most `room` together: one more than that, and all before it are forgotten.

    What is larger by itself is kept alone. Who looks at one text after the other asks often of the last, and not of others.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._values: dict[K, V] = {}
        self._taken = 0

    def __len__(self) -> int:
        return len(self._values)

    def of(self, key: K, size: int, make: Callable[[], V]) -> V:
        """The value of a key that takes `size` of the room: the kept one, or what `make` gives now."""
        if key in self._values:
            return self._values[key]
        made = make()
        if self._taken + size > self.room:
            self._values.clear()
            self._taken = 0
        self._taken += size
        self._values[key] = made
        return made
