"""Tables on standard output."""

from __future__ import annotations

import sys
from typing import Any


def show(table: Any) -> None:
    """Print a rich table: as wide as the terminal, and uncut where what reads it is none."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console().print(table)
        return
    console = Console(width=10_000, no_color=True, force_terminal=False)
    with console.capture() as text:
        console.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in text.get().splitlines()))
