"""RE2 patterns: linear, bounded, silent."""

from __future__ import annotations

import pytest
from manifold.k8s.regexes import PatternError, compiled


def test_patterns_that_explode_elsewhere() -> None:
    """Nested repetitions over a long text are answered at once."""
    assert compiled("^(a+)+$").search("a" * 100_000 + "!") is None
    assert compiled("(x+x+)+y").search("x" * 100_000) is None


@pytest.mark.parametrize("pattern", ["((a{0,100}){0,100}){0,100}", "[[[(", "(?=a)b", "\\8", "a\ud800"])
def test_refused_patterns_are_told_and_not_printed(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The reason comes with the error, and nothing goes out on the process's streams."""
    with pytest.raises(PatternError, match=r"\w"):
        compiled(pattern)
    assert capfd.readouterr() == ("", "")


def test_a_pattern_larger_than_its_room_still_answers(capfd: pytest.CaptureFixture[str]) -> None:
    """A pattern for which RE2's automaton gets no room is matched more slowly, without a word."""
    host = compiled(r"^[a-z0-9]{1,63}([.][a-z0-9]{1,63}){0,14}$")
    assert host.search("a." * 10 + "example") is not None
    assert host.search("-" * 10_000) is None
    assert capfd.readouterr().err == ""
