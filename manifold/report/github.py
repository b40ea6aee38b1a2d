"""GitHub Actions workflow commands: annotations on the lines of a pull request.

Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from manifold.model import Diagnostic, Report, Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _command(d: Diagnostic) -> str:
    where = []
    if d.file:
        where.append(f"file={_property(d.file)}")
    if d.span.line:
        where.append(f"line={d.span.line}")
        where.append(f"col={d.span.column}")
        # GitHub refuses endColumn where the range spans lines.
        if d.span.end_line == d.span.line and d.span.end_column > d.span.column:
            where += [f"endLine={d.span.end_line}", f"endColumn={d.span.end_column}"]
    where.append(f"title={_property(d.rule)}")
    text = f"{d.path}: {d.message}" if d.path else d.message
    if d.help:
        text += f"\nhelp: {d.help}"
    return f"::{LEVELS[d.severity]} {','.join(where)}::{_data(text)}\n"


def render(report: Report) -> str:
    return "".join(_command(d) for d in report.diagnostics)
