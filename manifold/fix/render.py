"""New YAML in the manner of the text around it: scalars in the quotes that stood there, subtrees written by ruamel."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import Any

from manifold.read import scalars

# A plain scalar that no YAML reader can take for anything else, also inside of brackets or at the start of a line.
_PLAIN = re.compile(r"[A-Za-z0-9_./$^+-](?:[A-Za-z0-9_./@$%^+=~*-]|:(?=[A-Za-z0-9_./]))*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is written: its line end, its step of indentation, whether dashes are indented, whether it is JSON."""

    newline: str = "\n"
    step: int = 2
    dashes: int = 0
    json: bool = False


def scalar(value: Any, quote: str = "", *, as_json: bool = False) -> str:
    """A scalar on one line; `quote` is the quotation mark that stood there, kept where it can be."""
    if not isinstance(value, str):
        return json.dumps(value)
    if not as_json:
        if quote == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if not quote and plain(value):
            return value
    return json.dumps(value, ensure_ascii=False)


def plain(text: str) -> bool:
    """Whether a text can stand without quotes and stays a text."""
    return bool(_PLAIN.fullmatch(text)) and text not in ("-", "...", "---") and scalars.plain(text).__class__ is str


def flow(value: Any, *, as_json: bool = False) -> str:
    """A value within brackets, on one line."""
    if isinstance(value, dict):
        inner = ", ".join(f"{scalar(k, as_json=as_json)}: {flow(v, as_json=as_json)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v, as_json=as_json) for v in value) + "]"
    return scalar(value, as_json=as_json)


def pair(key: str, value: Any, style: Style) -> list[str]:
    """The lines of a field in block style, not indented."""
    if not isinstance(value, (dict, list)) or not value:
        return [f"{scalar(key)}: {flow(value)}"]
    return _dump({key: value}, style)


def _dump(value: Any, style: Style) -> list[str]:
    from ruamel.yaml import YAML

    writer = YAML()
    writer.width = 1_000_000
    writer.default_flow_style = False
    writer.indent(mapping=style.step, sequence=style.dashes + 2, offset=style.dashes)
    out = io.StringIO()
    writer.dump(_quoted(value), out)
    return out.getvalue().rstrip("\n").split("\n")


def _quoted(value: Any) -> Any:
    """With quotes around the texts that kubectl would take for something else: ruamel writes YAML 1.2."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        return {_quoted(k): _quoted(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_quoted(v) for v in value]
    return value if not isinstance(value, str) or plain(value) else DoubleQuotedScalarString(value)
