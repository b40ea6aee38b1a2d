"""What git knows: which lines changed since a revision, and how files were in it.

git runs with the tree's own hooks, monitors, external diffs and filters off, and never asks anything.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manifold.errors import SourceError, UsageError
from manifold.model import Source

_QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "diff.external=",
    "-c",
    "core.quotePath=false",
    "-c",
    "core.pager=cat",
)
_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
SUFFIXES = (".yaml", ".yml", ".json")


def _git(*arguments: str, cwd: Path | None = None) -> bytes:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    environment.pop("GIT_EXTERNAL_DIFF", None)
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise SourceError("git is not installed") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(f"git: {said[0] if said else 'failed'}")
    return done.stdout


def _revision(text: str, cwd: Path | None = None) -> str:
    if text.startswith("-"):
        raise UsageError(f"{text!r} is no git revision")
    try:
        found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}", cwd=cwd)
    except UsageError as error:
        raise UsageError(f"git knows no revision {text!r}") from error
    return found.decode().strip()


def top(start: Path | None = None) -> Path:
    """The root of the repository that one stands in.

    Raises UsageError outside of one.
    """
    return Path(_git("rev-parse", "--show-toplevel", cwd=start).decode().rstrip("\n"))


@dataclass(frozen=True, slots=True)
class Changed:
    """The lines of the files as they are now that a revision did not have; None: the whole file is new."""

    root: Path
    lines: dict[str, set[int] | None]

    def touches(self, file: str, line: int) -> bool:
        """Whether a finding at that place lies in what changed; one without a line counts for its whole file."""
        path = Path(file).resolve()
        if not path.is_relative_to(self.root):
            return False
        name = path.relative_to(self.root).as_posix()
        if name not in self.lines:
            return False
        found = self.lines[name]
        return found is None or not line or line in found


def changed_lines(revision: str, start: Path | None = None) -> Changed:
    """What changed in the working tree since `revision`, untracked files included.

    Raises UsageError for a revision that is not there, SourceError without git.
    """
    root = top(start).resolve()
    commit = _revision(revision, start)
    out: dict[str, set[int] | None] = {}
    diff = _git(
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--unified=0",
        "--no-renames",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        commit,
        "--",
        cwd=root,
    )
    current: set[int] | None = None
    for line in diff.split(b"\n"):
        if line.startswith(b"+++ "):
            name = line[4:].rstrip(b"\t").decode(errors="surrogateescape")
            current = None
            if name.startswith("b/"):
                current = set()
                out[name[2:]] = current
        elif line.startswith(b"@@ ") and current is not None:
            match = _HUNK.match(line)
            if match:
                first, count = int(match.group(1)), int(match.group(2) or 1)
                # A deletion leaves no line: those around it count, for what is missing is told of its neighbours.
                current.update(range(first, first + count) if count else (first, first + 1))
    for path_name in _git("ls-files", "--others", "--exclude-standard", "-z", cwd=root).split(b"\0"):
        if path_name:
            out[path_name.decode(errors="surrogateescape")] = None
    return Changed(root, out)


def at(revision: str, paths: Sequence[Path]) -> list[Source]:
    """The manifests under `paths` (or everywhere) as they were in a revision; names are those of the files.

    Raises UsageError for a revision that is not there.
    """
    start = next((p if p.is_dir() else p.parent for p in paths if p.exists()), None)
    root = top(start).resolve()
    commit = _revision(revision, start)
    wanted = []
    for path in paths:
        place = path.resolve()
        if not place.is_relative_to(root):
            raise UsageError(f"{path} lies outside of the repository {root}")
        wanted.append(place.relative_to(root).as_posix())
    listed = _git("ls-tree", "-r", "-z", "--name-only", commit, "--", *wanted, cwd=root).split(b"\0")
    out = []
    for raw in listed:
        name = raw.decode(errors="surrogateescape")
        if name.endswith(SUFFIXES):
            # cat-file gives the stored bytes: no filter of the tree runs
            out.append(Source(name, _git("cat-file", "blob", f"{commit}:{name}", cwd=root), named=False))
    return out
