"""JUnit XML: one test suite a file, one test case a diagnostic; a file without findings is one passed case."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from manifold.model import Report, Severity

# What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets); it can stand in a name or a value.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def render(report: Report) -> str:
    files: dict[str, list[str]] = {}
    failures: dict[str, int] = {}
    for d in report.diagnostics:
        file = d.file or "(input)"
        where = f"{d.span.line}:{d.span.column} " if d.span.line else ""
        text = f"{d.path}: {d.message}" if d.path else d.message
        name = quoteattr(_clean(f"{where}{d.rule} {d.path}".rstrip()))
        case = f"    <testcase classname={quoteattr(_clean(file))} name={name}"
        if d.severity is Severity.INFO:
            case += f"><system-out>{escape(_clean(text))}</system-out></testcase>"
        else:
            failures[file] = failures.get(file, 0) + 1
            body = escape(_clean(d.help))
            case += f"><failure type={quoteattr(d.severity.value)} message={quoteattr(_clean(text))}>{body}</failure></testcase>"
        files.setdefault(file, []).append(case)
    total, failed = sum(map(len, files.values())), sum(failures.values())
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="manifold" tests="{total}" failures="{failed}">',
    ]
    for file, cases in files.items():
        head = f'tests="{len(cases)}" failures="{failures.get(file, 0)}"'
        out += [f"  <testsuite name={quoteattr(_clean(file))} {head}>", *cases, "  </testsuite>"]
    if not files:
        out.append('  <testsuite name="manifold" tests="1" failures="0"><testcase name="no findings"/></testsuite>')
    out.append("</testsuites>")
    return "\n".join(out) + "\n"
