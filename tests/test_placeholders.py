"""`${NAME}`: said once, and nothing that is not known yet is blamed."""

from __future__ import annotations

from pathlib import Path

from manifold.inputs import Request
from manifold.run import exit_code, report

TEXT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${APP}-web
spec:
  replicas: ${REPLICAS:=3}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{containerPort: "${PORT}"}]
          imagePullPolicy: %s
"""


def test_placeholders_are_noted_once_a_file(tmp_path: Path) -> None:
    """And what is wrong beside them still is."""
    (tmp_path / "a.yaml").write_text(TEXT % "Sometimes")
    made, incomplete = report(Request([tmp_path], lint=False))
    note, error = made.diagnostics

    assert (note.rule, note.span.line) == ("placeholder", 4)
    assert note.message.startswith("3 values hold ${APP}, ${REPLICAS}, ${PORT}, to be filled in later")
    assert (error.rule, exit_code(made, incomplete)) == ("api/not-supported", 1)


def test_placeholders_alone_are_no_failure(tmp_path: Path) -> None:
    """Exit 0."""
    (tmp_path / "a.yaml").write_text(TEXT % "Always")
    made, incomplete = report(Request([tmp_path], lint=False))

    assert [d.rule for d in made.diagnostics] == ["placeholder"]
    assert exit_code(made, incomplete) == 0


def test_scripts_with_variables_are_no_placeholders(tmp_path: Path) -> None:
    """A shell script in a ConfigMap says nothing of manifests."""
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {run: 'echo ${HOME}'}\n"
    )

    assert not report(Request([tmp_path], lint=False))[0].diagnostics
