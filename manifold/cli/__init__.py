"""The command line: one module a command, found by its name; `main` is the one place that turns errors into exit codes.

A command module holds `command`, a function typer can read, or `group`, a typer application of its own. Only the
module of the command at hand is imported; `--help` and completion import all of them.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import NoReturn

# The order of `manifold --help`; a module that is not named here comes after these.
ORDER = (
    "check",
    "validate",
    "lint",
    "fix",
    "preview",
    "diff",
    "plan",
    "snapshot",
    "explain",
    "rules",
    "schema",
    "baseline",
    "config",
    "report",
    "init",
)

UNREAD = 141
"""What shells make of SIGPIPE: nobody reads what is written (`manifold check | head`)."""


# Those that take nothing but shared options: a plain line of theirs is read without typer.
PLAIN = ("check", "validate", "lint")


def main() -> None:
    """The entry point of the `manifold` script: runs a command and exits with the contract's code."""
    # A command is one pass over much data that lives to its end, and leaves no cycles worth a search: with the collector on,
    # a run over 9,000 objects takes twice as long.
    gc.disable()
    _open_closed()
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):  # answered before anything is imported: shells and editors ask often
        from manifold import __version__

        sys.stdout.write(f"manifold {__version__}\n")
        return
    try:
        from manifold.cli._main import run

        code = run(arguments)
    except KeyboardInterrupt:  # before a command has begun, most likely while modules are imported
        sys.stderr.write("\nmanifold: interrupted\n")
        sys.exit(130)
    if code == UNREAD:
        _unread()
    _leave(code)


def _open_closed() -> None:
    """Let what is written to a stream that the shell has closed (`manifold check . >&-`) go nowhere: Python has None there."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    # With PYTHONUNBUFFERED, as in many images, a text that is written in part counts as written, and its rest is lost.
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        out = sys.stdout
        sys.stdout = open(out.fileno(), "w", encoding=out.encoding, errors=out.errors, closefd=False)  # noqa: SIM115


def _unread() -> None:
    """End as programs do whose reader has gone: silently, by the signal that Python has ignored so far.

    Where there is no such signal, the process goes on, to leave with the code that stands for it.
    """
    import signal

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)


def _leave(code: int) -> NoReturn:
    """End the process at once: to take ten thousand objects apart first, one by one, would take as long as to read them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # its reader is gone, or it was closed: `run` has said what there was to say
            code = code or 3
    os._exit(code)
