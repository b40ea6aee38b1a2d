"""Keeps the values of Secrets out of what is printed: messages, cures, and the lines of text that reports quote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from manifold.model import Diagnostic, Document, Path

MASK = "***"
FIELDS = ("data", "stringData")


class Secrets:
    """The Secrets among the documents of a run, by where they stand."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_file: dict[str, list[Document]] = {}
        for document in documents:
            if document.kind == "Secret" and document.api_version == "v1":
                self._by_file.setdefault(document.source, []).append(document)

    def __bool__(self) -> bool:
        return bool(self._by_file)

    def hide(self, found: Diagnostic) -> Diagnostic:
        """The diagnostic with the values of its Secret masked in message, help and fix."""
        if found.object.kind != "Secret":
            return found
        words = {w for d in self._by_file.get(found.file, ()) for w in _words(d) if d.index == found.document}
        if not words:
            return found
        longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")
        fix = found.fix
        return replace(
            found,
            message=pattern.sub(MASK, found.message),
            help=pattern.sub(MASK, found.help),
            fix=replace(fix, description=pattern.sub(MASK, fix.description)) if fix is not None else None,
        )

    def quoted(self, lines: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
        """`lines`, which gives the lines of a file, with asterisks where values of Secrets are written."""

        def masked(file: str) -> list[str]:
            there = lines(file)
            for document in self._by_file.get(file, ()):
                there = list(there)
                for path in _values(document):
                    span = document.locate(path)
                    for number in range(span.line, min(span.end_line, len(there)) + 1):
                        text = there[number - 1]
                        start = span.column - 1 if number == span.line else len(text) - len(text.lstrip())
                        end = span.end_column - 1 if number == span.end_line else len(text)
                        there[number - 1] = text[:start] + "*" * max(0, end - start) + text[end:]
            return there

        return masked


def _values(document: Document) -> Iterator[Path]:
    body = document.body
    for field in FIELDS:
        values = body.get(field)
        if isinstance(values, dict):
            yield from ((field, key) for key, value in values.items() if value is not None)


def _words(document: Document) -> Iterator[str]:
    """How the values of a Secret may be spelled in a message."""
    body = document.body
    for field, key in _values(document):
        value: Any = body[str(field)][key]
        if isinstance(value, str):
            # Messages cut long texts; a short part of one tells too little to be found again.
            yield from (w for w in {value, value[:40], repr(value)[1:-1], repr(value[:40])[1:-1]} if w)
        elif not isinstance(value, (dict, list)):
            yield from {str(value), json.dumps(value)}
