"""One diagnostic a line, in the JSON report's shape: for streams, `jq` and grep."""

from __future__ import annotations

from manifold.model import Report
from manifold.report.json import diagnostic


def render(report: Report) -> str:
    import orjson

    return "".join(orjson.dumps(diagnostic(d)).decode() + "\n" for d in report.diagnostics)
