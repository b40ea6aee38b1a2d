"""Builds the typer application out of the command modules, runs it, and turns what happens into an exit code."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer

from manifold import cli
from manifold.errors import ManifoldError

HELP = """Know what the cluster will say and do, before you ask it.

Reads Kubernetes manifests as kubectl does and answers as the API server would: accepted or refused and why, what is
stored, what an apply changes, in which order. Offline; with a live cluster it asks it.
"""
EPILOG = "Examples: manifold check deploy/ · manifold plan deploy/ --against git:main · manifold explain memory-limit-missing. Exit codes: 0 nothing to report, 1 findings or differences, 2 usage, 3 incomplete."
INTERRUPTED = 130  # what shells make of SIGINT
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def commands() -> list[str]:
    """The names of all commands, in the order of the help."""
    found = [m.name for m in pkgutil.iter_modules(cli.__path__) if not m.name.startswith("_")]
    return sorted(found, key=lambda n: (cli.ORDER.index(n) if n in cli.ORDER else len(cli.ORDER), n))


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
        help=HELP,
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
            app.command(name, epilog=getattr(module, "EPILOG", None), context_settings=CONTEXT)(command)
    return app


def _wants_help() -> bool:
    return len(sys.argv) < 2 or any(a in ("-h", "--help") for a in sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Never lets a traceback out without `--debug`."""
    known = commands()
    first = next((a for a in arguments if not a.startswith("-")), None)
    alone = first in known and "_MANIFOLD_COMPLETE" not in os.environ
    app = build([first] if alone and first else known)
    debug = "--debug" in arguments or bool(os.environ.get("MANIFOLD_DEBUG"))
    if debug:
        import logging

        logging.basicConfig()
        logging.getLogger("manifold").setLevel(logging.DEBUG)
    try:
        result = app(list(arguments), standalone_mode=False, prog_name="manifold")
        sys.stdout.flush()
        if result == INTERRUPTED:  # typer's answer to Ctrl-C
            sys.stderr.write("\nmanifold: interrupted\n")
        return result if isinstance(result, int) else 0
    except SystemExit as left:  # typer's answer to a reader that has gone, whatever it was asked
        if isinstance(left.__context__, BrokenPipeError):
            return cli.UNREAD
        raise
    except Exception as error:
        return _explain(error, debug=debug)
    except KeyboardInterrupt:
        sys.stderr.write("\nmanifold: interrupted\n")
        return INTERRUPTED


def _explain(error: Exception, debug: bool) -> int:
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if isinstance(error, typer.Abort):
        sys.stderr.write("manifold: aborted\n")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return cli.UNREAD
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, ManifoldError):
        sys.stderr.write(f"manifold: {error}\n")
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        sys.stderr.write(f"manifold: {error.filename or 'standard output'}: {error.strerror}\n")
        return 3
    show = getattr(error, "show", None)
    if callable(show):  # typer's own usage errors draw themselves
        show()
        return 2
    sys.stderr.write(
        f"manifold: internal error: {type(error).__name__}: {error}\n"
        "This is a defect of manifold: run again with --debug and report what it prints.\n"
    )
    return 3
