"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""

from __future__ import annotations

import hashlib

from manifold.model import Report, Severity

LEVELS = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report) -> str:
    import orjson

    issues = []
    seen: dict[str, int] = {}
    for d in report.diagnostics:
        text = f"{d.path}: {d.message}" if d.path else d.message
        base = d.fingerprint or hashlib.sha256("\0".join((d.file, d.rule, text)).encode()).hexdigest()
        nth = seen[base] = seen.get(base, 0) + 1  # GitLab drops issues of equal fingerprint
        issues.append(
            {
                "description": text,
                "check_name": d.rule,
                "fingerprint": base if nth == 1 else f"{base}-{nth}",
                "severity": LEVELS[d.severity],
                "location": {"path": d.file, "lines": {"begin": max(1, d.span.line)}},
            }
        )
    return orjson.dumps(issues, option=orjson.OPT_INDENT_2).decode() + "\n"
