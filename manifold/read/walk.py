"""From paths to sources: files as they are named, folders walked as a person would look through them.

Hidden and git-ignored files are left out of folders, and what is checked only when it is rendered (a kustomization's
patches, a chart's templates) is named as skipped. A file that cannot be read is said; the rest goes on.
"""

from __future__ import annotations

import operator
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from manifold.model import Diagnostic, Kustomization, Origin, Severity, Skip, Source
from manifold.read.realpath import Real, join, real
from manifold.read.values import values

SUFFIXES = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LARGEST = 256 * 1024 * 1024  # a file of more bytes is no manifest; kube-apiserver itself takes requests of 3 MiB


@dataclass(slots=True)
class Found:
    """The sources in order, what was left out, what could not be read, and the kustomizations of the folders walked."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    kustomizations: list[Kustomization] = field(default_factory=list)


def _unreadable(name: str, why: str, help: str = "") -> Diagnostic:
    return Diagnostic(Origin.YAML, "yaml/unreadable", Severity.ERROR, why, file=name, help=help)


# Plain system calls: `open` and its objects take half as long again, for thousands of files.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # to open a pipe is to wait for its writer


def regular(path: Path) -> bytes:
    """What a regular file of at most LARGEST bytes holds.

    Raises OSError for one that is larger, for what is no regular file (a pipe would never end, nor would /dev/zero) and
    for what cannot be read, ValueError for a path that no file can have.
    """
    file = os.open(path, _READ | _AT_ONCE)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise OSError(f"{path} is no regular file, or too large")
        return _contents(file, status)
    finally:
        os.close(file)


def _contents(file: int, status: os.stat_result) -> bytes:
    """All that a file holds, or more than LARGEST bytes of it; `status` tells how much to expect."""
    data = os.read(file, status.st_size + 1)
    if len(data) == status.st_size and stat.S_ISREG(status.st_mode):
        return data  # it had room for more, and there was none
    parts = [data]
    size = len(data)
    while data and size <= LARGEST:
        data = os.read(file, 1024 * 1024)
        size += len(data)
        parts.append(data)
    return b"".join(parts)


ELSEWHERE = "a link to what lies elsewhere: name it to have it read"
"""Why what a link in a walked folder leads to is not read: whoever can write there could have any file told of."""


class _Walker:
    def __init__(self, paths: Sequence[Path], exclude: Sequence[str], only_manifests: bool) -> None:
        self.out = Found()
        self._paths = paths
        self._only_manifests = only_manifests
        self._seen: set[tuple[int, int]] = set()
        self._folders: set[tuple[int, int]] = set()
        self._patches: dict[str, str] = {}
        self._real = Real()
        self._exclude = _patterns(exclude) if exclude else None

    def add(self, path: Path) -> None:
        if str(path) == "-":
            if sys.stdin is None:
                self.out.diagnostics.append(_unreadable("(stdin)", "is closed", "name a file or a folder"))
                return
            data = sys.stdin.buffer.read(LARGEST + 1)
            if len(data) > LARGEST:
                self.out.diagnostics.append(_unreadable("(stdin)", f"is larger than {LARGEST // 1024 // 1024} MiB"))
            else:
                self.out.sources.append(Source("(stdin)", data, True))
            return
        try:
            status = path.stat()
        except FileNotFoundError:
            self.out.diagnostics.append(_unreadable(str(path), "there is no such file or folder", "check the path"))
            return
        except OSError as error:
            self.out.diagnostics.append(_unreadable(str(path), f"cannot be read: {error.strerror}"))
            return
        if stat.S_ISDIR(status.st_mode):
            out = self.out
            before = len(out.sources) + len(out.skipped) + len(out.diagnostics)
            self._folder(str(path), real(path) or str(path), [])
            if len(out.sources) + len(out.skipped) + len(out.diagnostics) == before:
                self.out.skipped.append(Skip(str(path), 0, "no .yaml, .yml or .json file in this folder"))
        else:
            self._file(str(path), named=not self._only_manifests)

    def _file(self, path: str, *, named: bool) -> None:
        try:
            file = os.open(path, _READ)
            try:
                status = os.fstat(file)
                if (status.st_dev, status.st_ino) in self._seen:
                    return
                self._seen.add((status.st_dev, status.st_ino))
                whole = not stat.S_ISREG(status.st_mode) or status.st_size <= LARGEST
                data = _contents(file, status) if whole else b""
            finally:
                os.close(file)
        except OSError as error:
            self.out.diagnostics.append(_unreadable(path, f"cannot be read: {error.strerror}"))
            return
        if not whole or len(data) > LARGEST:
            self.out.diagnostics.append(_unreadable(path, f"is larger than {LARGEST // 1024 // 1024} MiB"))
            return
        if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            if named:
                self.out.diagnostics.append(_unreadable(path, "is a binary file, not YAML or JSON"))
            else:
                self.out.skipped.append(Skip(path, 0, "a binary file"))
            return
        self.out.sources.append(Source(path, data, named))

    def _folder(self, path: str, place: str, ignored: list[tuple[str, Any]]) -> None:
        """Walk a folder; `place` is its real path, `ignored` what the .gitignore files of it and above say, by folder."""
        try:
            status = os.stat(path)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in self._folders:  # a link that leads back
                return
            self._folders.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(path), key=_name)
        except OSError as error:
            self.out.diagnostics.append(_unreadable(path, f"cannot be read: {error.strerror}"))
            return
        # Names are joined as texts: thousands of Paths cost as much as reading the files.
        above = "" if path == "." else join(path, "")
        names = {e.name for e in entries}
        if ".gitignore" in names:
            ignored = [*ignored, (above, _patterns(_lines(Path(above + ".gitignore"))))]
        for name in KUSTOMIZATIONS:
            if name in names:
                self._kustomization(above + name, place)
        chart = "Chart.yaml" in names
        later: list[tuple[str, str]] = []
        for entry in entries:
            name = entry.name
            if name[0] == ".":
                continue
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            if not is_folder and not name.endswith(SUFFIXES):
                continue
            inner = above + name
            if ignored and _ignored(inner, is_folder, ignored):
                continue
            if self._exclude is not None and self._exclude.match_file(inner + ("/" if is_folder else "")):
                self.out.skipped.append(Skip(inner, 0, "excluded by the settings"))
                continue
            if is_folder:
                if self._leads_out(entry):
                    self.out.skipped.append(Skip(inner, 0, ELSEWHERE))
                elif chart and name == "templates":
                    self.out.skipped.append(
                        Skip(
                            inner,
                            0,
                            "templates of a Helm chart are checked only as rendered (helm template … | manifold check -)",
                        )
                    )
                elif chart and name == "charts":
                    self.out.skipped.append(
                        Skip(inner, 0, "charts that a Helm chart depends on are checked only as rendered")
                    )
                else:
                    later.append((inner, _place(entry, inner, place) or inner))
            elif chart and name in ("Chart.yaml", "values.yaml", "values.schema.json", "Chart.lock"):
                self.out.skipped.append(Skip(inner, 0, "belongs to a Helm chart"))
            elif self._patches and (why := self._patches.get(_place(entry, inner, place) or "")) is not None:
                self.out.skipped.append(Skip(inner, 0, why))
            elif _special(entry):
                self.out.skipped.append(Skip(inner, 0, "no regular file: name it to have it read"))
            elif self._leads_out(entry):
                self.out.skipped.append(Skip(inner, 0, ELSEWHERE))
            else:
                self._file(inner, named=False)
        for inner, place_below in later:
            self._folder(inner, place_below, ignored)

    @cached_property
    def _roots(self) -> list[str]:
        return [found for path in self._paths if (found := real(path)) is not None]

    def _leads_out(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is a link to what lies outside of all paths that were named."""
        if not entry.is_symlink() or (place := real(Path(entry.path))) is None:
            return False
        return not any(place == root or place.startswith(join(root, "")) for root in self._roots)

    def _kustomization(self, file: str, folder: str) -> None:
        """Remember what a kustomization lists and makes, and the files that it names as patches: parts of objects, not objects.

        `folder` is the real path of its folder.
        """
        try:
            found = values(regular(Path(file)))
        except OSError:
            return  # as a source it is read like any other, and blamed there
        data = found[0] if found else None
        if not isinstance(data, dict):
            return
        self.out.kustomizations.append(
            Kustomization(folder, tuple(self._members(folder, data)), tuple(_generated(data)), _changes(data))
        )
        for name in _patch_files(data):
            place = self._real.below(folder, name)
            if place is not None:
                self._patches[place] = (
                    f"a patch of {file}: checked only as rendered (kustomize build … | manifold check -)"
                )

    def _members(self, folder: str, data: dict[str, Any]) -> Iterator[str]:
        """The real paths of the files and folders that a kustomization lists."""
        for part in ("resources", "bases", "components", "crds"):
            for name in _listed(data, part):
                if isinstance(name, str) and "\n" not in name and "://" not in name and len(name) < 1024:
                    place = self._real.below(folder, name)
                    if place is not None:
                        yield place


