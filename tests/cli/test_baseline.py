"""`manifold baseline`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from manifold.baseline import fingerprinted
from manifold.model import Diagnostic, Origin, Severity

from tests.test_cli import manifold

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n"


def test_write_says_how_the_baseline_gets_into_force(tmp_path: Path) -> None:
    """By an option or the settings; and what the settings name already is in force."""
    (tmp_path / "a.yaml").write_text(POD)
    first = manifold("baseline", "write", "a.yaml", cwd=tmp_path).stdout

    assert "`--baseline manifold-baseline.json`" in first
    assert "`baseline: manifold-baseline.json` in manifold.yaml" in first
    (tmp_path / "manifold.yaml").write_text("baseline: manifold-baseline.json\n")
    again = manifold("baseline", "write", "a.yaml", cwd=tmp_path).stdout
    assert again.splitlines()[1].startswith("`baseline:` in ")
    assert manifold("check", "-q", "--fail-on", "info", "a.yaml", cwd=tmp_path).stdout == ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders with a Pod each, and a baseline of what is found in them."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(POD.replace("name: a}", f"name: {name}}}", 1))
    assert manifold("baseline", "write", ".", cwd=tmp_path).returncode == 0
    return tmp_path


def files(folder: Path) -> set[str]:
    entries = json.loads((folder / "manifold-baseline.json").read_text())["findings"]
    return {entry["file"].partition("/")[0] for entry in entries}


def test_prune_drops_what_was_looked_at_alone(folder: Path) -> None:
    """What stands in the baseline of other files stays; that of files that are gone goes."""
    mended = POD.replace("image: a", "image: 'a:1'")
    (folder / "one" / "a.yaml").write_text(mended.replace("name: a}", "name: one}", 1))
    done = manifold("baseline", "prune", "one", cwd=folder)
    assert done.stdout.startswith("1 of ")
    assert files(folder) == {"one", "two"}
    (folder / "two" / "a.yaml").unlink()
    manifold("baseline", "prune", "one", cwd=folder)
    assert files(folder) == {"one"}


def test_prune_keeps_what_was_not_looked_for(folder: Path) -> None:
    """By rules that are not in force, and in files that cannot be read at the moment."""
    manifold("baseline", "write", "--profile", "all", ".", cwd=folder)
    assert manifold("baseline", "prune", ".", cwd=folder).stdout.startswith("0 of ")
    (folder / "two" / "a.yaml").write_text("a: [\n")
    assert manifold("baseline", "prune", ".", cwd=folder).stdout.startswith("0 of ")


def test_prune_finds_the_files_from_wherever_one_stands(folder: Path) -> None:
    """Names are as seen from where the baseline was written; from elsewhere, those files are not gone."""
    (folder / ".git").mkdir()
    manifold("baseline", "write", ".", cwd=folder)
    for where, path in ((folder / "one", "."), (folder / "one", "a.yaml"), (folder / "two", "../one")):
        done = manifold("baseline", "prune", "--file", str(folder / "manifold-baseline.json"), path, cwd=where)
        assert done.stdout.startswith("0 of ")
    assert files(folder) == {"one", "two"}


def test_prune_drops_findings_of_standard_input_only_for_it(folder: Path) -> None:
    """What was piped is not there any more, which does not tell that it was mended."""
    piped = POD.replace("name: a}", "name: piped}", 1)
    manifold("baseline", "write", ".", "-", cwd=folder, stdin=piped)
    assert files(folder) == {"one", "two", "(stdin)"}
    assert manifold("baseline", "prune", ".", cwd=folder).stdout.startswith("0 of ")
    manifold("baseline", "prune", "-", cwd=folder, stdin=piped.replace("image: a", "image: 'a:1'"))
    assert files(folder) == {"one", "two", "(stdin)"}
    manifold("baseline", "prune", "-", cwd=folder, stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert files(folder) == {"one", "two"}


@pytest.mark.parametrize("what", ["write", "prune"])
def test_a_path_that_is_not_there_leaves_the_baseline_alone(folder: Path, what: str) -> None:
    """It is a slip of the keyboard more often than a tree without findings."""
    before = (folder / "manifold-baseline.json").read_text()
    done = manifold("baseline", what, "on", cwd=folder)

    assert (done.returncode, done.stdout) == (3, "")
    assert "on: there is no such file or folder" in done.stderr
    assert (folder / "manifold-baseline.json").read_text() == before


def test_a_baseline_holds_from_wherever_one_stands(folder: Path) -> None:
    """Fingerprints are of files as seen from the root of the repository."""
    (folder / ".git").mkdir()
    baseline = str(folder / "manifold-baseline.json")
    for where, path in (
        (folder, "one"),
        (folder, str(folder / "one")),
        (folder / "two", "../one"),
        (folder / "one", "."),
    ):
        done = manifold("check", "-q", "--fail-on", "info", "--baseline", baseline, path, cwd=where)
        assert (done.returncode, done.stdout) == (0, "")


def test_a_file_of_the_root_folder_is_not_one_of_here() -> None:
    """Both have a name alone behind their folder."""
    there, here = (Diagnostic(Origin.LINT, "a", Severity.INFO, "b", file=name) for name in ("/a.yaml", "a.yaml"))

    assert fingerprinted([there], [])[0].fingerprint != fingerprinted([here], [])[0].fingerprint
