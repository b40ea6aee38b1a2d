"""Every format over one small report."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree
from collections.abc import Callable

import jsonschema
import pytest
from manifold import assets
from manifold.errors import UsageError
from manifold.model import Diagnostic, ObjectId, Origin, Page, Report, Severity, Skip, Span, Summary
from manifold.report import formats, renderer, text

TEXT = """apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  ports:
    - port: 70000
"""
WEB = ObjectId("v1", "Service", "shop", "web")
REPORT = Report(
    diagnostics=(
        Diagnostic(
            Origin.APISERVER, "api/invalid", Severity.ERROR, "70000: must be 1 to 65535", "FieldValueInvalid", "spec.ports[0].port",
            "deploy/web.yaml", Span(6, 13, 6, 18), 0, WEB, ("1.37",), fingerprint="f1",
        ),
        Diagnostic(
            Origin.LINT, "service-without-selector", Severity.WARNING, "selects nothing | <b>", "", "spec", "deploy/web.yaml",
            Span(4, 1, 4, 5), 0, WEB, ("1.37",), "give it a selector", fingerprint="f2",
        ),
        Diagnostic(Origin.REFERENCE, "reference/config-map", Severity.INFO, "there is no ConfigMap `a`", file="a,b:c%.yaml"),
    ),
    skipped=(Skip("chart/templates/a.yaml", 0, "a Helm template is checked only as rendered"),),
    summary=Summary(2, 2, 2, 1, 1, 1, 1, 0),
    kubernetes=("1.37",),
    manifold="0.0.0",
    quoted=lambda file: TEXT.split("\n") if file == "deploy/web.yaml" else [],
)  # fmt: skip
EMPTY = Report((), (), Summary(files=1, documents=1, objects=1), ("1.37",), "0.0.0")


@pytest.mark.parametrize("name", formats())
def test_format_over_small_report(name: str, golden: Callable[[str, str], None]) -> None:
    """A format's output changes only on purpose."""
    golden(f"report.{name}", renderer(name)(REPORT))


@pytest.mark.parametrize("name", formats())
def test_format_without_findings(name: str) -> None:
    """A report without findings is drawn as well."""
    assert isinstance(renderer(name)(EMPTY), str)


def test_json_report_keeps_to_its_schema() -> None:
    """What is published in schemas/manifold/report.json is what is printed."""
    schema = json.loads((assets.root("schemas") / "manifold" / "report.json").read_bytes())

    jsonschema.Draft202012Validator(schema).validate(json.loads(renderer("json")(REPORT)))


def test_junit_is_xml_and_counts_failures() -> None:
    """Info is no failure."""
    root = xml.etree.ElementTree.fromstring(renderer("junit")(REPORT))

    assert (root.get("tests"), root.get("failures")) == ("3", "2")


