"""Values of Secrets stay out of every report."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold import run
from manifold.inputs import Request
from manifold.report import text

TEXT = """\
apiVersion: v1
kind: Secret
metadata: {name: a}
stringData: {pin: 471147, fine: hunter2, cert: "one\\ntwo"}
data:
  multi: |
    first line
    second line
  words: not base64
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {pin: 8128}
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    (tmp_path / "a.yaml").write_text(TEXT)
    report, _ = run.report(Request([tmp_path], lint=False))
    return text.render(report) + "".join(f"{d.message} {d.help}\n" for d in report.diagnostics)


@pytest.mark.parametrize("value", ["471147", "hunter2", "one", "first line", "second line", "not base64"])
def test_no_value_is_quoted_or_told(page: str, value: str) -> None:
    """Neither the one that is wrong nor those that stand beside it."""
    assert value not in page


def test_places_stay(page: str) -> None:
    """What is masked is as wide as it was, so that carets point where they pointed; the cure is still told."""
    assert "stringData: {pin: ******, fine: *******, cert: **********}" in page
    assert "must be a text, not the number ***" in page
    assert 'quote it: "***"' in page


def test_other_kinds_are_quoted(page: str) -> None:
    """A ConfigMap holds no secrets."""
    assert "data: {pin: 8128}" in page
