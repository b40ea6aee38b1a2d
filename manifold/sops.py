"""Manifests that SOPS encrypted: they are decrypted before they are sent, so their values are not known here.

The form: https://github.com/getsops/sops/blob/main/README.rst (a map `sops` at the top, values written as `ENC[...]`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from manifold.model import Diagnostic, Document, ObjectId, Origin, Severity

FIELD = "sops"
MARK = "ENC["


def sealed(body: Mapping[str, Any]) -> bool:
    """Whether SOPS has put its map with keys and checksum into an object."""
    return isinstance(body.get(FIELD), dict)


def may_be(text: bytes) -> bool:
    """Whether a file may hold what SOPS encrypted; False only where it surely does not."""
    return FIELD.encode() in text and MARK.encode() in text


def set_aside(
    found: Iterable[Diagnostic], documents: Iterable[Document], lines: Callable[[str], list[str]]
) -> list[Diagnostic]:
    """The diagnostics without those that blame an encrypted value or the map `sops`; for each file with such objects, one note.

    `documents` are those to look through, `lines` gives the lines of a file.
    """
    encrypted: dict[str, dict[int, Document]] = {}
    for document in documents:
        body = document.body
        if sealed(body) and _encrypted(body):
            encrypted.setdefault(document.source, {}).setdefault(document.index, document)
    texts = {file: lines(file) for file in encrypted}

    def blamed(d: Diagnostic) -> bool:
        if d.origin is Origin.YAML or d.document not in encrypted.get(d.file, ()):
            return False
        return d.path == FIELD or d.path.startswith((f"{FIELD}.", f"{FIELD}[")) or _at_mark(d, texts[d.file])

    kept = [d for d in found if not blamed(d)]
    return [*kept, *(_note(list(there.values())) for there in encrypted.values())]


def _encrypted(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_encrypted, value.values()))
    if isinstance(value, list):
        return any(map(_encrypted, value))
    return isinstance(value, str) and value.startswith(MARK)


def _at_mark(d: Diagnostic, lines: list[str]) -> bool:
    """Whether a diagnostic points at a value that is encrypted."""
    line = lines[d.span.line - 1] if 0 < d.span.line <= len(lines) else ""
    return line[max(0, d.span.column - 1) :].lstrip("\"'").startswith(MARK)


def _note(there: list[Document]) -> Diagnostic:
    first = there[0]
    what = "the object is" if len(there) == 1 else f"{len(there)} objects are"
    return Diagnostic(
        origin=Origin.LINT,
        rule="encrypted",
        severity=Severity.INFO,
        message=f"{what} encrypted by SOPS, and looked at without the encrypted values",
        path=FIELD,
        file=first.source,
        span=first.locate((FIELD,)),
        document=first.index,
        object=ObjectId.of(first.body),
        help="check what is sent as well: `sops decrypt FILE | manifold check -`",
    )
