"""Runs one command line, and turns what happens into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from manifold import cli
from manifold.errors import ManifoldError

INTERRUPTED = 130  # what shells make of SIGINT


def commands() -> list[str]:
    """The names of all commands, in the order of the help."""
    import pkgutil

    found = [m.name for m in pkgutil.iter_modules(cli.__path__) if not m.name.startswith("_")]
    return sorted(found, key=lambda n: (cli.ORDER.index(n) if n in cli.ORDER else len(cli.ORDER), n))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Never lets a traceback out without `--debug`."""
    debug = "--debug" in arguments or bool(os.environ.get("MANIFOLD_DEBUG"))
    if debug:
        import logging

        logging.basicConfig()
        logging.getLogger("manifold").setLevel(logging.DEBUG)
    try:
        from manifold.cli import _plain

        result = (_plain.command(arguments) or _typed(arguments))()
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


def _typed(arguments: Sequence[str]) -> Callable[[], object]:
    """A command line as typer reads it, which knows help, completion, and what to say of mistakes."""
    from manifold.cli import _app

    known = commands()
    first = next((a for a in arguments if not a.startswith("-")), None)
    alone = first in known and "_MANIFOLD_COMPLETE" not in os.environ
    app = _app.build([first] if alone and first else known)
    return lambda: app(list(arguments), standalone_mode=False, prog_name="manifold")


def _explain(error: Exception, debug: bool) -> int:
    if "typer" in sys.modules:
        import typer

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
