"""`manifold fix`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold.cli._options import Settings, takes

EPILOG = (
    "Examples: manifold fix deploy/ · manifold fix --diff deploy/ · helm template . | manifold fix -. Exit codes: 0 done, or nothing to do; 1 with --diff or --check: there is something to repair; 2 usage; "
    "3 something could not be read. With - the repaired text goes to standard output."
)
FORMATS = ("text", "json")


@takes("paths", "select", "ignore", "profile", "rules", formats=FORMATS)
def command(
    settings: Settings,
    diff: Annotated[bool, typer.Option("--diff", help="Print a patch and write nothing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Say what would be repaired and write nothing.")] = False,
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe", help="Add opinionated repairs of lint findings: security contexts, probes, resources."
        ),
    ] = False,
) -> int:
    """Repair manifests in place: only what is sure, and no byte besides; comments, order and quotes stay.

    Repairs API versions, mistyped fields, words and selectors, quantities, quotes, duplicate keys, old names. A repaired
    file is validated before it replaces the old one.
    """
    from manifold.cli._checks import choose, nothing, request, write
    from manifold.fix.files import STDIN, run, store

    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output)]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    files = [Path(file) if file else None for name, file in outputs if name == "json"]
    asked = request(settings, validate=True, lint=True)
    made = run(asked, unsafe=unsafe)
    piped = [m for m in made.mended if m.name == STDIN]
    if not diff and not check:  # before anything is told of it: who reads that may go away before its end
        for one in made.mended:
            if one.name != STDIN and one.changed:
                store(Path(one.name), one.before, one.after)
    if files:
        for file in files:
            write(_json(made), file)
    elif diff:
        from manifold.fix.patch import base, patch

        changed = [one for one in made.mended if one.changed]
        folder = base(one.name for one in changed)
        for one in changed:
            sys.stdout.write(patch(one, folder))
    else:
        filters = Path("-") in settings.paths  # standard output is for what is repaired
        _text(made, settings, check=check, stream=sys.stderr if filters and not check else sys.stdout)
    for d in made.unreadable:
        place = f"{d.file}:{d.span.line}" if d.span.line else d.file
        sys.stderr.write(f"manifold: {place}: {d.message}\n")
    if not made.objects and not made.unreadable:
        nothing(settings, settings.paths)
    if not diff and not check and not files:
        for one in piped:
            sys.stdout.flush()
            sys.stdout.buffer.write(one.after)
    if made.unreadable:
        return 3
    return int((diff or check) and any(m.changed for m in made.mended))


def _text(made: Any, settings: Settings, *, check: bool, stream: Any) -> None:
    count = files = 0
    for one in made.mended:
        if one.changed:
            files += 1
        if not one.done and not (one.left and settings.verbose):
            continue
        stream.write(f"{one.name}\n")
        for done in sorted(one.done, key=lambda d: (d.line, d.column)):
            count += 1
            stream.write(f"  {done.line}:{done.column}  {done.description}  [{done.rule}]\n")
        for why in one.left:
            if settings.verbose or one.done:
                stream.write(f"  left: {why}\n")
    if settings.quiet and not count:
        return
    left = sum(bool(m.left) for m in made.mended)
    verb = "would be made" if check else "made"
    text = f"{count} repair{'s' * (count != 1)} {verb} in {files} of {len(made.mended)} file{'s' * (len(made.mended) != 1)}"
    if left and not settings.verbose:
        text += f"; {left} with something left to do by hand (-v tells)"
    stream.write(f"{text}.\n")


def _json(made: Any) -> str:
    import orjson

    data = {
        "version": 1,
        "summary": {
            "files": len(made.mended),
            "changed": sum(m.changed for m in made.mended),
            "repairs": sum(len(m.done) for m in made.mended),
        },
        "repairs": [
            {
                "file": m.name, "line": d.line, "column": d.column, "rule": d.rule, "path": d.path,
                "description": d.description, "object": d.object.to_dict(),
            }
            for m in made.mended
            for d in m.done
        ],
        "left": [{"file": m.name, "why": why} for m in made.mended for why in m.left],
        "unreadable": [
            {"file": d.file, "line": d.line, "column": d.column, "rule": d.rule, "message": d.message}
            for d in made.unreadable
        ],
    }  # fmt: skip
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"
