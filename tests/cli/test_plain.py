"""Plain command lines are read as typer reads them, or left to it."""

from __future__ import annotations

import contextlib
import importlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from manifold.cli import PLAIN, _app, _plain
from manifold.cli._options import Command, Settings
from manifold.errors import UsageError
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
WORDS = (
    "a.yaml", "-", "--", "-q", "-v", "--quiet", "-qv", "-k", "1.33", "-k1.33", "--kubernetes-version=1.34", "-o", "json", "-o=json",
    "--output", "sarif=x", "--select", "a,b", "--ignore=c", "-n", "shop", "--namespace=", "--namespace", "", "-j", "2", "-j0", "--jobs=-1",
    "--jobs", "x", "²", "--schema", "crds", "--rules=r", "--no-cache", "--no-cache=1", "--config", "m.yaml", "--color=never", "--color",
    "--shard=1/2", "--cluster", "c.yaml", "--help", "-h", "--debug", "--verb", "--fail-on", "info", "--baseline=b", "--context", "é", "--skip-kind=Pod",
)  # fmt: skip


def _both(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The settings that a command is run with: as read plainly, and as typer reads them; None where it is not run."""
    command: Command = importlib.import_module(f"manifold.cli.{name}").command
    seen: list[Settings] = []
    monkeypatch.setattr(command, "function", lambda settings: seen.append(settings) or 0)
    values = _plain.read(command, arguments)
    plain = None
    if values is not None:
        with contextlib.suppress(UsageError):  # of --color, whichever way it was read
            command(**values)
            plain = seen.pop()
    CliRunner().invoke(_app.build(PLAIN), [name, *arguments])
    return plain, seen.pop() if seen else None


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANIFOLD_NO_CACHE", raising=False)
    monkeypatch.setattr(Command, "typed", lambda self: _typed(self))


_typed_before = Command.typed


def _typed(command: Command) -> Any:
    """As before; the function that stands in for the command's own has no annotations of interest."""
    command.function.__annotations__ = {"settings": Settings}
    return _typed_before(command)


def test_chance_lines_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read plainly is read by typer to the same settings."""
    chance = random.Random(1)
    plainly = 0
    for _ in range(400):
        arguments = [chance.choice(WORDS) for _ in range(chance.randint(1, 5))]
        if chance.random() < 0.6:
            arguments.insert(chance.randint(0, len(arguments)), "deploy/")
        plain, typed = _both(chance.choice(PLAIN), arguments, monkeypatch)
        if plain is not None:
            plainly += 1
            assert plain == typed, arguments
    assert plainly > 40


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.yaml"], ["-q", "a", "b", "-v"], ["-k", "1.33", "-k", "1.34", "a"], ["--", "-q"], ["-"], ["-j", "2", "a", "--jobs=3"],
        ["--baseline", "b", "--schema=x", "--schema", "y", "a", "-o", "json=f", "-o", "text"],
    ],
)  # fmt: skip
def test_usual_lines_are_read_plainly(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """These are what the shorter way is for."""
    plain, typed = _both("check", arguments, monkeypatch)
    assert plain is not None
    assert plain == typed


@pytest.mark.parametrize("said", ["", "0", "1", "true", "yes", "off", "maybe"])
def test_the_environment_counts(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MANIFOLD_NO_CACHE is heeded in either way; words that typer alone knows are left to it."""
    monkeypatch.setenv("MANIFOLD_NO_CACHE", said)
    plain, typed = _both("lint", ["a.yaml"], monkeypatch)
    assert (plain is None) == (said in ("yes", "off", "maybe"))
    assert plain is None or plain == typed


def test_typer_stays_away_from_plain_lines() -> None:
    """What is not imported costs nothing; completion, help and mistakes import it."""
    code = (
        "import sys, contextlib, io; import manifold.cli; from manifold.cli._main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(sys.argv[1:])\n"
        "print('typer' in sys.modules)"
    )
    exemplary = str(ROOT / "fixtures" / "exemplary")
    for arguments, wanted in ((["lint", "-q", exemplary], "False"), (["lint", "-qv", exemplary], "True")):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == wanted
