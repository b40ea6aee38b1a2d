"""A repair as a patch that `git apply` and `patch -p1` take; values of Secrets are masked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from manifold.errors import SourceError, UsageError
from manifold.fix.engine import Mended
from manifold.fix.files import STDIN
from manifold.model import Source
from manifold.read import git, read

MASK = "<masked>"


def base(names: Iterable[str]) -> Path | None:
    """The folder in which a patch of all these files is applied, so that its paths lead there.

    That is the current folder where they all lie in it, else the root of their git repository; None where there is none.
    """
    files = [Path(name).resolve() for name in names if name != STDIN]
    here = Path.cwd().resolve()
    outside = next((f for f in files if not f.is_relative_to(here)), None)
    if outside is None:
        return here
    try:
        root = git.top(outside.parent).resolve()
    except (SourceError, UsageError):  # no repository, or no git: then nothing says where paths begin
        return None
    return root if all(f.is_relative_to(root) for f in files) else None


def patch(one: Mended, folder: Path | None = None) -> str:
    """The unified diff of a mended source, its path from `folder` on."""
    old, new = _lines(one.name, one.before), _lines(one.name, one.after)
    inside = one.name.removeprefix("./").lstrip("/")
    if folder is not None and one.name != STDIN:
        inside = Path(one.name).resolve().relative_to(folder).as_posix()
    out = [f"--- a/{inside}\n", f"+++ b/{inside}\n"]
    matcher = difflib.SequenceMatcher(None, [t for t, _ in old], [t for t, _ in new], autojunk=False)
    for group in matcher.get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        out.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += [_shown(" ", line) for line in old[i1:i2]]
                continue
            out += [_shown("-", line) for line in old[i1:i2]]
            out += [_shown("+", line) for line in new[j1:j2]]
    return "".join(out)


def _range(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"


def _shown(sign: str, line: tuple[str, bool]) -> str:
    text, secret = line
    if secret:
        head, colon, _ = text.partition(":")
        text = f"{head}{colon} {MASK}\n" if colon else f"{MASK}\n"
    return f"{sign}{text}" if text.endswith("\n") else f"{sign}{text}\n\\ No newline at end of file\n"


def _lines(name: str, data: bytes) -> list[tuple[str, bool]]:
    """The lines of a text, line ends kept, and whether each holds a Secret's value."""
    lines = data.decode("utf-8", "replace").split("\n")
    secret = set(_secret(name, data))
    out = [(line + "\n", i in secret) for i, line in enumerate(lines[:-1], 1)]
    return [*out, (lines[-1], len(lines) in secret)] if lines[-1] else out


def _secret(name: str, data: bytes) -> Iterator[int]:
    if b"Secret" not in data:
        return
    for document in read(Source(name, data), fast=False).documents:
        if document.kind != "Secret":
            continue
        for field in ("data", "stringData"):
            values = document.body.get(field)
            for key in values if isinstance(values, dict) else ():
                span = document.locate((field, key))
                yield from range(span.line, max(span.line, span.end_line) + 1)
