"""What strangers install: the wheel alone, the pre-commit hooks, the GitHub Action's script."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifold import __version__

ROOT = Path(__file__).resolve().parents[1]
MANIFOLD = [sys.executable, "-c", "from manifold.cli import main; main()"]
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
BROKEN = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - port: 70000\n"


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def commit(folder: Path) -> None:
    """Make a git repository of a folder as it is."""
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        done = run("git", *command, cwd=folder)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as for a release."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build; print(hatchling.build.build_wheel({str(folder)!r}))"
    done = run(sys.executable, "-c", code, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def test_wheel_holds_schemas_and_rules_and_nothing_else(wheel: Path) -> None:
    """Everything that a check needs, under the package."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {n.split("/")[0] for n in names} == {"manifold", f"manifold_k8s-{__version__}.dist-info"}
    assert any(n.startswith("manifold/_assets/schemas/kubernetes/v1.37") for n in names)
    assert "manifold/_assets/rules/images/image-latest.yaml" in names


def test_wheel_works_alone_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment that has the dependencies and no checkout: the shop is refused, and a rule explained."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    done = run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # Dependencies from where these tests run; a folder named in a .pth brings no editable install along.
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(ROOT / "fixtures" / "shop" / "web.yaml", tmp_path / "elsewhere")
    command = tmp_path / "venv" / "bin" / "manifold"
    checked = run(command, "check", "web.yaml", cwd=tmp_path / "elsewhere")
    explained = run(command, "explain", "image-latest", cwd=tmp_path / "elsewhere")
    place = run(python, "-c", "import manifold; print(manifold.__file__)", cwd=tmp_path / "elsewhere")

    assert place.stdout.startswith(str(site))
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "32:30" in checked.stdout
    assert explained.returncode == 0
    assert "image-latest" in explained.stdout


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_hooks_run_what_they_say(name: str, tmp_path: Path) -> None:
    """Each entry as pre-commit would run it: files that are no manifests are passed over, broken ones are refused."""
    (tmp_path / "values.yaml").write_text("image: {tag: latest}\n")
    (tmp_path / "good.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "bad.yaml").write_text(BROKEN if name != "manifold-fix" else BROKEN.replace("70000", '"80"'))
    program, *arguments = shlex.split(HOOKS[name]["entry"])
    good = run(*MANIFOLD, *arguments, "values.yaml", "good.yaml", cwd=tmp_path)
    bad = run(*MANIFOLD, *arguments, "values.yaml", "good.yaml", "bad.yaml", cwd=tmp_path)

    assert program == "manifold"
    assert good.returncode == 0, good.stdout
    assert "bad.yaml" in bad.stdout
    if name == "manifold-fix":  # pre-commit itself fails where a hook changes a file
        assert (bad.returncode, (tmp_path / "bad.yaml").read_text()) == (0, BROKEN.replace("70000", "80"))
    else:
        assert bad.returncode == 1, bad.stdout


@pytest.mark.slow
def test_pre_commit_fails_on_a_broken_manifest_and_passes_when_mended(tmp_path: Path) -> None:
    """As `pre-commit try-repo` does it: from a clone of the project, in an environment of its own, made from PyPI."""
    project, repository = tmp_path / "project", tmp_path / "repository"
    project.mkdir()
    for name in (
        "manifold",
        "schemas",
        "rules",
        "scripts",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".pre-commit-hooks.yaml",
    ):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("__pycache__", "_assets"))
        else:
            shutil.copy(source, project / name)
    commit(project)
    repository.mkdir()
    (repository / "web.yaml").write_text(BROKEN)
    commit(repository)
    home = str(tmp_path / "home")
    tried = (sys.executable, "-m", "pre_commit", "try-repo", project, "manifold", "--all-files", "--color", "never")
    broken = run(*tried, cwd=repository, PRE_COMMIT_HOME=home)
    if "Could not find a version" in broken.stdout or "ConnectionError" in broken.stdout:
        pytest.skip("PyPI is out of reach")
    (repository / "web.yaml").write_text(BROKEN.replace("70000", "8080"))
    commit_again = run("git", "commit", "-qam", "mended", cwd=repository)
    mended = run(*tried, cwd=repository, PRE_COMMIT_HOME=home)

    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "web.yaml" in broken.stdout
    assert "6:11" in broken.stdout
    assert "1 to 65535" in broken.stdout
    assert commit_again.returncode == 0
    assert mended.returncode == 0, mended.stdout + mended.stderr


def action(folder: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the last step of action.yml as a runner does, on these inputs; its outputs besides."""
    described = yaml.safe_load((ROOT / "action.yml").read_text())
    step = described["runs"]["steps"][-1]
    given = {**{name: i.get("default", "") for name, i in described["inputs"].items()}, **inputs}
    variables = {k: given[v.removeprefix("${{ inputs.").removesuffix(" }}")] for k, v in step["env"].items()}
    program = folder / "runner" / "manifold" / "bin" / "manifold"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(MANIFOLD)} "$@"\n')
    program.chmod(0o755)
    files = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    done = run(
        "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"],
        cwd=folder, RUNNER_TEMP=str(folder / "runner"), **files, **variables,
    )  # fmt: skip
    said = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
    return done, said


def test_action_annotates_a_broken_manifest(tmp_path: Path) -> None:
    """On its line, with a summary, a SARIF file, and the exit code as an output."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "web.yaml").write_text(BROKEN)
    done, said = action(tmp_path, paths="deploy", sarif="report.sarif", **{"kubernetes-version": "1.35 1.37"})

    assert done.returncode == 1, done.stderr
    assert said == {"exit-code": "1"}
    assert "::error file=deploy/web.yaml,line=6,col=11,endLine=6,endColumn=16,title=api/invalid::" in done.stdout
    assert "deploy/web.yaml" in (tmp_path / "summary").read_text()
    assert (tmp_path / "report.sarif").exists()


def test_action_takes_inputs_as_words_and_not_as_script(tmp_path: Path) -> None:
    """What a pull request's author could put into an input does not run."""
    (tmp_path / "a.yaml").write_text(BROKEN)
    done, said = action(
        tmp_path, paths="a.yaml $(touch pwned) ; touch pwned", command="validate", args="--skip-kind Service"
    )

    assert not (tmp_path / "pwned").exists()
    assert (done.returncode, said) == (3, {"exit-code": "3"})
