"""Which findings of a report `manifold fix` can mend: said in the report itself."""

from __future__ import annotations

from dataclasses import replace

from manifold.model import Diagnostic, Fix, Report, Source, Span

MENDABLE = frozenset(
    (
        "api/unknown-field", "api/type", "api/not-supported", "api/no-such-kind", "api/deprecated", "api/invalid",
        "api/warning", "yaml/metadata", "duplicate-key", "service-account-field-old", "selector-mismatch",
        "service-selects-nothing", "extensions-group", "beta-version-replaced",
    )
)  # fmt: skip
"""Rules some of whose findings have a safe repair; only files with one of these are read again."""
MOST = 50
"""Files that are read again at most: a mark is worth some time, but not any."""

LARGEST = 256 * 1024
"""Of more bytes no file is read again: repairs are looked for with a cost that grows faster than the text."""


def marked(report: Report) -> Report:
    """The report with a fix on each diagnostic that has a safe repair."""
    names = list(dict.fromkeys(d.file for d in report.diagnostics if d.file and d.rule in MENDABLE))[:MOST]
    if not names:
        return report
    from manifold import api
    from manifold.fix.engine import available

    texts = ((name, "\n".join(report.lines(name)).encode("utf-8", "surrogatepass")) for name in names)
    sources = [Source(name, text) for name, text in texts if len(text) <= LARGEST]
    version = report.kubernetes[-1] if report.kubernetes else None
    fixes = available(sources, lambda found: api.server(version, [d.body for d in found if api.is_crd(d.body)]))
    return (
        replace(report, diagnostics=tuple(report.hide(_with(d, fixes)) for d in report.diagnostics))
        if fixes
        else report
    )


def _with(d: Diagnostic, fixes: dict[tuple[str, Span, str], Fix]) -> Diagnostic:
    if d.fix is not None or d.rule not in MENDABLE:
        return d
    near = [(span, path, fix) for (file, span, path), fix in fixes.items() if file == d.file and span.line == d.line]
    # What the reader says of a text has no path: there the place tells.
    found = [fix for span, path, fix in near if (path == d.path if d.path else span == d.span)]
    if not found and not d.path:
        found = [fix for _, _, fix in near]
    return replace(d, fix=found[0]) if len(found) == 1 else d
