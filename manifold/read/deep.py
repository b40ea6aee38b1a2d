"""JSON without recursion: what the standard library's decoder gives up at some 990 levels, encoding/json reads to 10,000."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 10_000  # encoding/json's limit of nesting
_BLANK = re.compile(r"[ \t\r\n]*")


def decode(text: str, at: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    """The JSON value at `at`, and the place after it; scalars are read by `decoder`.

    Raises ValueError where the text is no JSON, or is nested too deep.
    """
    stack: list[Any] = []
    keys: list[str] = []
    while True:
        at = _skip(text, at)
        opened = text[at : at + 1]
        if opened in ("{", "["):
            if len(stack) >= DEEPEST:
                raise ValueError("nested too deep")
            stack.append({} if opened == "{" else [])
            at = _skip(text, at + 1)
            closer = "}" if opened == "{" else "]"
            if text[at : at + 1] != closer:
                if opened == "{":
                    at = _key(text, at, keys, decoder)
                continue
            value, at = stack.pop(), at + 1
        else:
            value, at = decoder.raw_decode(text, at)
        # a value is complete: put it where it belongs, and close what ends with it
        while stack:
            top = stack[-1]
            if top.__class__ is dict:
                top[keys.pop()] = value
            else:
                top.append(value)
            at = _skip(text, at)
            sign = text[at : at + 1]
            if sign == ",":
                at += 1
                if top.__class__ is dict:
                    at = _key(text, _skip(text, at), keys, decoder)
                break
            if sign != ("}" if top.__class__ is dict else "]"):
                raise ValueError(f"a comma or the end is missing at {at}")
            value, at = stack.pop(), at + 1
        else:
            return value, at


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _key(text: str, at: int, keys: list[str], decoder: json.JSONDecoder) -> int:
    if text[at : at + 1] != '"':
        raise ValueError(f"a key is missing at {at}")
    key, at = decoder.raw_decode(text, at)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise ValueError(f"a colon is missing at {at}")
    keys.append(key)
    return at + 1
