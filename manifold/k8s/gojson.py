"""JSON as Go's encoding/json writes it: compact, with `<`, `>`, `&` and the line separators of Unicode escaped."""

from __future__ import annotations

import json
from typing import Any

_ESCAPED = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def dumps(value: Any, *, sort: bool = False) -> str:
    """The text of a JSON value; `sort`: keys in order, as of a Go map, else as they stand, as of a struct's fields."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=sort, ensure_ascii=False)
    for char, escaped in _ESCAPED:
        text = text.replace(char, escaped)
    return text
