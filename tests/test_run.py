"""A run over files: what its options do to what is found."""

from __future__ import annotations

from pathlib import Path

from manifold.run import Request, report

TEXT = """apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: web:1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: other, labels: {app: other}, namespace: shop}
spec: {containers: [{name: web, image: web:1}]}
"""


def test_namespace_of_objects_that_name_none(tmp_path: Path) -> None:
    """As kubectl -n fills it in: references and selectors see it, and reports say it."""
    (tmp_path / "a.yaml").write_text(TEXT)
    rule = ["service-selects-nothing"]

    assert not report(Request([tmp_path], select=rule))[0].diagnostics
    assert not report(Request([tmp_path], select=rule, namespace="shop"))[0].diagnostics
    assert [d.rule for d in report(Request([tmp_path], select=rule, namespace="test"))[0].diagnostics] == rule
    (found, *_) = report(Request([tmp_path], select=["memory-limit-missing"], namespace="shop"))[0].diagnostics
    assert found.object.namespace == "shop"


def test_skipped_kinds_are_not_looked_at_and_said(tmp_path: Path) -> None:
    """By kind or by group, version and kind, whatever the case."""
    (tmp_path / "a.yaml").write_text(TEXT)

    for name in ("Pod", "pod", "v1/Pod"):
        made, _ = report(Request([tmp_path], skip_kind=[name]))
        assert made.summary.objects == 2
        assert [s.why for s in made.skipped] == ["--skip-kind Pod"] * 2
