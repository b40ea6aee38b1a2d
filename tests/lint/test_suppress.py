"""Findings that are waved away: where, why, and what cannot be."""

from __future__ import annotations

from pathlib import Path

from manifold.inputs import Request
from manifold.run import report

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


def test_comment_above_speaks_of_the_block_below_it(tmp_path: Path) -> None:
    """A container, for instance, and nothing behind it."""
    text = POD.format(comment="", annotations="").replace(
        "    - name: web\n", "    # manifold: ignore[image-latest] why\n    - name: web\n"
    )
    (tmp_path / "a.yaml").write_text(text + "    - {name: b, image: 'b:latest'}\n")
    made, _ = report(Request([tmp_path], select=["image-latest"]))

    assert [(d.rule, d.span.line) for d in made.diagnostics] == [("image-latest", 12)]
    assert made.summary.suppressed == 1


def test_each_rule_of_a_comment_must_be_of_use(tmp_path: Path) -> None:
    """Those that are not are named; those that nobody looked for are not."""
    comment = "  # manifold: ignore[image-latest, host-network, image-lates] why"
    (tmp_path / "a.yaml").write_text(POD.format(comment=comment, annotations=""))

    assert [d.message for d in report(Request([tmp_path]))[0].diagnostics] == [
        "nothing here raises host-network",
        "there is no rule image-lates",
    ]
    assert [d.message for d in report(Request([tmp_path], select=["image-latest"]))[0].diagnostics] == [
        "there is no rule image-lates"
    ]


def test_rules_may_be_named_as_peers_name_them(tmp_path: Path) -> None:
    """In comments too; and their annotations for all of their checks count."""
    assert found(tmp_path, "  # manifold: ignore[kube-linter:latest-tag] why") == ([], 1)
    for annotation in ("kube-linter.io/ignore-all: why", "polaris.fairwinds.com/exempt: 'true'"):
        assert found(tmp_path, annotations=f"\n  annotations:\n    {annotation}") == ([], 1)


def test_annotation_of_no_use_is_reported(tmp_path: Path) -> None:
    """Ours alone: those of peers may be for their tools."""
    rules, _ = found(tmp_path, annotations="\n  annotations:\n    manifold-k8s.dev/ignore: 'host-network: why'")
    other, _ = found(tmp_path, annotations="\n  annotations:\n    kube-score/ignore: container-security-context")

    assert rules == ["unused-suppression", "image-latest"]
    assert other == ["image-latest"]
