"""`--changed-since` and baselines, with a real git and real files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.test_cli import manifold

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: web:latest
"""


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.email=a@example.com", "-c", "user.name=a", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def rules(folder: Path, *arguments: str) -> list[str]:
    done = manifold("check", "--select", "image-latest", "-o", "json", *arguments, cwd=folder)
    return [d["rule"] for d in json.loads(done.stdout)["diagnostics"]]


def test_only_what_changed_is_reported(tmp_path: Path) -> None:
    """Lines touched since a revision, new files included; what was there before is somebody else's."""
    git(tmp_path, "init", "-q")
    (tmp_path / "old.yaml").write_text(POD)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")

    assert rules(tmp_path, "--changed-since", "HEAD", ".") == []
    (tmp_path / "old.yaml").write_text(POD + "      tty: 'yes'\n")
    assert rules(tmp_path, "--changed-since", "HEAD", ".") == ["api/type"]
    (tmp_path / "new.yaml").write_text(POD.replace("name: web", "name: new"))
    assert rules(tmp_path, "--changed-since", "HEAD", ".") == ["image-latest", "api/type"]
    for arguments in (("check", ".", "--changed-since", "nope"), ("diff", ".", "--against", "git:nope")):
        unknown = manifold(*arguments, cwd=tmp_path)
        assert unknown.returncode == 2
        assert "git knows no revision 'nope'" in unknown.stderr


def test_baseline_outlives_moved_lines_and_is_pruned(tmp_path: Path) -> None:
    """Old findings are silent wherever they move, new ones are not, and mended ones are dropped."""
    file = tmp_path / "a.yaml"
    file.write_text(POD)
    written = manifold("baseline", "write", "a.yaml", cwd=tmp_path)
    count = int(written.stdout.split()[0])
    file.write_text("# a comment\n\n" + POD + "    - {name: b, image: 'b:latest'}\n")

    assert rules(tmp_path, "--baseline", "manifold-baseline.json", "a.yaml") == ["image-latest"]
    file.write_text(POD.replace("latest", "1"))
    pruned = manifold("baseline", "prune", "a.yaml", cwd=tmp_path)
    assert pruned.stdout == f"1 of {count} findings dropped from manifold-baseline.json\n"
    assert rules(tmp_path, "--baseline", "manifold-baseline.json", "a.yaml") == []


def test_what_the_server_refuses_is_in_no_baseline(tmp_path: Path) -> None:
    """Nobody can live with it."""
    (tmp_path / "a.yaml").write_text(POD + "      tty: 'yes'\n")
    manifold("baseline", "write", "a.yaml", cwd=tmp_path)

    assert rules(tmp_path, "--baseline", "manifold-baseline.json", "a.yaml") == ["api/type"]


def test_a_refusal_in_a_changed_file_is_told(tmp_path: Path) -> None:
    """Whichever line was changed: the server refuses the object all the same. Other files are left alone."""
    git(tmp_path, "init", "-q")
    bad = POD.replace("    - name: web", "    - name: WEB")
    (tmp_path / "a.yaml").write_text(bad)
    (tmp_path / "b.yaml").write_text(bad.replace("name: web", "name: other"))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "a.yaml").write_text(bad + "  hostname: a\n")

    assert rules(tmp_path, "--changed-since", "HEAD", ".") == ["api/invalid"]
