"""Repairs of files: which are looked at, and how a repaired one takes the place of the old one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from manifold.apiserver.server import Server
from manifold.errors import UsageError
from manifold.fix.engine import Mended, mend
from manifold.fix.judge import judge, unreadable
from manifold.inputs import Request
from manifold.model import Diagnostic, Document, Source
from manifold.run import linter

STDIN = "(stdin)"
"""The name under which standard input is read."""


@dataclass(slots=True)
class Run:
    """What became of the files that could be read: one entry each; and what could not be, with its place."""

    mended: list[Mended]
    unreadable: list[Diagnostic] = field(default_factory=list)
    objects: int = 0


def run(request: Request, *, unsafe: bool = False) -> Run:
    """The files that the request names, repaired; nothing is written. A text that is partly unreadable stays whole.

    Raises UsageError where the request names what does not exist.
    """
    from manifold.fix.texts import read
    from manifold.read.walk import walk

    found = walk(request.paths, exclude=request.config.exclude, only_manifests=request.only_manifests)
    mended = repaired(found.sources, request, unsafe=unsafe)
    problems = list(found.diagnostics)
    readable = []
    objects = 0
    for source, one in zip(found.sources, mended, strict=True):
        reading = read(replace(source, data=one.after))
        objects += len(reading.documents)
        remaining = [d for d in reading.diagnostics if d.rejects]
        broken = unreadable(remaining)
        problems += broken
        if not broken:
            readable.append(one)
            one.left += [f"{d.line}: {d.message}: to be done by hand" for d in remaining]
    return Run(readable, problems, objects)


def repaired(
    sources: Sequence[Source], request: Request, *, unsafe: bool = False, beside: Sequence[Document] = ()
) -> list[Mended]:
    """The sources repaired as the request wants it; `beside` are objects of other files, which stay as they are."""
    rules = request.own_rules
    texts = {s.name: s.data for s in sources}

    def lint(documents: Sequence[Document], asked: Server) -> Callable[[Document], Iterable[Diagnostic]]:
        look = linter(request, documents, asked.version)
        return lambda document: _unsuppressed(look([document]), document, texts, rules)

    return mend(
        sources,
        lambda documents: judge(request, documents),
        unsafe=unsafe,
        lint=lint,
        wanted=lambda d: not request.skips(d),
        beside=beside,
    )


def _unsuppressed(
    found: Iterable[Diagnostic], document: Document, texts: dict[str, bytes], rules: tuple[Path, ...]
) -> list[Diagnostic]:
    """Without what somebody decided to live with."""
    from manifold.lint.catalogue import known
    from manifold.lint.suppress import Suppressions

    there = list(found)
    if not there:
        return there
    lines: Callable[[str], list[str]] = lambda name: texts.get(name, b"").decode("utf-8", "replace").split("\n")  # noqa: E731
    return Suppressions(known(rules), lines).apply(there, [document])[0]


def store(file: Path, before: bytes, after: bytes) -> None:
    """Put a repaired file in the old one's place: all of it or nothing, its mode kept, links followed.

    Raises UsageError where it cannot be written, or was changed by somebody else meanwhile.
    """
    real = file.resolve()
    try:
        if real.read_bytes() != before:
            raise UsageError(f"{file} was changed while it was being repaired: run again")
        state = real.stat()
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(after)
                stream.flush()
                os.fsync(stream.fileno())
            _dress(Path(name), state)
            Path(name).replace(real)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error


def _dress(file: Path, state: Any) -> None:
    """Mode and, where it may be given away, owner of the old file."""
    if (state.st_uid, state.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(PermissionError):  # only root gives files away; the content counts for more
            os.chown(file, state.st_uid, state.st_gid)
    file.chmod(state.st_mode & 0o7777)
