"""Fingerprints that outlive moved lines, and the file of findings that a team lives with for now."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from manifold.errors import UsageError
from manifold.model import Diagnostic, Document, ObjectId
from manifold.patterns import late

# The fields that name an item of a list, in the order in which they are tried.
NAMES = ("name", "key", "mountPath", "containerPort", "port", "host", "path")
PIPED = "(stdin)"
"""The name of standard input, of which it does not matter where one stands."""
_PARTS = late(r"\[(\d+)\]|\[([^\]]*)\]|([^.\[\]]+)")


def stable(path: str, body: Any) -> str:
    """A path with names in place of positions: `spec.containers[name=web].image`."""
    out = []
    here = body
    for match in _PARTS.finditer(path):
        index, key, name = match.groups()
        if index is not None:
            at = int(index)
            here = here[at] if isinstance(here, list) and at < len(here) else None
            item = here if isinstance(here, dict) else {}
            named = next((n for n in NAMES if n in item), None)
            out.append(f"[{named}={item[named]}]" if named else "[]")
        else:
            part = key if key is not None else name
            here = here.get(part) if isinstance(here, dict) else None
            out.append(f".{part}")
    return "".join(out)


def fingerprinted(found: Sequence[Diagnostic], documents: Iterable[Document]) -> list[Diagnostic]:
    """The diagnostics with their fingerprints: rule, object, stable path, the file's folder, and which of equals it is."""
    if not found:
        return []
    wanted = {(d.file, d.document) for d in found if not d.fingerprint}
    bodies: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for document in documents:
        place = (document.source, document.index)
        if place in wanted:
            bodies.setdefault(place, []).append(document.body)
    sha256 = _sha256()
    seen: dict[str, int] = {}
    # Many rules blame the same places of the same few objects.
    paths: dict[tuple[str, int, str, str], str] = {}
    folder = cache(_folder)
    out = []
    for d in found:
        if d.fingerprint:
            out.append(d)
            continue
        place_in = (d.file, d.document, d.object.name, d.path)
        path = paths.get(place_in)
        if path is None:
            there = bodies.get((d.file, d.document), ())
            body = next((b for b in there if ObjectId.of(b).name == d.object.name), None)
            path = paths[place_in] = stable(d.path, body)
        parent = os.path.dirname(d.file)  # noqa: PTH120  a Path takes ten times as long
        where = folder(parent) if d.file and d.file != PIPED else parent
        parts = (d.rule, *d.object, path, where)
        base = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
        nth = seen[base] = seen.get(base, 0) + 1
        out.append(d.fingerprinted(f"{base}-{nth}"))
    return out


def _sha256() -> Callable[[bytes], Any]:
    """Python's own SHA-256 where there is one, as `random` does it: hashlib brings OpenSSL, which takes 2 ms to load."""
    for name in ("_sha2", "_sha256"):
        try:
            made: Callable[[bytes], Any] = importlib.import_module(name).sha256
        except ImportError:
            continue
        return made
    import hashlib

    return hashlib.sha256


def _folder(folder: str) -> str:
    """A folder as seen from the root, which is that of its git repository, or else the place where one stands."""
    place = Path(folder).resolve()
    root = next((p for p in (place, *place.parents) if (p / ".git").exists()), Path.cwd())
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else Path(folder).as_posix()


def known(file: Path) -> set[str]:
    """The fingerprints of a baseline file.

    Raises UsageError for a file that is none.
    """
    return {str(entry["fingerprint"]) for entry in entries(file)}


def entries(file: Path) -> list[dict[str, Any]]:
    """What stands in a baseline file.

    Raises UsageError for a file that is none.
    """
    try:
        found = json.loads(file.read_bytes())["findings"]
        if not all(isinstance(entry["fingerprint"], str) for entry in found):
            raise TypeError
    except OSError as error:
        raise UsageError(f"--baseline {file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"--baseline {file}: is no baseline (`manifold baseline write` makes one)") from error
    return list(found)


def render(found: Iterable[Diagnostic]) -> str:
    """A baseline of these diagnostics; refusals never stand in one."""
    return listing(
        {
            "fingerprint": d.fingerprint,
            "rule": d.rule,
            "file": d.file,
            "object": "/".join(p for p in d.object[1:] if p),
            "path": d.path,
        }
        for d in found
        if not d.rejects
    )


def listing(found: Iterable[Mapping[str, Any]]) -> str:
    """A baseline of these entries."""
    ordered = sorted(found, key=lambda e: (str(e.get("file", "")), e["fingerprint"]))
    return json.dumps({"version": 1, "findings": ordered}, indent=1) + "\n"
