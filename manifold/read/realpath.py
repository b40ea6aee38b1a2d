"""Where paths lead, links followed, with as few questions to the system as it takes.

`os.path.realpath` asks about each part of each path again; a tree of manifests is a few folders, and hardly ever a link.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

DEEPEST = 100  # levels that are looked at one after the other


def real(path: Path) -> str | None:
    """Where a path leads; None for a circle of links, and for what cannot be a path."""
    try:
        return str(path.resolve())
    except (OSError, RuntimeError, ValueError):
        return None


class Real:
    """What `real` says of paths below folders whose own real path is known; each place is looked at once."""

    def __init__(self) -> None:
        self._links: dict[str, bool] = {}
        self._folders: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """Where a path leads."""
        return self._step_by_step(path) or real(Path(path))

    def _step_by_step(self, path: str) -> str | None:
        """Where a path leads, by way of its folder; None where that is another way than the system's."""
        folder, slash, name = path.rpartition("/")
        if os.sep != "/" or not name or path.startswith("//") or path.count("/") > DEEPEST:
            return None
        folder = folder or slash
        if folder not in self._folders:
            self._folders[folder] = self._step_by_step(folder) if folder.strip("/") else real(Path(folder))
        place = self._folders[folder]
        return None if place is None else self.below(place, name)

    def below(self, folder: str, name: str) -> str | None:
        """Where `name` leads, as seen from a folder given by its real path."""
        if os.sep != "/" or name.startswith("/"):
            return real(Path(folder, name))
        here = folder
        for part in name.split("/"):
            if part == "..":
                here = os.path.dirname(here)  # noqa: PTH120  of a real path, this is where `..` leads
            elif part not in ("", "."):
                here = join(here, part)
                try:
                    link = self._links[here] if here in self._links else self._link(here)
                except ValueError:  # NUL or a lone surrogate
                    return None
                if link:
                    return real(Path(folder, name))
        return here

    def _link(self, path: str) -> bool:
        try:
            found = stat.S_ISLNK(os.lstat(path).st_mode)
        except OSError:
            found = False  # what is missing leads nowhere else
        self._links[path] = found
        return found


def join(folder: str, name: str) -> str:
    """The path of a name in a folder; the empty folder is the current one."""
    return f"{folder}{os.sep}{name}" if folder and folder[-1] != os.sep else folder + name
