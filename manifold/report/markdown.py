"""Markdown for a pull request's comment or a job's summary."""

from __future__ import annotations

from itertools import groupby

from manifold.model import Diagnostic, Report, Severity
from manifold.report._places import mended

MARKS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}


def cell(text: str) -> str:
    """`text` so that it stays in one cell of a table and is no markup."""
    for old, new in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("\r", " "), ("\n", " ")):
        text = text.replace(old, new)
    return text


def code(text: str) -> str:
    return f"`{cell(text.replace('`', chr(39)))}`" if text else ""


def totals(report: Report) -> str:
    """`1 error, 2 warnings in 12 objects of 5 files, Kubernetes 1.37`."""
    s = report.summary

    def count(n: int, word: str) -> str:
        return f"{n} {word}" if n == 1 else f"{n} {word}s"

    parts = [count(s.errors, "error"), count(s.warnings, "warning")]
    if s.infos:
        parts.append(f"{s.infos} info")
    found = ", ".join(p for p in parts if not p.startswith("0 ")) or "no findings"
    where = f"in {count(s.objects, 'object')} of {count(s.files, 'file')}"
    return f"{found} {where}, Kubernetes {', '.join(report.kubernetes)}"


def _row(d: Diagnostic) -> str:
    line = f"{d.span.line}:{d.span.column}" if d.span.line else ""
    cure = f"{d.help} {mended(d)}".strip()
    text = cell(d.message) + (f"<br>{cell(cure)}" if cure else "")
    return f"| {line} | {MARKS[d.severity]} | {code(d.path)} | {text} | {code(d.rule)} |"


def render(report: Report) -> str:
    out = [f"**manifold**: {totals(report)}", ""]
    for file, group in groupby(report.diagnostics, key=lambda d: d.file):
        out += [f"### {code(file) or 'input'}", "", "| line | | field | what | rule |", "|---|---|---|---|---|"]
        out += [*(_row(d) for d in group), ""]
    if report.skipped:
        out += ["<details><summary>not checked</summary>", ""]
        out += [f"- {code(k.file)}: {cell(k.why)}" for k in report.skipped]
        out += ["", "</details>", ""]
    out += [f"> {cell(note)}" for note in report.notes]
    return "\n".join(out).rstrip() + "\n"
