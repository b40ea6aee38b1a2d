"""What expressions may cost, held against answers of a real server."""

from __future__ import annotations

import pytest
from manifold.apiserver.rules import type_of
from manifold.k8s.cel import Scope, check, compiled
from manifold.k8s.cel.cost import TOP, estimate

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 10},
        "free": {"type": "string"},
        "count": {"type": "integer"},
        "names": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 10}},
    },
}


def cost(rule: str) -> int:
    """The estimate for a rule on SCHEMA."""
    known = type_of(SCHEMA)
    assert known is not None
    messages, node = compiled(rule, Scope({"self": known}))
    assert node is not None, messages
    return estimate(node, known)


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("true", 0),
        ("self.count > 1", 3),
        ("has(self.text)", 1),
        ("self.text == 'abc'", 3),  # the shorter of both, a tenth for each character
        ("self.text.contains('a')", 2 + 4),  # 40 bytes of text
        ("self.names.all(n, n.size() > 1)", 2 + 1 + 5 * (2 + 1 + 1 + 2)),
        ("self.names.map(n, n).size() > 1", 2 + 10 + 5 * (1 + 12) + 1 + 1 + 1),
    ],
)
def test_costs_add_up_as_on_the_server(rule: str, most: int) -> None:
    """Names and fields cost one, loops what they go through, texts a tenth of a character."""
    assert cost(rule) == most


def test_what_has_no_bounds_may_cost_more_than_is_allowed() -> None:
    """A text made of a text without a known length has none either."""
    assert cost("('a' + string(self.count)).matches('.*')") > 10_000_000
    assert cost("self.free.matches('a.*')") == 2 + 314_573


def test_a_cost_does_not_overflow() -> None:
    """More than can be counted is the most that can be counted."""
    assert cost("string(self.count).contains(string(self.count))") == TOP


@pytest.mark.parametrize(
    ("rule", "since"),
    [
        ("isSemver('1.2.3')", (1, 34)),
        ("[2, 1].sort() == [1, 2]", (1, 35)),
        ("[1].all(i, x, x > i)", (1, 33)),
        ("[1].includes(1)", (1, 38)),
    ],
)
def test_functions_come_with_a_release(rule: str, since: tuple[int, int]) -> None:
    """New expressions may use what the release before knew, so that one can go back to it."""
    before = (since[0], since[1] - 1)
    assert check(rule, Scope(release=since), ("bool",)) == []
    assert check(rule, Scope(release=before), ("bool",)) != []
    assert check(rule, Scope(), ("bool",)) == []
