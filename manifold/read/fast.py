"""The fast path: rapidyaml and orjson for text that holds nothing odd; None for the rest, which the exact path reads.

Both must agree on every value, so the gate is strict: what YAML 1.1 as kubectl reads it and YAML 1.2 as rapidyaml reads
it could see differently stays outside, wherever it stands, also in a comment. Measured: 26 microseconds for a Deployment of
1.7 KB, where the exact path takes 1,500.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

# A token stands after the start of a line, a blank or one of - : , [ { and ends before a blank, the end, or , ] } # :
_BEFORE = r"(?:^|[\s\[{,:-])"
_AFTER = r"(?:$|[\s,\]}:#])"
_PATTERN = "(?m)" + "|".join(
    (
        r"[^\n -~]",  # tabs, carriage returns, all that is not ASCII
        rf"{_BEFORE}[&*!%?@`:]",  # anchors, aliases, tags, directives, complex and empty keys, reserved ones
        rf"{_BEFORE}[|>](?:[^\n+-]|[+-][^\n])",  # block scalars with an indentation of their own, or a comment
        r"^[ -]*[}\],]",  # flow brackets that close at the beginning of a line, or nothing
        r"(?:[:,-] *)[}\],]",
        r"<<",
        r"^\.\.\.",
        r"[\"']:[^ \n]",  # a quoted key without a blank after its colon
        # Words that YAML 1.1 takes for booleans and null, and the two words in other cases
        rf"{_BEFORE}(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|True|TRUE|False|FALSE|Null|NULL|~|[-+]?\.?(?:inf|Inf|INF|nan|NaN|NAN|infinity)){_AFTER}",
        # Numbers in any but the plainest form
        rf"{_BEFORE}(?:\+[0-9.]|-?0[0-9_xXoObB]|-?[0-9.][-+0-9.eE]*_|-?\.[0-9]|-?[0-9]+\.{_AFTER}|-?[0-9.]+[eE][-+0-9]|-?[0-9]+\.0*{_AFTER}|-?[0-9]{{16}})",
    )
)


@cache
def _gate() -> Any:
    """The compiled gate. RE2 looks at each character once, whatever the pattern: 3 microseconds where `re` takes 200."""
    import re2

    return re2.compile(_PATTERN)


_null = -1


def _parse(data: bytes) -> tuple[str, int] | None:
    """rapidyaml's JSON and the number of its nodes; None where it refuses the text.

    It complains on the process's standard error by itself, which is turned away meanwhile: the exact path has the word.
    """
    import ryml

    global _null
    if _null < 0:
        _null = os.open(os.devnull, os.O_WRONLY)
    saved = os.dup(2)
    os.dup2(_null, 2)
    try:
        tree = ryml.parse_in_arena(data)
        return ryml.emit_json(tree), tree.size()
    except (ryml.ExceptionParse, ryml.ExceptionBasic, ryml.ExceptionVisit, RuntimeError):
        return None
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _count(value: Any) -> int:
    """The number of nodes of a JSON value: a duplicate key makes it less than rapidyaml's."""
    total = 1
    stack = [value]
    while stack:
        one = stack.pop()
        values = one.values() if one.__class__ is dict else one
        total += len(one)
        for inner in values:
            if inner.__class__ is dict or inner.__class__ is list:
                stack.append(inner)
    return total


def parse(text: str) -> dict[str, Any] | None:
    """The object that a document holds, or None where the exact path must read it."""
    import orjson

    data = text.encode("utf-8", "surrogatepass")
    if _gate().search(data) is not None:
        return None
    found = _parse(data)
    if found is None:
        return None
    try:
        value = orjson.loads(found[0])
    except orjson.JSONDecodeError:
        return None
    if value.__class__ is not dict or _count(value) != found[1]:
        return None
    return dict(value)
