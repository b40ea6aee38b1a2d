"""The report for people: grouped by file, the source line with a caret, the cure below.

Colours are written by hand: importing rich costs 50 ms, a third of the time that one file may take.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby

from manifold.model import Diagnostic, Report, Severity
from manifold.report.markdown import totals

COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;34"}
WIDEST = 200  # columns of a source line that are shown around the caret


def width(text: str) -> int:
    """How many terminal columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def printable(text: str) -> str:
    """`text` without control characters, so that a manifest cannot move the terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "�" for c in text)


class Painter:
    """Writes ANSI colours, or none."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


def _quote(d: Diagnostic, lines: list[str], paint: Painter) -> list[str]:
    gutter = " " * 9
    colour = COLOURS[d.severity]
    message = printable(d.message)
    if not 0 < d.span.line <= len(lines):
        out = [f"{gutter}{paint('2', '│')} {message}"]
    else:
        raw = lines[d.span.line - 1]
        start = max(0, min(d.span.column - 1, len(raw)))
        end = min(d.span.end_column - 1, len(raw)) if d.span.end_line == d.span.line else len(raw.rstrip())
        cut = max(0, start - WIDEST // 2)
        shown = printable(raw[cut : cut + WIDEST])
        before = width(printable(raw[cut:start]))
        under = max(1, width(printable(raw[start : min(end, cut + WIDEST)])))
        number = f"{d.span.line:>{len(gutter) + 2}}"
        gutter = " " * (len(gutter) + 3)
        out = [
            f"{paint('2', f'{number} │')} {shown.rstrip()}",
            f"{gutter}{paint('2', '│')} {' ' * before}{paint(colour, '^' * under)} {message}",
        ]
    if d.help:
        out.append(f"{gutter}{paint('2', '=')} {paint('36', 'help:')} {printable(d.help)}")
    if d.fix:
        out.append(f"{gutter}{paint('2', '=')} {paint('36', 'manifold fix:')} {printable(d.fix.description)}")
    return out


def _entry(d: Diagnostic, lines: list[str], paint: Painter, several: bool, width_of_place: int) -> list[str]:
    place = f"{d.span.line}:{d.span.column}" if d.span.line else "-"
    name = "/".join(p for p in (d.object.kind, d.object.namespace, d.object.name) if p)
    subject = d.path or name
    head = f"  {place:<{width_of_place}}  {paint(COLOURS[d.severity], f'{d.severity.value:<8}')} {printable(subject)}  {paint('2', d.rule)}"
    if several and d.kubernetes:
        head += paint("2", f"  [{', '.join(d.kubernetes)}]")
    return [head, *_quote(d, lines, paint)]


def render(report: Report, *, colour: bool = False, quiet: bool = False, verbose: bool = False) -> str:
    """The whole report as text.

    `colour` adds ANSI colours, `quiet` leaves the closing line out when there is nothing to report, `verbose`
    names everything that was skipped.
    """
    paint = Painter(colour)
    out: list[str] = []
    for file, group in groupby(report.diagnostics, key=lambda d: d.file):
        found = list(group)
        lines = report.lines(file)
        out.append(paint("1;4", printable(file or "(input)")))
        place = max(6, *(len(f"{d.span.line}:{d.span.column}") for d in found)) if found else 6
        for d in found:
            out += _entry(d, lines, paint, len(report.kubernetes) > 1, place)
        out.append("")
    if verbose:
        for k in report.skipped:
            out.append(paint("2", f"skipped {printable(k.file)}: {k.why}"))
    elif report.skipped and not quiet:
        n = len(report.skipped)
        out.append(paint("2", f"{n} {'document' if n == 1 else 'documents'} not checked (-v names them)"))
    out += [paint("33", f"note: {note}") for note in report.notes]
    if report.diagnostics or not quiet:
        s = report.summary
        line = totals(report)
        code = "1;31" if s.errors else "1;33" if s.warnings else "1;32"
        extra = ""
        fixable = sum(1 for d in report.diagnostics if d.fix)
        if fixable:
            extra += f" {fixable} fixable with `manifold fix`."
        if s.suppressed:
            extra += f" {s.suppressed} suppressed."
        out.append(paint(code, line + ".") + extra)
    return "\n".join(out) + "\n" if out else ""
