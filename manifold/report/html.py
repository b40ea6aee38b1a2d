"""One HTML page without scripts, fonts or links to elsewhere: to keep, to mail, to open offline."""

from __future__ import annotations

from html import escape
from itertools import groupby

from manifold.model import Diagnostic, Report, Severity
from manifold.report._places import mended, places
from manifold.report.markdown import totals

RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
STYLE = """
:root { color-scheme: light dark; --line: #8884; --error: #c62828; --warning: #a15c00; --info: #1565c0 }
@media (prefers-color-scheme: dark) { :root { --error: #ff8a80; --warning: #ffc46b; --info: #82b7ff } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin-top: 2rem; overflow-wrap: anywhere }
article { border-left: 4px solid var(--line); padding: .2rem 0 .2rem .8rem; margin: .8rem 0 }
article.error { border-color: var(--error) } article.warning { border-color: var(--warning) } article.info { border-color: var(--info) }
.level { font-weight: 600 } .error .level { color: var(--error) } .warning .level { color: var(--warning) } .info .level { color: var(--info) }
code, pre { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: #8881; padding: .5rem .8rem; overflow-x: auto; border-radius: 4px; margin: .4rem 0 }
.help { opacity: .85 } .rule { float: right; opacity: .75 } mark { background: none; color: inherit; text-decoration: wavy underline var(--error) }
"""


def _quote(d: Diagnostic, lines: list[str]) -> str:
    if not 0 < d.span.line <= len(lines):
        return ""
    text = lines[d.span.line - 1][:400]
    start = min(max(0, d.span.column - 1), len(text))
    end = min(d.span.end_column - 1, len(text)) if d.span.end_line == d.span.line else len(text)
    end = max(start, end)
    marked = f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"
    return f"<pre>{d.span.line:>5} │ {marked}</pre>"


def _words(text: str) -> str:
    """Text with what stands in backticks as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _article(same: list[Diagnostic], lines: list[str]) -> str:
    d = min(same, key=lambda one: RANK[one.severity])
    name = "/".join(p for p in (d.object.kind, d.object.namespace, d.object.name) if p)
    where = f"{d.span.line}:{d.span.column} " if d.span.line else ""
    out = [
        f'<article class="{d.severity.value}">',
        f"<div>{where}<code>{escape(d.path)}</code> {escape(name)}</div>",
        _quote(d, lines),
    ]
    for one in same:
        out.append(
            f'<div class="{one.severity.value}"><code class="rule">{escape(one.rule)}</code>'
            f'<span class="level">{one.severity.value}</span> {_words(one.message)}'
        )
        if one.help or one.fix:
            out.append(f'<div class="help">{_words(f"{one.help} {mended(one)}".strip())}</div>')
        out.append("</div>")
    return "".join(out) + "</article>"


def render(report: Report) -> str:
    out = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>manifold report</title>',
        f"<style>{STYLE}</style></head><body><h1>manifold</h1><p>{escape(totals(report))}</p>",
    ]
    for file, group in groupby(report.diagnostics, key=lambda d: d.file):
        lines = report.quoted(file)
        out.append(f"<h2>{escape(file or 'input')}</h2>")
        out += [_article(same, lines) for same in places(group)]
    if report.skipped:
        out.append(f"<details><summary>{len(report.skipped)} not checked</summary><ul>")
        out += [f"<li><code>{escape(k.file)}</code>: {escape(k.why)}</li>" for k in report.skipped]
        out.append("</ul></details>")
    out += [f"<p>{escape(note)}</p>" for note in report.notes]
    return "\n".join(part for part in out if part) + "\n</body></html>\n"
