"""The JSON report: one document of the shape published in `schemas/manifold/report.json`."""

from __future__ import annotations

from typing import Any

from manifold.model import Diagnostic, Report


def diagnostic(d: Diagnostic) -> dict[str, Any]:
    """A diagnostic as the contract's table lists its fields."""
    return {
        "origin": d.origin.value,
        "rule": d.rule,
        "severity": d.severity.value,
        "reason": d.reason,
        "path": d.path,
        "message": d.message,
        "file": d.file,
        "line": d.span.line,
        "column": d.span.column,
        "end_line": d.span.end_line,
        "end_column": d.span.end_column,
        "document": d.document,
        "object": d.object.to_dict(),
        "kubernetes": list(d.kubernetes),
        "help": d.help,
        "fix": {"description": d.fix.description, "safe": d.fix.safe} if d.fix else None,
        "fingerprint": d.fingerprint,
    }


def document(report: Report) -> dict[str, Any]:
    """The whole report as JSON values."""
    s = report.summary
    return {
        "version": 1,
        "manifold": report.manifold,
        "kubernetes": list(report.kubernetes),
        "summary": {
            "files": s.files,
            "documents": s.documents,
            "objects": s.objects,
            "errors": s.errors,
            "warnings": s.warnings,
            "infos": s.infos,
            "skipped": s.skipped,
            "suppressed": s.suppressed,
        },
        "notes": list(report.notes),
        "skipped": [{"file": k.file, "document": k.document, "why": k.why} for k in report.skipped],
        "diagnostics": [diagnostic(d) for d in report.diagnostics],
    }


def render(report: Report) -> str:
    import orjson

    return orjson.dumps(document(report), option=orjson.OPT_INDENT_2).decode() + "\n"
