"""Regular expressions that are compiled when they are first asked.

To compile one takes a tenth of a millisecond, and of those that modules hold a short run uses a few.
"""

from __future__ import annotations

import re
from typing import Any


class _Late:
    """Stands for a pattern: its methods are fetched when one is asked for, and found here from then on."""

    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def late(text: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile(text, flags)`, to be done when it is needed."""
    return _Late(text, flags)  # type: ignore[return-value]
