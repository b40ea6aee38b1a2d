"""`manifold report`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold.errors import UsageError
from manifold.model import Diagnostic, Skip

EPILOG = "Examples: manifold report merge shard-1.json shard-2.json · manifold report merge *.json -o markdown"
_COUNT = re.compile(r" \(\d+ objects\)$")
group = typer.Typer(help="Work with reports.", no_args_is_help=True)


@group.callback()
def _root() -> None:
    """Work with reports."""


@group.command("merge")
def merge(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="JSON reports, one of each shard.")],
    output: Annotated[list[str], typer.Option("--output", "-o", metavar="FORMAT[=FILE]")] = ["json"],  # noqa: B006
    fail_on: Annotated[str, typer.Option(metavar="error|warning|info")] = "error",
) -> int:
    """Join the JSON reports of shards into one."""
    from manifold.cli._checks import SEVERITIES, choose, parse_output, render, write
    from manifold.cli._options import Settings
    from manifold.run import exit_code

    choose("--fail-on", fail_on, SEVERITIES)
    reports = [_read(f) for f in files]
    try:
        joined = _joined(reports)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("one of these is no JSON report of manifold: a field is missing or odd") from error
    for name, file in (parse_output(o) for o in output):
        write(render(name, joined, Settings(), colour=False), file)
    return exit_code(joined, any(d.rule == "yaml/unreadable" for d in joined.diagnostics), fail_on)


def _read(file: Path) -> dict[str, Any]:
    import json

    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no JSON report") from error
    if not isinstance(data, dict) or data.get("version") != 1 or "diagnostics" not in data:
        raise UsageError(f"{file} is no JSON report of manifold")
    return data


def _joined(reports: list[dict[str, Any]]) -> Any:
    from manifold.model import Fix, ObjectId, Origin, Report, Severity, Span, Summary

    found = []
    for d in (d for r in reports for d in r["diagnostics"]):
        o = d["object"]
        found.append(
            Diagnostic(
                Origin(d["origin"]), d["rule"], Severity(d["severity"]), d["message"], d["reason"], d["path"], d["file"],
                Span(d["line"], d["column"], d["end_line"], d["end_column"]), d["document"],
                ObjectId(o["apiVersion"], o["kind"], o["namespace"], o["name"]), tuple(d["kubernetes"]), d["help"],
                Fix(d["fix"]["description"], d["fix"]["safe"]) if d["fix"] else None, d["fingerprint"],
            )
        )  # fmt: skip
    skipped = tuple(Skip(s["file"], s["document"], s["why"]) for r in reports for s in r["skipped"])
    unique = sorted(_counted(dict.fromkeys(found), skipped), key=lambda d: (d.file, d.span, d.rule))
    names = ("files", "documents", "objects", "skipped", "suppressed")
    totals = {n: sum(r["summary"][n] for r in reports) for n in names}
    counts = {s: sum(1 for d in unique if d.severity is s) for s in Severity}
    summary = Summary(
        **totals, errors=counts[Severity.ERROR], warnings=counts[Severity.WARNING], infos=counts[Severity.INFO]
    )
    versions = tuple(dict.fromkeys(v for r in reports for v in r["kubernetes"]))
    notes = tuple(dict.fromkeys(n for r in reports for n in r.get("notes", ())))
    return Report(tuple(unique), skipped, summary, versions, reports[0]["manifold"] if reports else "", notes=notes)


def _counted(found: Iterable[Diagnostic], skipped: Iterable[Skip]) -> Iterator[Diagnostic]:
    """The diagnostics with one for each kind that has no definition at hand, and how many objects it is of."""
    from manifold.run import without_definition

    objects = Counter(s.why for s in skipped)
    seen = set()
    for d in found:
        if d.rule == "api/no-such-kind" and (count := objects[without_definition(d.object)]):
            if d.object[:2] in seen:
                continue
            seen.add(d.object[:2])
            message = _COUNT.sub("", d.message)
            d = replace(d, message=f"{message} ({count} objects)" if count > 1 else message)
        yield d
