"""`manifold baseline`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold baseline write deploy/ · manifold baseline prune deploy/"
group = typer.Typer(
    help="Findings that a team lives with for now: write them down, and drop those that are gone.", no_args_is_help=True
)
File = Annotated[Path, typer.Option("--file", metavar="FILE", help="The baseline.")]
asking = takes("paths", "profile", common=("namespace", "kubernetes_version", "config"))
"""The options that decide what is found."""


@asking
def write_baseline(settings: Settings, file: File = Path("manifold-baseline.json")) -> int:
    """Write down all findings of today but what the API server refuses."""
    from manifold import baseline
    from manifold.cli._checks import write

    asked, found = _found(settings)
    text = baseline.render(found.diagnostics)
    write(text, file)
    sys.stdout.write(f"{text.count('fingerprint')} findings written to {file}\n{_use(file, asked.config)}\n")
    return 0


def _found(settings: Settings) -> tuple[Any, Any]:
    """What is asked, and the report of all that is found; what is written down is looked at anew.

    Raises SourceError where something cannot be read: what is found there is not known.
    """
    from manifold.cli._checks import request
    from manifold.errors import SourceError
    from manifold.run import report

    asked = request(settings, validate=True, lint=True)
    asked.baseline, asked.cache = None, False
    found, incomplete = report(asked)
    if incomplete:
        why = next(
            (f"{d.file}: {d.message}" for d in found.diagnostics if d.rule == "yaml/unreadable"),
            "not all was looked at",
        )
        raise SourceError(f"the baseline stays as it is: {why}")
    return asked, found


def _use(file: Path, config: Any) -> str:
    """How a baseline gets into force, or that it is."""
    if config.baseline is not None and config.baseline.resolve() == file.resolve():
        return f"`baseline:` in {config.file} has it in force; `manifold baseline prune` drops what is mended."
    folder = config.file.resolve().parent if config.file else Path.cwd()
    name = os.path.relpath(file.resolve(), folder)  # settings name files from where they lie
    return (
        f"To leave them out of reports: `baseline: {name}` in {config.file or 'manifold.yaml'}, or `--baseline {file}`."
    )


@asking
def prune(settings: Settings, file: File = Path("manifold-baseline.json")) -> int:
    """Drop from the baseline what is no longer found in these paths; what stands there of other files and rules stays."""
    from manifold import baseline
    from manifold.cli._checks import write
    from manifold.lint.catalogue import choose, known
    from manifold.model import Origin

    there = baseline.entries(file)
    asked, found = _found(settings)
    rules = known(asked.own_rules)
    ran = {rule.id for rule in choose(rules, asked.profile, asked.select, asked.ignore)}
    broken = {d.file for d in found.diagnostics if d.rejects and d.origin is Origin.YAML}
    still = {d.fingerprint for d in found.diagnostics}
    folders = (Path.cwd(), *file.resolve().parents)

    def gone(entry: Mapping[str, Any]) -> bool:
        name, rule = str(entry.get("file", "")), entry.get("rule")
        if entry["fingerprint"] in still or name in broken or (rule in rules and rule not in ran):
            return False
        if name == baseline.PIPED:
            return Path("-") in settings.paths
        # Names are as seen from where they were written down: here, or most likely where the baseline lies, or above.
        places = ((folder / name).resolve() for folder in folders)
        return all(any(place.is_relative_to(p.resolve()) for p in settings.paths) for place in places if place.exists())

    kept = [e for e in there if not gone(e)]
    write(baseline.listing(kept), file)
    sys.stdout.write(f"{len(there) - len(kept)} of {len(there)} findings dropped from {file}\n")
    return 0


group.command("write")(write_baseline.typed())
group.command("prune")(prune.typed())
