"""The wheel with compiled modules: what is compiled, and that it says what plain Python says."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASKED = {"MANIFOLD_COMPILE": "1", "CFLAGS": "-O0 -g0 -w"}
"""Compiled in half the time; the answers are the same at each level."""


def hook() -> Any:
    """scripts/native.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("native", ROOT / "scripts" / "native.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def toolless() -> str:
    """Why nothing can be compiled here; empty where it can."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return "Python's headers are not installed"
    missing = [name for name in ("Cython", "setuptools") if importlib.util.find_spec(name) is None]
    return f"{missing[0]} is not installed" if missing else ""


needs_tools = pytest.mark.skipif(bool(toolless()), reason=toolless() or "-")


def run(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in an environment without this checkout's own PYTHONPATH."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )


@pytest.mark.parametrize(("value", "answer"), [("", False), ("0", False), ("1", True)])
def test_only_the_variable_asks_for_compiled_modules(value: str, answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain Python is what a build gives by itself, and what it needs then is hatchling alone."""
    monkeypatch.setenv("MANIFOLD_COMPILE", value)

    assert hook().wanted() is answer


def test_a_value_that_says_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """MANIFOLD_COMPILE=yes is no silent plain wheel."""
    monkeypatch.setenv("MANIFOLD_COMPILE", "yes")

    with pytest.raises(ValueError, match="MANIFOLD_COMPILE=yes: write 1"):
        hook().wanted()


def test_patterns_choose_modules_that_do_something(tmp_path: Path) -> None:
    """What only describes a package is left out, and a pattern that finds nothing is a mistake."""
    (tmp_path / "__init__.py").write_text('"""A package."""\n')
    (tmp_path / "a.py").write_text("def f() -> int:\n    return 1\n")

    assert hook().modules(tmp_path, ["*.py", "a.py"]) == ["a.py"]
    with pytest.raises(ValueError, match=r"there is no b\.py to compile"):
        hook().modules(tmp_path, ["b.py"])


def test_patterns_of_the_project_find_modules() -> None:
    """A module that is renamed is noticed here, and not when a release is built."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert "manifold/apiserver/decode.py" in hook().modules(ROOT, settings["hooks"]["custom"]["compiled"])


@needs_tools
def test_modules_and_packages_are_compiled_with_their_names(tmp_path: Path) -> None:
    """A compiled module knows its file, its docstrings and its annotations, and a package keeps its path."""
    package = tmp_path / "room" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "room" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from room.inner.a import f\ndef g() -> int:\n    return f(1)\n")
    (package / "a.py").write_text('def f(x: "int") -> int:\n    """One more."""\n    return x + 1\n')
    made = hook().compiled(tmp_path, ["room/inner/__init__.py", "room/inner/a.py"], tmp_path / "made")
    for file, place in made.items():
        shutil.copy(file, tmp_path / place)
    code = (
        "import room.inner as r; print(r.g(), r.f(True), r.f.__doc__, r.__file__[-3:], r.a.__file__[-3:], r.__path__)"
    )
    done = run(sys.executable, "-c", code, folder=tmp_path)

    assert done.stderr == ""
    assert done.stdout == f"2 2 One more. .so .so {[str(package)]}\n"


@pytest.mark.slow
@needs_tools
def test_compiled_wheel_says_what_plain_python_says(tmp_path: Path) -> None:
    """Of the fixtures to the letter, of the examples of all rules, and of what a server would store."""
    code = f"import hatchling.build; print(hatchling.build.build_wheel({str(tmp_path)!r}))"
    built = run(sys.executable, "-c", code, folder=ROOT, **ASKED)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert sys.implementation.cache_tag.replace("cpython-", "cp") in wheel.name
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    program = "from manifold.cli import main; main()"
    files = [str(ROOT / "fixtures" / name) for name in ("shop", "exemplary", "tutorial", "admission", "policies")]
    packs = sorted(folder.name for folder in (ROOT / "rules").iterdir() if folder.is_dir())
    commands = (
        ("check", *files, "-o", "json"),
        ("check", "--kubernetes-version", "1.30", *files, "-o", "json"),
        ("lint", "--profile", "strict", *files, "-o", "json"),
        ("preview", str(ROOT / "fixtures" / "exemplary")),
        *(("rules", "test", f"rules/{pack}") for pack in packs),
    )
    loaded = "import manifold.api, manifold.apiserver.validate.pod as p; print(manifold.api.__file__, p.__file__)"
    for path in run(sys.executable, "-c", loaded, folder=tmp_path, PYTHONPATH=str(site)).stdout.split():
        assert path.startswith(str(site))
        assert path.endswith(".so")
    for command in commands:
        # Each in the folder of its own rules: a rule with the id of a shipped one is refused.
        plain = run(sys.executable, "-c", program, *command, folder=ROOT, PYTHONPATH=str(ROOT))
        compiled = run(
            sys.executable, "-c", program, *command, folder=site / "manifold" / "_assets", PYTHONPATH=str(site)
        )

        assert plain.returncode in (0, 1), plain.stderr
        assert (compiled.returncode, compiled.stdout) == (plain.returncode, plain.stdout), command