def test_sarif_is_what_code_scanning_takes() -> None:
    """Each result names a rule that is described, a file relative to the repository and a line from 1, and a fingerprint."""
    report = dataclasses.replace(REPORT, about=lambda rule: Page(f"about {rule}", "because", "mend it"))
    log = json.loads(renderer("sarif")(report))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert log["version"] == "2.1.0"
    assert all(r["shortDescription"]["text"] == f"about {r['id']}" and r["help"]["text"] for r in rules)
    for result, d in zip(run["results"], REPORT.diagnostics, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == d.rule
        assert result["message"]["text"]
        assert place["region"]["startLine"] >= 1
        assert not place["artifactLocation"]["uri"].startswith(("/", "file:"))
        assert ("partialFingerprints" in result) is bool(d.fingerprint)


def test_gitlab_and_rdjson_hold_what_their_readers_need() -> None:
    """The required members of GitLab's code quality format, and of reviewdog's."""
    issues = json.loads(renderer("gitlab")(REPORT))
    found = json.loads(renderer("rdjson")(REPORT))["diagnostics"]

    assert len({i["fingerprint"] for i in issues}) == len(issues) == 3
    assert all(i["severity"] in ("info", "minor", "major", "critical", "blocker") for i in issues)
    assert all(i["description"] and i["check_name"] and i["location"]["lines"]["begin"] >= 1 for i in issues)
    assert [f["location"]["path"] for f in found] == [d.file for d in REPORT.diagnostics]
    assert found[0]["location"]["range"] == {"start": {"line": 6, "column": 13}, "end": {"line": 6, "column": 18}}
    assert {f["severity"] for f in found} == {"ERROR", "WARNING", "INFO"}


def test_html_quotes_a_place_once_and_runs_nothing() -> None:
    """No script, nothing from elsewhere, and a manifest's text stays text."""
    first, second, _ = REPORT.diagnostics
    page = renderer("html")(
        dataclasses.replace(REPORT, diagnostics=(first, dataclasses.replace(second, span=first.span, path=first.path)))
    )

    assert page.count("<pre>") == 1
    assert "selects nothing | &lt;b&gt;" in page
    assert "<script" not in page
    assert "http" not in page


def test_unknown_format_is_named_with_those_there_are() -> None:
    """The message lists the formats."""
    with pytest.raises(UsageError, match="sarif"):
        renderer("xml")


def test_text_without_findings_is_silent_when_quiet() -> None:
    """Quiet when all is well."""
    assert text.render(EMPTY, quiet=True) == ""


def test_text_keeps_control_characters_from_the_terminal() -> None:
    """A manifest cannot move the cursor or set the window's title."""
    assert "\x1b" not in text.render(
        Report((Diagnostic(Origin.LINT, "x", Severity.ERROR, "a\x1b]0;evil\x07b"),), (), Summary(), ("1.37",), "0")
    )


def test_colour_is_only_added() -> None:
    """Without its colours the coloured text is the plain one."""
    import re

    assert text.render(REPORT) == re.sub(r"\x1b\[[0-9;]*m", "", text.render(REPORT, colour=True))


def test_findings_at_one_place_share_its_line() -> None:
    """The source is quoted once, and each finding keeps its rule and its cure."""
    first, second, _ = REPORT.diagnostics
    report = dataclasses.replace(
        REPORT, diagnostics=(first, dataclasses.replace(second, span=first.span, path=first.path))
    )
    lines = text.render(report).splitlines()

    assert sum("port: 70000" in line for line in lines) == 1
    assert [line.split()[1:3] for line in lines if "├" in line] == [["error:", "70000:"], ["warning:", "selects"]]
    assert sum("help:" in line for line in lines) == 1


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_lines_fit_the_terminal(columns: int) -> None:
    """Whatever is long goes on in the next line, with nothing lost."""
    path = "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key"
    long = dataclasses.replace(REPORT.diagnostics[0], path=path, message="a word " * 40, help="do this " * 30)
    report = dataclasses.replace(REPORT, diagnostics=(long,), lines=lambda _: ["", "", "", "", "", f"  {'x' * 300}: 1"])
    drawn = text.render(report, columns=columns)

    assert max(len(line) for line in drawn.splitlines()[:-1]) <= columns
    assert (drawn.count("word"), drawn.count("this")) == (40, 30)
    assert "".join(drawn.split()).count(path) == 1


def test_what_the_summary_adds_goes_to_a_line_of_its_own_where_it_does_not_fit() -> None:
    """Terminals break lines amid words; files and pipes get one line."""
    report = dataclasses.replace(REPORT, summary=dataclasses.replace(REPORT.summary, suppressed=123456789))
    narrow, wide = (text.render(report, columns=columns).splitlines() for columns in (80, 0))

    assert narrow[-2:] == [
        "1 error, 1 warning, 1 info in 2 objects of 2 files, Kubernetes 1.37.",
        "123456789 suppressed.",
    ]
    assert wide[-1].endswith("Kubernetes 1.37. 123456789 suppressed.")
