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


def test_annotation_without_a_reason_is_reported(tmp_path: Path) -> None:
    """As a comment without one is."""
    rules, count = found(tmp_path, annotations="\n  annotations:\n    manifold-k8s.dev/ignore: image-latest")

    assert (rules, count) == (["suppression-without-reason"], 1)


def test_reasons_may_hold_commas_and_colons_and_rules_the_names_of_peers(tmp_path: Path) -> None:
    """`rule, rule: reason; rule: reason`."""
    for value in (
        "image-latest: mirrored nightly, and pinned: see wiki",
        "kube-linter:latest-tag: why",
        "image-latest, kube-score:container-image-tag: why",
    ):
        rules, count = found(tmp_path, annotations=f"\n  annotations:\n    manifold-k8s.dev/ignore: '{value}'")
        assert ([r for r in rules if r != "unused-suppression"], count) == ([], 1)


def test_annotations_of_kube_score_count_on_the_pod_template(tmp_path: Path) -> None:
    """As kube-score reads them there; those of others do not."""
    text = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{{annotation}}}}}
    spec:
      containers: [{{name: web, image: 'web:latest'}}]
"""
    counts = []
    for annotation in ("kube-score/ignore: container-image-tag", "ignore-check.kube-linter.io/latest-tag: why"):
        (tmp_path / "a.yaml").write_text(text.format(annotation=annotation))
        counts.append(report(Request([tmp_path], select=["image-latest"]))[0].summary.suppressed)

    assert counts == [1, 0]


def test_annotation_speaks_of_its_own_object(tmp_path: Path) -> None:
    """Not of one of the same name in another namespace, or in another document."""
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {0}{1}}}\n"
        "spec: {{containers: [{{name: web, image: 'web:latest'}}]}}\n"
    )
    annotated = pod.format("a", ", annotations: {manifold-k8s.dev/ignore: 'image-latest: why'}")
    text = f"{annotated}---\n{pod.format('b', '')}---\n{pod.format('c', '').replace('web:latest', 'web:1')}"
    (tmp_path / "a.yaml").write_text(text)
    made = report(Request([tmp_path], select=["image-latest"]))[0]

    assert [(d.object.namespace, d.rule) for d in made.diagnostics] == [("b", "image-latest")]


def test_texts_hold_no_comments(tmp_path: Path) -> None:
    """A script in a block scalar and a quoted text are values; a comment behind the sign of a block is one."""
    text = """apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {a: "b # manifold: ignore[image-latest] why"}}
spec:
  containers:
  - name: web
    image: >-  # manifold: ignore[image-latest] why
      web:latest
    args:
    - |
      # manifold: ignore[host-network] why
      run
"""
    (tmp_path / "a.yaml").write_text(text)
    made = report(Request([tmp_path], select=["image-latest", "host-network"]))[0]

    assert (made.diagnostics, made.summary.suppressed) == ((), 1)


def test_comment_that_is_not_read_is_reported(tmp_path: Path) -> None:
    """Whoever wrote it takes it for a suppression."""
    for comment in ("# manifold: ignore image-latest why", "# manifold ignore[image-latest] why"):
        rules, count = found(tmp_path, f"  {comment}")
        assert (rules, count) == (["image-latest", "unused-suppression"], 0)


def test_a_pack_stands_for_its_rules(tmp_path: Path) -> None:
    """As it does in settings; unless one of them was not looked for, it is said to be of no use."""
    assert found(tmp_path, "  # manifold: ignore[images] mirrored nightly") == ([], 1)
    assert found(tmp_path, annotations="\n  annotations: {manifold-k8s.dev/ignore: 'images: mirrored'}") == ([], 1)
    (tmp_path / "a.yaml").write_text(POD.format(comment="  # manifold: ignore[rbac] none", annotations=""))
    made, _ = report(Request([tmp_path], profile="all", select=["images"]))
    assert "unused-suppression" not in [d.rule for d in made.diagnostics]
    made, _ = report(Request([tmp_path], profile="all", select=["rbac"]))
    assert [d.message for d in made.diagnostics if d.rule == "unused-suppression"] == ["nothing here raises rbac"]


def test_all_names_of_a_rule_are_of_use(tmp_path: Path) -> None:
    """None is chosen by the order of a set, which is another in each run."""
    assert found(tmp_path, "  # manifold: ignore[images, image-latest, kube-linter:latest-tag] mirrored") == ([], 1)


def test_comment_above_an_empty_line_speaks_of_the_next_that_is_none(tmp_path: Path) -> None:
    """And not of all that is indented at all."""
    comment = "  # manifold: ignore[image-latest] mirrored nightly\n\n"
    text = POD.format(comment="", annotations="")
    for before, left in (
        ("  containers:\n", []),
        ("  restartPolicy: Always\n", ["image-latest", "unused-suppression"]),
    ):
        shown = text.replace("  containers:\n", f"{comment}{before}" + ("  containers:\n" if left else ""))
        (tmp_path / "a.yaml").write_text(shown)
        made, _ = report(Request([tmp_path]))
        assert sorted(d.rule for d in made.diagnostics) == left


def test_annotation_of_an_item_is_not_for_its_namesakes(tmp_path: Path) -> None:
    """Items of a List may have the same kind and name, in two namespaces or with none."""
    items = [
        f"apiVersion: v1\n  kind: Pod\n  metadata: {{{meta}}}\n  spec: {{containers: [{{name: web, image: 'web:latest'}}]}}\n"
        for meta in (
            "name: web",
            "name: web, annotations: {manifold-k8s.dev/ignore: 'image-latest: mirrored'}",
            "name: web, namespace: x",
        )
    ]
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {i}" for i in items))
    made, _ = report(Request([tmp_path], select=["image-latest"]))

    assert ([d.span.line for d in made.diagnostics], made.summary.suppressed) == ([7, 15], 1)
