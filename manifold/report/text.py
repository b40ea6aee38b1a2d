"""The report for people: grouped by file, the source line with a caret, the cure below.

Colours are written by hand: importing rich costs 50 ms, a third of the time that one file may take.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from manifold.model import Diagnostic, Report, Severity
from manifold.report._places import mended, places
from manifold.report.markdown import totals

RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
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


GUTTER = " " * 12
FEW = 5  # so many reasons for having looked at nothing are told without being asked
LEAST = 40  # columns that text gets, however narrow the terminal


class _Page:
    """Lays out entries for a terminal of so many columns; 0 is as wide as it takes, for pipes and files."""

    def __init__(self, paint: Painter, columns: int, asked: Sequence[str]) -> None:
        self.paint, self.columns, self.asked = paint, columns, asked

    def wrapped(self, text: str, indent: int) -> list[str]:
        """`text` in lines that fit behind `indent` columns."""
        if not self.columns or indent + width(text) <= self.columns:
            return [text]
        import textwrap

        return textwrap.wrap(text, max(LEAST, self.columns - indent), break_long_words=False, break_on_hyphens=False)

    def lines(self, mark: str, text: str, colour: str = "", tail: str = "") -> list[str]:
        """Text behind a mark in the gutter, which goes on where it is wrapped; `tail` is said in a low voice after it."""
        parts = self.wrapped(printable(text), len(GUTTER) + 2) or [""]
        out = [self.paint(colour, part) for part in parts]
        if tail:
            if self.columns and len(GUTTER) + 4 + width(parts[-1]) + width(tail) > self.columns:
                out.append(self.paint("2", tail))
            else:
                out[-1] += f"  {self.paint('2', tail)}"
        marks = (mark, *"│" * len(out))
        return [f"{GUTTER}{self.paint('2', m)} {part}" for m, part in zip(marks, out, strict=False)]

    def versions(self, d: Diagnostic) -> str:
        """The releases in which a finding holds, where it does not hold in all that were asked for."""
        some = d.kubernetes and len(d.kubernetes) < len(self.asked)
        return f"  [{', '.join(d.kubernetes)}]" if some else ""

    def head(self, d: Diagnostic, place: int, rule: str) -> list[str]:
        """Place, severity, path and rule of an entry."""
        where = f"{d.span.line}:{d.span.column}" if d.span.line else "-"
        name = "/".join(p for p in (d.object.kind, d.object.namespace, d.object.name) if p)
        subject = printable(d.path or name)
        versions = self.versions(d)
        start = f"  {where:<{place}}  "
        indent = len(start) + 9
        more: list[str] = []
        while self.columns and indent + width(subject) > self.columns and "." in subject[1:]:
            cut = subject.rfind(".", 1, max(LEAST, self.columns - indent))
            cut = cut if cut > 0 else subject.index(".", 1)
            more.append(subject[:cut])
            subject = subject[cut:]
        head = f"{start}{self.paint(COLOURS[d.severity], f'{d.severity.value:<8}')} "
        *above, head = (f"{head if not i else ' ' * indent}{part}" for i, part in enumerate((*more, subject)))
        tail = f"{rule}{versions}".strip()
        if not tail or not subject:
            return [*above, head + self.paint("2", tail)]
        if self.columns and indent + 2 + width(subject) + width(tail) > self.columns:
            return [*above, head, f"{' ' * indent}{self.paint('2', tail)}"]
        return [*above, f"{head}  {self.paint('2', tail)}"]

    def quote(self, d: Diagnostic, lines: list[str], message: str) -> list[str]:
        """The source line, and the message at a caret below it; the message alone where there is no text."""
        message = printable(message)
        if not 0 < d.span.line <= len(lines):
            return self.lines("│", message) if message else []
        raw = lines[d.span.line - 1]
        widest = min(WIDEST, max(LEAST, self.columns - len(GUTTER) - 2)) if self.columns else WIDEST
        start = max(0, min(d.span.column - 1, len(raw)))
        end = min(d.span.end_column - 1, len(raw)) if d.span.end_line == d.span.line else len(raw.rstrip())
        cut = max(0, start - widest // 2) if width(printable(raw.rstrip())) > widest else 0
        shown = printable(raw[cut : cut + widest])
        before = width(printable(raw[cut:start]))
        under = max(1, width(printable(raw[start : min(end, cut + widest)])))
        caret = f"{GUTTER}{self.paint('2', '│')} {' ' * before}{self.paint(COLOURS[d.severity], '^' * under)}"
        number = f"{d.span.line:>{len(GUTTER) - 1}}"
        out = [f"{self.paint('2', f'{number} │')} {shown.rstrip()}"]
        if not message:
            return [*out, caret]
        if not self.columns or len(GUTTER) + 3 + before + under + width(message) <= self.columns:
            return [*out, f"{caret} {message}"]
        return [*out, caret, *self.lines("│", message)]

    def cure(self, d: Diagnostic) -> list[str]:
        """How to mend it, and whether `manifold fix` does."""
        text = d.help or (d.fix.description if d.fix else "")
        return self.lines("=", f"help: {text} {mended(d)}".rstrip(), "36") if text else []

    def entry(self, same: list[Diagnostic], lines: list[str], place: int) -> list[str]:
        """What is said of one place: one finding, or several below one quotation."""
        first = same[0]
        if len(same) == 1:
            return [
                *self.head(first, place, first.rule),
                *self.quote(first, lines, first.message),
                *self.cure(first),
            ]
        worst = min(same, key=lambda d: RANK[d.severity])
        out = [*self.head(replace(worst, kubernetes=()), place, ""), *self.quote(worst, lines, "")]
        mixed = len({d.severity for d in same}) > 1
        for d in same:
            versions = self.versions(d)
            word = f"{d.severity.value}: " if mixed else ""
            out += self.lines("├", f"{word}{d.message}", tail=f"{d.rule}{versions}")
            out += self.cure(d)
        return out


def render(
    report: Report, *, colour: bool = False, quiet: bool = False, verbose: bool = False, columns: int = 0
) -> str:
    """The whole report as text.

    `colour` adds ANSI colours, `quiet` leaves the closing line out when there is nothing to report, `verbose`
    names everything that was skipped; `columns` is the width of the terminal, 0 where lines may be of any length.
    """
    paint = Painter(colour)
    page = _Page(paint, columns, report.kubernetes)
    out: list[str] = []
    for file, group in groupby(report.diagnostics, key=lambda d: d.file):
        found = list(group)
        lines = report.quoted(file)
        out.append(paint("1;4", printable(file or "(input)")))
        place = max(6, *(len(f"{d.span.line}:{d.span.column}") for d in found)) if found else 6
        for same in places(found):
            out += page.entry(same, lines, place)
        out.append("")
    nothing = not report.diagnostics and not report.summary.objects and len(report.skipped) <= FEW
    if verbose or (nothing and not quiet):  # a folder without manifests is not simply well
        for k in report.skipped:
            out.append(paint("2", f"skipped {printable(k.file)}: {k.why}"))
    elif report.skipped and not quiet:
        n = len(report.skipped)
        out.append(
            paint("2", f"{n} {'file or document' if n == 1 else 'files or documents'} not checked (-v says why)")
        )
    out += [paint("33", f"note: {note}") for note in report.notes]
    if report.diagnostics or not quiet:
        s = report.summary
        line = totals(report)
        code = "1;31" if s.errors else "1;33" if s.warnings else "1;32"
        extra = ""
        safe = sum(1 for d in report.diagnostics if d.fix and d.fix.safe)
        unsafe = sum(1 for d in report.diagnostics if d.fix and not d.fix.safe)
        if safe or unsafe:
            words = [f"{safe} fixable"] * bool(safe) + [f"{unsafe} {'more ' * bool(safe)}fixable with --unsafe"] * bool(
                unsafe
            )
            extra += f" {', '.join(words)}."
        if s.suppressed:
            extra += f" {s.suppressed} suppressed."
        apart = bool(columns) and width(f"{line}.{extra}") > columns
        said = "\n".join(page.wrapped(line + ".", 0))
        out.append(paint(code, said) + ("\n" + extra.strip() if apart else extra))
    return "\n".join(out) + "\n" if out else ""
