"""Bytes to text, and text to the pieces that kubectl parses one by one.

Source: k8s.io/apimachinery/pkg/util/yaml (YAMLReader, YAMLOrJSONDecoder) and kubectl's file visitor, confirmed by asking
kubectl 1.37: a line that begins with `---` cuts wherever it stands, also inside a quoted scalar.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple


class Piece(NamedTuple):
    """One document's text, and the number of lines before it.

    `bad` is a separator that kubectl refuses. `marked` says that the `---` above belongs to the document, as where it
    stands first in the file: kubectl swallows only one that ends a document.
    """

    text: str
    line: int
    bad: str = ""
    marked: bool = False


def decode(data: bytes) -> tuple[str, list[int]]:
    """The text of a file, and the lines (from 1) that hold invalid UTF-8: each such byte becomes U+FFFD."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), []
    try:
        text = data.decode("utf-8")
        return (text[1:] if text.startswith("\ufeff") else text), []
    except UnicodeDecodeError:
        pass
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    lines: list[int] = []
    parts: list[str] = []
    rest = data
    line = 1
    while rest:
        try:
            parts.append(rest.decode("utf-8"))
            break
        except UnicodeDecodeError as error:
            good = rest[: error.start].decode("utf-8")
            line += good.count("\n")
            parts += [good, "�"]  # Go replaces byte by byte
            if not lines or lines[-1] != line:
                lines.append(line)
            rest = rest[error.start + 1 :]
    return "".join(parts), lines


def pieces(text: str) -> list[Piece]:
    """The documents of a YAML text, empty ones included, up to a separator that kubectl refuses."""
    found: list[Piece] = []
    start = line = 0
    marked = False
    at = 0 if text.startswith("---") else _separator(text, 0)
    while at >= 0:
        end = text.find("\n", at)
        rest = text[at + 3 : end if end >= 0 else len(text)]
        chunk = text[start:at]
        if (said := rest.strip()) and said[0] != "#":
            # kubectl stops here, and what it had gathered is not created either.
            found.append(Piece(chunk, line, f"---{rest}".rstrip()))
            return found
        if chunk:
            found.append(Piece(chunk, line, marked=marked))
        marked = not chunk and not marked
        line += chunk.count("\n") + 1
        start = end + 1 if end >= 0 else len(text)
        at = _separator(text, start - 1)
    if start < len(text):
        found.append(Piece(text[start:], line, marked=marked))
    return found


def _separator(text: str, start: int) -> int:
    """Where the next line that begins with `---` does, -1 where there is none."""
    found = text.find("\n---", start)
    return found + 1 if found >= 0 else -1
