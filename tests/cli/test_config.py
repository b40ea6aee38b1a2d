"""`manifold config`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from manifold import config
from manifold.apiserver.schema import newest
from manifold.errors import UsageError

from tests.test_cli import manifold


def test_all_settings_are_shown_and_defaults_marked(tmp_path: Path) -> None:
    """What the file says stands without a mark; what has no default, as a comment."""
    (tmp_path / "manifold.yaml").write_text("profile: strict\nparameters: {replicas-below: {least: 3}}\n")
    text = manifold("config", cwd=tmp_path).stdout
    lines = text.splitlines()

    assert lines[0] == f"# {tmp_path.resolve() / 'manifold.yaml'}"
    assert "profile: strict" in lines
    assert f"kubernetes-version: ['{newest()}']  # default" in lines
    assert {"fail-on: error  # default", "missing-schema: warn  # default", "ignore: []  # default"} <= set(lines)
    assert "# baseline: none by default" in lines


def test_what_is_printed_can_be_a_settings_file(tmp_path: Path) -> None:
    """With the same settings in force, with or without a file."""
    (tmp_path / ".git").mkdir()
    bare = manifold("config", cwd=tmp_path).stdout
    assert bare.startswith("# no manifold.yaml here or above: defaults\n")
    (tmp_path / "manifold.yaml").write_text(bare)
    assert config.load(tmp_path / "manifold.yaml").profile == "recommended"
    again = manifold("config", cwd=tmp_path).stdout

    assert yaml.safe_load(again) == yaml.safe_load(bare)
    assert ("profile: recommended\n" in again, "profile: recommended  # default" in again) == (True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("severity: {1: error}\n", "manifold.yaml:1:12: severity.1: "),
        ("parameters:\n  replicas-below: {3: 3}\n", "manifold.yaml:2:20: parameters.replicas-below.3: "),
        ("parameters: {on: {least: 3}}\n", "parameters.True: "),
    ],
)
def test_names_that_are_no_texts_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """JSON Schemas say nothing of them, for JSON has none."""
    (tmp_path / "manifold.yaml").write_text(text)

    with pytest.raises(UsageError, match=f"{re.escape(said)}this setting is no text: put its name in quotes"):
        config.load(tmp_path / "manifold.yaml")
