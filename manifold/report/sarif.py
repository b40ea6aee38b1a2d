"""SARIF 2.1.0 for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from manifold.model import Diagnostic, Page, Report, Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _uri(file: str) -> str:
    return quote(file.replace("\\", "/"), safe="/-._~")


def _sentence(text: str) -> str:
    """With a full stop, and a capital where it begins with a word; code stays as it is."""
    first = text.partition(" ")[0]
    text = text[:1].upper() + text[1:] if first.isalpha() else text
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _result(d: Diagnostic, index: dict[str, int]) -> dict[str, Any]:
    text = f"{d.path}: {d.message}" if d.path else d.message
    if d.help:
        text = f"{text if text.endswith(('.', '!', '?')) else text + '.'} {_sentence(d.help)}"
    result: dict[str, Any] = {
        "ruleId": d.rule,
        "ruleIndex": index[d.rule],
        "level": LEVELS[d.severity],
        "message": {"text": text},
        "properties": {"origin": d.origin.value, "kubernetes": list(d.kubernetes)},
    }
    if d.file:
        # GitHub wants a line: what is said of a whole file stands at its first.
        region = {"startLine": max(1, d.span.line), "startColumn": max(1, d.span.column)}
        if d.span.line and (d.span.end_line, d.span.end_column) > (d.span.line, d.span.column):
            region |= {"endLine": d.span.end_line, "endColumn": d.span.end_column}
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(d.file)}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
        if d.object.kind:
            o = d.object
            name = "/".join(p for p in (o.kind, o.namespace, o.name) if p)
            result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    if d.fingerprint:
        result["partialFingerprints"] = {"manifold/v1": d.fingerprint}
    return result


def _rule(rule: str, level: str, page: Page) -> dict[str, Any]:
    out: dict[str, Any] = {"id": rule, "name": rule, "defaultConfiguration": {"level": level}}
    if page.summary:
        out["shortDescription"] = {"text": page.summary}
        out["fullDescription"] = {"text": page.why or page.summary}
        out["help"] = {"text": f"{page.fix or page.summary}\nmanifold explain {rule}"}
    return out


def render(report: Report) -> str:
    import orjson

    levels = {d.rule: LEVELS[d.severity] for d in reversed(report.diagnostics)}
    ids = sorted({d.rule for d in report.diagnostics})
    index = {rule: i for i, rule in enumerate(ids)}
    run = {
        "tool": {
            "driver": {
                "name": "manifold",
                "semanticVersion": report.manifold,
                "rules": [_rule(rule, levels[rule], report.about(rule)) for rule in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, index) for d in report.diagnostics],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2).decode() + "\n"
