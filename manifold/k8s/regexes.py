"""Patterns in RE2, the language of the server's patterns, whose time grows with the text and never with the pattern.

RE2 complains on the process's standard error of a pattern that it refuses, or that takes more room than it may; here it
is silent, and who asks is told.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


class PatternError(ValueError):
    """RE2 refuses a pattern; the message is its reason."""


@cache
def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The compiled pattern, with `search` and `fullmatch` as in `re`.

    Raises PatternError for a pattern that RE2 refuses.
    """
    import re2

    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        found = error.args[0] if error.args else "cannot be read"
        raise PatternError(found.decode(errors="replace") if isinstance(found, bytes) else str(found)) from error
    except UnicodeEncodeError as error:
        raise PatternError("holds half of a surrogate pair") from error


MOST = 200_000_000
"""Size of a pattern's program times length of the text, beyond which nothing is searched: some seconds where RE2 falls
back on its slowest way."""


class TooMuchError(ValueError):
    """A search could take too long."""


def within(pattern: str, text: str) -> Any:
    """The compiled pattern, to be searched for in `text`.

    Raises PatternError, and TooMuchError where the search could take too long.
    """
    found = compiled(pattern)
    if len(text) > 1000 and found.programsize * len(text) > MOST:
        raise TooMuchError(f"a pattern of this size is not searched for in a text of {len(text)} characters")
    return found
