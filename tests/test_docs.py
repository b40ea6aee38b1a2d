"""What the documentation says is there, and does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from manifold import api, assets

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# A command as it stands in backticks or in a shell block; what follows a pipe or a comment is not its own.
COMMAND = re.compile(
    r"(?:^|[`|$ ])\s*(manifold (?:check|validate|lint|fix|preview|diff|plan|snapshot|explain|rules|schema|baseline|config|report|init)[^`|#·\n]*)"
)


def manifold(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from manifold.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@cache
def options(command: str, sub: str = "") -> set[str]:
    """The options that a command's help names."""
    done = subprocess.run(
        [sys.executable, "-c", "from manifold.cli import main; main()", command, *([sub] if sub else []), "--help"],
        env={"COLUMNS": "200", "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", done.stdout)) if done.returncode == 0 else set()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To files of the project, that is; the web is not asked."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_options_exist(page: Path) -> None:
    """Every option that a page gives to a command of ours is one of its options."""
    for said in COMMAND.findall(page.read_text()):
        words = shlex.split(said.replace("'", "").replace('"', "").replace("…", ""))
        command, sub = words[1].rstrip(",.:;)"), words[2] if len(words) > 2 else ""
        known = options(command) | (options(command, sub) if re.fullmatch("[a-z]+", sub) else set())
        for word in words[2:]:
            if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word):
                assert word.partition("=")[0] in known, said


def test_every_page_is_in_the_table_of_contents() -> None:
    """docs/README.md leads to all others."""
    contents = (ROOT / "docs" / "README.md").read_text()

    assert [p.name for p in PAGES if p.parent.name == "docs" and p.name != "README.md" and p.name not in contents] == []


def test_the_readme_shows_what_its_first_command_prints() -> None:
    """Line by line, but for what an ellipsis stands for."""
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    done = manifold("check", "fixtures/shop", "fixtures/tutorial")

    assert shown is not None
    assert done.returncode == 1
    for part in shown.group(1).split("…\n"):
        assert part in done.stdout


def test_the_readme_uses_the_library_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example runs, and finds the port."""
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert example is not None
    monkeypatch.chdir(ROOT)
    exec(compile(example.group(1), "README.md", "exec"), {})

    assert "error fixtures/shop/web.yaml 32 30" in capsys.readouterr().out


def test_the_library_page_names_all_that_is_kept_stable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each name of `__all__` has its row, nothing else has one, and the example runs."""
    page = (ROOT / "docs" / "library.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page, re.M)
    example = re.search(r"```python\n(.*?)```", page, re.S)
    assert example is not None
    monkeypatch.chdir(ROOT)
    exec(compile(example.group(1), "library.md", "exec"), {})
    out = capsys.readouterr().out

    assert sorted(rows) == sorted(api.__all__)
    assert all(hasattr(api, name) for name in api.__all__)
    assert "service-selects-nothing" in out
    assert out.endswith("a configured [('data.key', 'one', 'two')]\nupdate\n")


def test_the_settings_page_shows_settings(tmp_path: Path) -> None:
    """Its example is taken as it stands, and every setting there is is told."""
    page = (ROOT / "docs" / "settings.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", page, re.S)
    assert example is not None
    (tmp_path / "manifold.yaml").write_text(example.group(1))
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    done = manifold("check", "a.yaml", cwd=tmp_path)
    known = yaml.safe_load((assets.root("schemas") / "manifold" / "config.json").read_bytes())["properties"]

    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in known if name not in page] == []


def test_the_action_page_names_its_inputs() -> None:
    """All of them, with their defaults."""
    page = (ROOT / "docs" / "github-action.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|\s*`?([^|`]*?)`?\s*\|", page, re.M))
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]

    assert set(rows) == set(inputs)
    assert all(i["default"] in ("", rows[name].strip()) for name, i in inputs.items())


def test_the_diff_page_shows_diffs(tmp_path: Path) -> None:
    """Its two examples."""
    page = (ROOT / "docs" / "diff-and-plan.md").read_text()
    diff, plan = re.findall(r"```console\n\$ [^\n]*\n(.*?)```", page, re.S)
    busybox = "fixtures/tutorial/busybox.yaml"
    (tmp_path / "busybox.yaml").write_text((ROOT / busybox).read_text().replace("1.36", "1.37"))

    assert diff in manifold("diff", str(tmp_path), "--against", busybox).stdout
    assert plan in manifold("plan", "fixtures/tutorial").stdout
