"""Manifests that SOPS encrypted: they are decrypted before they are sent, so their values are not known here.

The form: https://github.com/getsops/sops/blob/main/README.rst (a map `sops` at the top, values written as `ENC[...]`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from manifold.model import Diagnostic, Document, ObjectId, Origin, Severity
from manifold.patterns import late

FIELD = "sops"
MARK = "ENC["
WORDS = (FIELD.encode(), MARK.encode())
"""What stands in every text that holds something encrypted."""
MASKED = "<masked>"  # what a snapshot has in place of a Secret's values


def sealed(body: Mapping[str, Any]) -> bool:
    """Whether SOPS has put its map with keys and checksum into an object."""
    return isinstance(body.get(FIELD), dict)


_TYPE = late(r",type:(str|int|float|bool|bytes|comment)\]$")


def plain(body: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An encrypted object without the map `sops`, and with something in place of each encrypted value.

    That is what stands there in the `live` object, for nobody can tell it from that; else a value of the type that SOPS
    noted, which is another one where the encrypted text is another one.
    """
    there = dict(live or {})
    secret = (body.get("apiVersion"), body.get("kind")) == ("v1", "Secret")
    if secret and isinstance(data := there.get("data"), dict):
        data = there["data"] = {k: v for k, v in data.items() if v != MASKED}
        there["stringData"] = {k: _decoded(v) for k, v in data.items()}
    out = {}
    for name, value in body.items():
        if name != FIELD:
            # What is no JSON is refused in some Secrets.
            form = '{"encrypted by SOPS":"%s"}' if secret and name in ("data", "stringData") else "encrypted-by-sops-%s"
            out[name] = _filled(value, there.get(name), form, encoded=secret and name == "data")
    return out


def _decoded(value: Any) -> str | None:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except ValueError:
        return None


def nameless(body: Mapping[str, Any]) -> bool:
    """Whether even the kind or the name of an object is encrypted, so that nothing can be said of it."""
    meta = body.get("metadata")
    return any(map(_encrypted, (body.get("apiVersion"), body.get("kind")))) or (
        isinstance(meta, dict) and any(map(_encrypted, (meta.get("name"), meta.get("namespace"))))
    )


def _filled(value: Any, live: Any, form: str, *, encoded: bool) -> Any:
    if isinstance(value, dict):
        there = live if isinstance(live, dict) else {}
        return {k: _filled(v, there.get(k), form, encoded=encoded) for k, v in value.items()}
    if isinstance(value, list):
        beside = live if isinstance(live, list) and len(live) == len(value) else [None] * len(value)
        return [_filled(v, b, form, encoded=encoded) for v, b in zip(value, beside, strict=True)]
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    if live is not None and not isinstance(live, (dict, list)):
        return live
    import hashlib  # which brings OpenSSL, for nothing where nothing is encrypted

    text = form % hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if encoded:
        return base64.b64encode(text.encode()).decode()
    found = _TYPE.search(value)
    return {"int": 1, "float": 1.5, "bool": True}.get(found[1] if found else "", text)


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
