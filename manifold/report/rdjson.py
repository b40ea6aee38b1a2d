"""reviewdog's rdjson: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf"""

from __future__ import annotations

from typing import Any

from manifold.model import Report, Severity

LEVELS = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def render(report: Report) -> str:
    import orjson

    found: list[dict[str, Any]] = []
    for d in report.diagnostics:
        location: dict[str, Any] = {"path": d.file}
        if d.span.line:
            location["range"] = {
                "start": {"line": d.span.line, "column": d.span.column},
                "end": {"line": d.span.end_line, "column": d.span.end_column},
            }
        text = f"{d.path}: {d.message}" if d.path else d.message
        found.append({"message": text, "location": location, "severity": LEVELS[d.severity], "code": {"value": d.rule}})
    return orjson.dumps({"source": {"name": "manifold"}, "diagnostics": found}).decode() + "\n"
