"""The option of commands that apply one way or the other."""

from __future__ import annotations

from typing import Annotated

import typer

How = Annotated[
    str,
    typer.Option(metavar="auto|server|client", help="As `kubectl apply` or `kubectl apply --server-side` would do it."),
]
