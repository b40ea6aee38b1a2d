"""`manifold schema`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="List the releases and kinds that we know; check and show definitions.", no_args_is_help=True)
Version = Annotated[
    str, typer.Option("--kubernetes-version", "-k", metavar="1.NN", help="Release; default: the newest we ship.")
]


@group.command("versions")
def versions() -> None:
    """The releases of Kubernetes that we answer for."""
    from manifold.apiserver.schema import versions as known
    from manifold.apiserver.server import FULL_VERDICT

    for version in known():
        full = tuple(map(int, version.split("."))) >= FULL_VERDICT
        sys.stdout.write(f"{version}  {'full verdict' if full else 'schema and lifecycle'}\n")


@group.command("list")
def kinds(
    kubernetes_version: Version = "",
    schema: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="CustomResourceDefinitions to list as well.")
    ] = None,
) -> None:
    """All kinds that a release serves, and those that definitions add."""
    from rich.console import Console
    from rich.table import Table

    from manifold.apiserver import crd
    from manifold.apiserver.schema import load
    from manifold.run import definitions

    found = list(load(kubernetes_version or None).kinds())
    if schema:
        found += crd.kinds(definitions(schema))
    table = Table("apiVersion", "kind", "plural", "namespaced", box=None, header_style="bold")
    for kind in found:
        table.add_row(kind.api_version, kind.kind, kind.plural, "yes" if kind.namespaced else "no")
    Console().print(table)
