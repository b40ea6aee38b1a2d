"""JSON values as YAML text, the way kubectl prints objects: block style, keys in their order, as few quotes as are safe.

PyYAML's dumper does the same in a millisecond an object; most of that goes into asking resolvers about texts that it has
seen a thousand times. Here a text is looked at once, and what is not surely plain is quoted, so that every YAML reader,
old or new, takes it for a text.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

# Letters first, and nothing in it that any YAML could take for structure; the second: amounts, versions, addresses.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@=+-]*(?::[A-Za-z0-9_./@-]+)*", re.ASCII)
_NUMBERED = re.compile(r"[0-9]+(?:m|Ki|Mi|Gi|Ti|Pi|Ei|%|s|h)|[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.-]*", re.ASCII)
_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null")


@lru_cache(maxsize=16384)
def _text(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"'{value}'" if _WORDS.fullmatch(value) else value
    if _NUMBERED.fullmatch(value):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value) if value.isascii() and "\x7f" not in value else _odd(value)


def _odd(value: str) -> str:
    """A text with characters that must be escaped, in YAML's own way: JSON's would write two halves for one."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, default_style='"', width=2**31 - 1)).rstrip("\n")


def _scalar(value: Any) -> str:
    if value.__class__ is str:
        return _text(value) if len(value) < 200 else _text.__wrapped__(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is float and math.isfinite(value):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return str(value)


def _literal(value: str) -> bool:
    """Whether a text of several lines can stand as it is, below `|`."""
    return (
        "\n" in value
        and value[0] not in " \n\t"
        and " \n" not in value
        and value.isascii()
        and value.replace("\n", "").replace("\t", "").isprintable()
    )


def _block(value: str, indent: str, out: list[str]) -> str:
    """Put the lines of a literal text out; returns the sign that goes before them."""
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    for line in body.split("\n"):
        out.append(f"{indent}{line}" if line else "")
    out.extend([""] * (ends - 1))
    return "|-" if not ends else "|" if ends == 1 else "|+"


def _map(value: dict[str, Any], indent: str, out: list[str], first: str) -> None:
    prefix = first
    for key, inner in value.items():
        head = f"{prefix}{_text(key)}:"
        prefix = indent
        _entry(head, inner, indent, out, indent)


def _entry(head: str, inner: Any, indent: str, out: list[str], list_indent: str) -> None:
    if inner.__class__ is dict and inner:
        out.append(head)
        _map(inner, indent + "  ", out, indent + "  ")
    elif inner.__class__ is list and inner:
        out.append(head)
        _list(inner, list_indent, out)
    elif inner.__class__ is str and _literal(inner):
        at = len(out)
        out.append("")
        out[at] = f"{head} {_block(inner, indent + '  ', out)}"
    else:
        out.append(f"{head} {_leaf(inner)}")


def _leaf(value: Any) -> str:
    return ("{}" if value.__class__ is dict else "[]") if value.__class__ in (dict, list) else _scalar(value)


def _list(value: list[Any], indent: str, out: list[str]) -> None:
    for inner in value:
        if inner.__class__ is dict and inner:
            _map(inner, indent + "  ", out, f"{indent}- ")
        elif inner.__class__ is list and inner:
            out.append(f"{indent}-")
            _list(inner, indent + "  ", out)
        else:
            _entry(f"{indent}-", inner, indent, out, indent)


def dumps(value: dict[str, Any]) -> str:
    """One object as a YAML document, without a separator."""
    if not value:
        return "{}\n"
    out: list[str] = []
    _map(value, "", out, "")
    out.append("")
    return "\n".join(out)
