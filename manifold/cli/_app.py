"""The typer application, built out of the command modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from typing import Any

import typer

from manifold.cli._options import Command

HELP = """Know what the cluster will say and do, before you ask it.

Reads Kubernetes manifests as kubectl does and answers as the API server would: accepted or refused and why, what is
stored, what an apply changes, in which order. Offline; with a live cluster it asks it.
"""
EPILOG = "Examples: manifold check deploy/ · manifold plan deploy/ --against git:main · manifold explain memory-limit-missing. Exit codes: 0 nothing to report, 1 findings or differences, 2 usage, 3 incomplete."
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def _version(value: bool) -> None:
    if value:
        from manifold import __version__

        sys.stdout.write(f"manifold {__version__}\n")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", "-V", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(
        False, "--debug", help="Show a traceback where something fails.", envvar="MANIFOLD_DEBUG"
    ),
) -> None:
    """Know what the cluster will say and do, before you ask it."""


def build(names: Iterable[str]) -> typer.Typer:
    """The application with these commands."""
    app = typer.Typer(
        name="manifold",
        help=_paragraphs(HELP),
        epilog=EPILOG,
        no_args_is_help=True,
        context_settings=CONTEXT,
        pretty_exceptions_enable=False,
        add_completion=True,
        # rich is imported for help alone, where its panels are worth their 50 ms
        rich_markup_mode="rich" if _wants_help() else None,
    )
    app.callback()(_root)
    for name in names:
        module = importlib.import_module(f"manifold.cli.{name}")
        if hasattr(module, "group"):
            app.add_typer(module.group, name=name, epilog=getattr(module, "EPILOG", None))
        else:
            command: Callable[..., Any] = module.command
            command = command.typed() if isinstance(command, Command) else command
            text = _paragraphs(command.__doc__ or "")
            app.command(name, help=text, epilog=getattr(module, "EPILOG", None), context_settings=CONTEXT)(command)
    return app


def _paragraphs(text: str) -> str:
    """A text whose paragraphs are a line each, for help to break them where its reader's terminal ends."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _wants_help() -> bool:
    return len(sys.argv) < 2 or any(a in ("-h", "--help") for a in sys.argv[1:])
