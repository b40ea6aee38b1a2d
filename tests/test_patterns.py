"""Patterns that are compiled late are patterns."""

from __future__ import annotations

import re

import pytest
from manifold import patterns
from manifold.patterns import late


def test_a_late_pattern_does_what_a_pattern_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compiled when it is first asked, and its methods are there from then on."""
    asked: list[str] = []
    compile = re.compile
    monkeypatch.setattr(patterns.re, "compile", lambda text, flags: asked.append(text) or compile(text, flags))
    pattern = late("(a+)B", re.IGNORECASE)
    assert asked == []
    found = pattern.fullmatch("aab")
    assert found is not None
    assert found[1] == "aa"
    assert pattern.fullmatch("b") is None
    assert asked == ["(a+)B"]
    assert (pattern.sub("-", "xab"), pattern.pattern, pattern.search("c")) == ("x-", "(a+)B", None)


def test_a_wrong_one_is_refused_when_asked() -> None:
    """As `re.compile` does."""
    with pytest.raises(re.error):
        late("(").match("")
