"""`manifold baseline`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

EPILOG = "Examples: manifold baseline write deploy/ · manifold baseline prune deploy/"
group = typer.Typer(
    help="Findings that a team lives with for now: write them down, and drop those that are gone.", no_args_is_help=True
)
Paths = Annotated[list[Path], typer.Argument(metavar="PATHS")]
File = Annotated[Path, typer.Option("--file", metavar="FILE", help="The baseline.")]
Profile = Annotated[str, typer.Option(help="Set of rules.")]


@group.command("write")
def write_baseline(paths: Paths, file: File = Path("manifold-baseline.json"), profile: Profile = "") -> None:
    """Write down all findings of today but what the API server refuses."""
    from manifold import baseline
    from manifold.cli._checks import request, write
    from manifold.cli._options import Settings
    from manifold.run import report

    asked = request(Settings(paths=paths, profile=profile), validate=True, lint=True)
    asked.baseline, asked.cache = None, False  # what is written down is looked at
    found, _ = report(asked)
    text = baseline.render(found.diagnostics)
    write(text, file)
    sys.stdout.write(f"{text.count('fingerprint')} findings written to {file}\n{_use(file, asked.config)}\n")


def _use(file: Path, config: Any) -> str:
    """How a baseline gets into force, or that it is."""
    if config.baseline is not None and config.baseline.resolve() == file.resolve():
        return f"`baseline:` in {config.file} has it in force; `manifold baseline prune` drops what is mended."
    import os

    folder = config.file.resolve().parent if config.file else Path.cwd()
    name = os.path.relpath(file.resolve(), folder)  # settings name files from where they lie
    return (
        f"To leave them out of reports: `baseline: {name}` in {config.file or 'manifold.yaml'}, or `--baseline {file}`."
    )


@group.command("prune")
def prune(paths: Paths, file: File = Path("manifold-baseline.json"), profile: Profile = "") -> None:
    """Drop from the baseline what is no longer found."""
    from manifold import baseline
    from manifold.cli._checks import request, write
    from manifold.cli._options import Settings
    from manifold.run import report

    there = baseline.known(file)
    asked = request(Settings(paths=paths, profile=profile), validate=True, lint=True)
    asked.baseline, asked.cache = None, False  # what is written down is looked at
    found, _ = report(asked)
    kept = [d for d in found.diagnostics if d.fingerprint in there]
    write(baseline.render(kept), file)
    sys.stdout.write(
        f"{len(there) - len({d.fingerprint for d in kept})} of {len(there)} findings dropped from {file}\n"
    )
