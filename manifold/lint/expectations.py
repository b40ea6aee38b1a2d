"""What all rules of a kind expect, looked at in one walk: rules share most of their way, and most objects fail none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from manifold.lint.schema import Test

S = TypeVar("S")


class _Node:
    """What is expected at one place, and the ways on from it."""

    __slots__ = ("absent", "fields", "items", "tests")

    def __init__(self) -> None:
        self.tests: list[tuple[int, Test]] = []
        self.absent: list[int] = []
        """Who is not content where there is nothing; absent counts as null, so that is known before."""
        self.fields: dict[str, _Node] = {}
        self.items: _Node | None = None

    def below(self, part: str) -> _Node:
        if part != "[*]":
            return self.fields.setdefault(part, _Node())
        self.items = self.items or _Node()
        return self.items


class Expectations(Generic[S]):
    """Expectations of several rules, each known by a number."""

    def __init__(self) -> None:
        self._roots: dict[str, tuple[Callable[[S], Iterable[tuple[Any, Any]]], _Node]] = {}

    def add(
        self, number: int, root: str, roots: Callable[[S], Iterable[tuple[Any, Any]]], parts: Sequence[str], test: Test
    ) -> None:
        """Expect `test` of what is at `parts` (names of fields, `[*]` for the items of a list) below a root.

        `roots` gives the values that the root stands for, each with its path.
        """
        node = self._roots.setdefault(root, (roots, _Node()))[1]
        for part in parts:
            node = node.below(part)
        node.tests.append((number, test))
        if not test(None):
            node.absent.append(number)

    def failing(self, subject: S) -> set[int]:
        """The numbers of those that something does not meet; as with `expect` alone, what is missing further up counts as nothing."""
        found: set[int] = set()
        for roots, node in self._roots.values():
            for value, _ in roots(subject):
                for number, test in node.tests:
                    if not test(value):
                        found.add(number)
                _look(node, value, found)
        return found


def _look(node: _Node, value: Any, found: set[int]) -> None:
    if isinstance(value, dict):
        for name, below in node.fields.items():
            if name in value:
                inner = value[name]
                for number, test in below.tests:
                    if not test(inner):
                        found.add(number)
                if below.fields or below.items is not None:
                    _look(below, inner, found)
            elif below.absent:
                found.update(below.absent)
    elif isinstance(value, list) and (items := node.items) is not None:
        for item in value:
            for number, test in items.tests:
                if not test(item):
                    found.add(number)
            if items.fields or items.items is not None:
                _look(items, item, found)
