"""`manifold rules`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

EPILOG = "Examples: manifold rules · manifold rules test my-rules/"
group = typer.Typer(help="List the lint rules, and test them.", invoke_without_command=True)


@group.callback()
def command(
    context: typer.Context,
    profile: Annotated[str, typer.Option(help="Only the rules of this profile.")] = "all",
    equivalents: Annotated[
        bool, typer.Option("--equivalents", help="Which of our rules stand for a peer's checks.")
    ] = False,
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", metavar="PATH", help="Rules of your own as well: file or folder.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="text|json")] = "text",
) -> None:
    """List the lint rules: those that we ship, and your own."""
    if context.invoked_subcommand:
        return
    from manifold.cli._checks import choose as one_of

    one_of("--output", output, ("text", "json"))
    if equivalents:
        _equivalents(output)
        return
    from manifold.lint.catalogue import choose

    chosen = sorted(choose(there(rules or ()), profile), key=lambda r: (r.pack, r.id))
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
    from rich.table import Table

    from manifold.cli._tables import show

    table = Table("pack", "rule", "severity", "summary", box=None, header_style="bold", pad_edge=False)
    for rule in chosen:
        table.add_row(rule.pack, rule.id, rule.severity.value, rule.summary)
    show(table)
    sys.stdout.write(f"\n{len(chosen)} rules; `manifold explain RULE` shows one.\n")


def there(more: Any = ()) -> Any:
    """The rules that we ship, those of the settings in force, and those of the folders `more`, by id."""
    from manifold import config
    from manifold.lint.catalogue import known

    settings = config.load(config.find(Path.cwd()))
    return known((*settings.rules, *more))


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
def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Rules, or folders of them. Default: those of the settings in force."),
    ] = None,
) -> None:
    """Run each rule over its own examples: good ones must be silent, bad ones must raise it."""
    from manifold import assets, config
    from manifold.errors import UsageError
    from manifold.lint.catalogue import read
    from manifold.lint.catalogue import rules as shipped

    wanted = paths or list(config.load(config.find(Path.cwd())).rules)
    if not wanted:
        raise UsageError("name a folder of rules, or give it in the settings: `rules: [rules/]` in manifold.yaml")
    failed = count = 0
    for path in wanted:
        if not path.exists():
            raise UsageError(f"{path}: there is no such folder of rules")
        for rule in read(path).values():
            count += 1
            wrong = [*_tried(rule, "good", rule.good), *_tried(rule, "bad", rule.bad)]
            if rule.id in shipped() and not path.resolve().is_relative_to(assets.root("rules").resolve()):
                wrong.append(f"the id is taken by a rule of ours, of pack {shipped()[rule.id].pack}")
            failed += bool(wrong)
            for line in wrong:
                sys.stdout.write(f"{rule.id}: {line}\n")
    sys.stdout.write(f"{count} rule{'s' * (count != 1)}, {failed} failed\n")
    if failed:
        raise typer.Exit(1)


def _tried(rule: Any, kind: str, text: str) -> list[str]:
    """What is wrong with an example of a rule."""
    from manifold.lint.engine import Bundle, Linter
    from manifold.model import Source
    from manifold.read import read

    reading = read(Source(f"{rule.id}/{kind}", text.encode()))
    broken = [d for d in reading.diagnostics if d.rejects]
    if broken:
        return [f"the {kind} example cannot be read: line {broken[0].line}: {broken[0].message}"]
    if not reading.documents:
        return [f"the {kind} example holds no object"]
    found = list(Linter([rule]).run(reading.documents, Bundle(reading.documents)))
    failures = [d for d in found if "could not be evaluated" in d.message]
    if failures:
        return [f"the {kind} example: {failures[0].message}"]
    if kind == "bad" and not found:
        there = {d.kind for d in reading.documents}
        named = [k for k in rule.kinds if not k.startswith("$")]
        if named and named == list(rule.kinds) and not there & {k.rpartition("/")[2] for k in named}:
            return [f"the bad example does not raise it: it holds no {' and no '.join(named)}"]
        return ["the bad example does not raise it"]
    if kind == "good" and found:
        return [f"the good example raises it: line {found[0].line}: {found[0].message}"]
    return []
