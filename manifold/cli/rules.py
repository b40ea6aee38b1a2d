"""`manifold rules`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="List the lint rules, and test them.", invoke_without_command=True)


@group.callback()
def command(
    context: typer.Context,
    profile: Annotated[str, typer.Option(help="Only the rules of this profile.")] = "all",
    equivalents: Annotated[
        bool, typer.Option("--equivalents", help="Which of our rules stand for a peer's checks.")
    ] = False,
    output: Annotated[str, typer.Option("--output", "-o", metavar="text|json")] = "text",
) -> None:
    """List the lint rules."""
    if context.invoked_subcommand:
        return
    from manifold.cli._checks import choose as one_of

    one_of("--output", output, ("text", "json"))
    if equivalents:
        _equivalents(output)
        return
    from manifold.lint.catalogue import choose, rules

    chosen = sorted(choose(rules(), profile), key=lambda r: (r.pack, r.id))
    if output == "json":
        import orjson

        data = [
            {
                "id": r.id,
                "pack": r.pack,
                "summary": r.summary,
                "severity": r.severity.value,
                "profiles": list(r.profiles),
                "aliases": list(r.aliases),
            }
            for r in chosen
        ]
        sys.stdout.write(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("pack", "rule", "severity", "summary", box=None, header_style="bold", pad_edge=False)
    for rule in chosen:
        table.add_row(rule.pack, rule.id, rule.severity.value, rule.summary)
    Console().print(table)
    sys.stdout.write(f"\n{len(chosen)} rules; `manifold explain RULE` shows one.\n")


def _equivalents(output: str) -> None:
    from manifold import api

    found = api.equivalents()
    if output == "json":
        import orjson

        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for peer, ours in found.items():
        sys.stdout.write(f"{peer:60} {ours if isinstance(ours, str) else ', '.join(ours)}\n")


@group.command("test")
def test(folder: Annotated[Path, typer.Argument(help="A folder of rules, as rules/<pack>/<id>.yaml.")]) -> None:
    """Run each rule of a folder over its own examples: good ones must be silent, bad ones must raise it."""
    from manifold.lint.catalogue import read
    from manifold.lint.engine import Bundle, Linter
    from manifold.model import Source
    from manifold.read import read as read_source

    failed = 0
    found = read(folder)
    for rule in found.values():
        linter = Linter([rule])
        for kind, text, wanted in (("good", rule.good, False), ("bad", rule.bad, True)):
            documents = read_source(Source(f"{rule.id}/{kind}", text.encode())).documents
            raised = any(True for _ in linter.run(documents, Bundle(documents)))
            if raised != wanted:
                failed += 1
                sys.stdout.write(f"{rule.id}: the {kind} example {'raises it' if raised else 'does not raise it'}\n")
    sys.stdout.write(f"{len(found)} rules, {failed} failed\n")
    if failed or not found:
        raise typer.Exit(1)
