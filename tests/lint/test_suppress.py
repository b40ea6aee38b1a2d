"""Findings that are waved away: where, why, and what cannot be."""

from __future__ import annotations

from pathlib import Path

from manifold.run import Request, report

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web{annotations}
spec:
  containers:
    - name: web
      image: web:latest{comment}
      resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}
      securityContext: {{runAsNonRoot: true}}
"""


def found(tmp_path: Path, comment: str = "", annotations: str = "") -> tuple[list[str], int]:
    (tmp_path / "a.yaml").write_text(POD.format(comment=comment, annotations=annotations))
    made, _ = report(Request([tmp_path]))
    return [d.rule for d in made.diagnostics], made.summary.suppressed


def test_comment_on_the_line_waves_its_rule_away(tmp_path: Path) -> None:
    """And it is counted."""
    assert found(tmp_path) == (["image-latest"], 0)
    assert found(tmp_path, "  # manifold: ignore[image-latest] mirrored nightly") == ([], 1)


def test_comment_of_no_use_is_reported(tmp_path: Path) -> None:
    """As well as one without a reason."""
    assert found(tmp_path, "  # manifold: ignore[host-network] old") == (["image-latest", "unused-suppression"], 0)
    assert found(tmp_path, "  # manifold: ignore[image-latest]") == (["suppression-without-reason"], 1)


def test_annotations_of_peers_are_honoured(tmp_path: Path) -> None:
    """For our rules that stand for their checks."""
    for annotation in (
        "ignore-check.kube-linter.io/latest-tag: why",
        "kube-score/ignore: container-image-tag",
        "manifold-k8s.dev/ignore: 'image-latest: why'",
    ):
        assert found(tmp_path, annotations=f"\n  annotations:\n    {annotation}") == ([], 1)


def test_what_the_server_refuses_cannot_be_waved_away(tmp_path: Path) -> None:
    """It would be refused all the same."""
    rules, _ = found(tmp_path, "\n      imagePull: x  # manifold: ignore[api/unknown-field] no")

    assert "api/unknown-field" in rules
