"""`manifold baseline`."""

from __future__ import annotations

from pathlib import Path

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