_name = operator.attrgetter("name")


def _place(entry: os.DirEntry[str], path: str, folder: str) -> str | None:
    """Where an entry of a folder leads; `folder` is that one's real path."""
    return real(Path(path)) if entry.is_symlink() else join(folder, entry.name)


def _special(entry: os.DirEntry[str]) -> bool:
    """Whether something is there that is no regular file: a pipe, a device, or a link to one."""
    try:
        return not entry.is_file() and bool(entry.stat())
    except OSError:
        return False  # a link that leads nowhere: said when it is opened


def _listed(data: dict[str, Any], part: str) -> list[Any]:
    there = data.get(part)
    return there if isinstance(there, list) else []


def _changes(data: dict[str, Any]) -> bool:
    """Whether it changes selectors, labels or fields of what it lists; names and namespaces it changes everywhere alike."""
    return (
        any(
            data.get(part)
            for part in (
                "patches",
                "patchesStrategicMerge",
                "patchesJson6902",
                "transformers",
                "replacements",
                "commonLabels",
                "labels",
                "components",
                "helmCharts",
            )
        )
        or data.get("kind") == "Component"
    )


def _generated(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The (kind, name) of what its generators make."""
    for part, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for item in _listed(data, part):
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                yield kind, item["name"]


def _patch_files(data: dict[str, Any]) -> Iterator[str]:
    for part in (
        "patches",
        "patchesStrategicMerge",
        "patchesJson6902",
        "transformers",
        "configurations",
        "replacements",
    ):
        for item in _listed(data, part):
            name = item.get("path") if isinstance(item, dict) else item
            if isinstance(name, str) and "\n" not in name and len(name) < 1024:
                yield name


def _lines(file: Path) -> list[str]:
    try:
        return regular(file).decode("utf-8", "replace").splitlines()
    except OSError:
        return []  # git, too, goes on without a .gitignore that it cannot read


def _patterns(lines: Sequence[str]) -> Any:
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(lines)


def _ignored(path: str, is_folder: bool, ignored: list[tuple[str, Any]]) -> bool:
    for above, spec in reversed(ignored):
        below = path[len(above) :].replace(os.sep, "/")
        verdict = spec.check_file(below + "/" if is_folder else below)
        if verdict.include is not None:
            return bool(verdict.include)
    return False


def walk(paths: Sequence[Path], *, exclude: Sequence[str] = (), only_manifests: bool = False) -> Found:
    """The sources that the paths name: files, folders, `-` for standard input; a file named twice is read once.

    `exclude` are patterns as in .gitignore; `only_manifests` treats named files as those of folders, where a document
    that is no manifest is skipped.
    """
    walker = _Walker(paths, exclude, only_manifests)
    for path in paths:
        walker.add(path)
    return walker.out
