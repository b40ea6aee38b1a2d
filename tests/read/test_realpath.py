"""Where paths lead: the same as Python's own answer, with fewer questions."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from manifold.read.realpath import Real, real
from manifold.read.walk import walk

PARTS = ("a", "b", "..", ".", "", "f.yaml", "link", "up", "dangling", "loop", "missing")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders with links inside, upwards, to nowhere, and in a circle."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "f.yaml").write_text("a: 1\n")
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "dangling").symlink_to("nowhere/at/all")
    (tmp_path / "a" / "loop").symlink_to("loop")
    return tmp_path


def test_it_is_what_python_says(tree: Path) -> None:
    """Of all short paths over folders, files, links of each kind and what is missing."""
    memory = Real()
    for length in (1, 2, 3):
        for parts in itertools.product(PARTS, repeat=length):
            name = "/".join(parts)
            if not name.startswith("/"):
                assert memory.below(str(tree), name) == real(tree / name), name


def test_absolute_paths_and_what_is_no_path(tree: Path) -> None:
    """A kustomization may hold any text where a path belongs."""
    memory = Real()
    assert memory.below(str(tree), str(tree / "link")) == str(tree / "a" / "b")
    assert memory.below("/", "no/../such") == "/such"
    for odd in ("a\0b", "\ud800", "a/loop"):
        assert memory.below(str(tree), odd) is None


def test_a_patch_is_known_behind_links(tree: Path) -> None:
    """Whether the kustomization names it by a link, or a walk comes to it by one."""
    (tree / "a" / "kustomization.yaml").write_text(
        "patches: [{path: up/link/p.yaml}]\nresources: [../link, ./f.yaml]\n"
    )
    (tree / "a" / "b" / "p.yaml").write_text("kind: X\n")
    (tree / "a" / "b" / "q.yaml").symlink_to("p.yaml")
    found = walk([tree / "a"])
    named = sorted(Path(s.file).name for s in found.skipped if "a patch of" in s.why)
    assert named == ["p.yaml", "q.yaml"]
    assert found.kustomizations[0].folder == str(tree / "a")
    assert set(found.kustomizations[0].members) == {str(tree / "a" / "b"), str(tree / "a" / "f.yaml")}
    through = walk([tree / "link" / ".."])
    assert len(through.kustomizations) == 1
    assert through.kustomizations[0].folder == str(tree / "a")


def test_ignored_below_a_folder_named_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns hold from the folder of their .gitignore, however the walk was begun."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "f.yaml").write_text("a: 1\n")
    (tmp_path / "a" / ".gitignore").write_text("/f.yaml\nb/\n!/g.yaml\n")
    (tmp_path / "a" / "g.yaml").write_text("a: 1\n")
    (tmp_path / "a" / "b" / "h.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path / "a")
    for start in (".", "../a", str(tmp_path / "a"), ".."):
        assert [os.path.basename(s.name) for s in walk([Path(start)]).sources] == ["g.yaml"], start  # noqa: PTH119


def test_whole_paths(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute ones and those from the current folder, by way of links and of folders that are missing."""
    monkeypatch.chdir(tree / "a")
    for start in ("", f"{tree}/", "../", "/", "//", "x/" * 150):
        memory = Real()
        for length in (1, 2, 3):
            for parts in itertools.product(PARTS, repeat=length):
                path = start + "/".join(parts)
                if path:
                    assert memory.of(path) == real(Path(path)), path
