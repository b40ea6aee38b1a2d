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
