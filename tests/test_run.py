"""A run over files: what its options do to what is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold.inputs import Request, load
from manifold.run import examine, exit_code, report

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


def test_metadata_that_is_a_list_does_not_end_the_run(tmp_path: Path) -> None:
    """It is said of its object, and findings have their fingerprints."""
    file = tmp_path / "z.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  - name: x\n")
    found, incomplete = report(Request([tmp_path]))

    assert "api/type" in {d.rule for d in found.diagnostics}
    assert all(d.fingerprint for d in found.diagnostics)
    assert not incomplete


def test_a_rule_that_fails_leaves_the_run_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of an internal error, and the report is there."""
    from manifold.lint.checks import port_names

    def broken(*_: object) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(port_names, "check", broken)
    (tmp_path / "a.yaml").write_text(TEXT)
    found, incomplete = report(Request([tmp_path], select=["port-impossible", "memory-limit-missing"]))

    assert {"internal-error", "memory-limit-missing"} <= {d.rule for d in found.diagnostics}
    assert exit_code(found, incomplete) == 3


def test_skipped_kinds_are_not_looked_at_and_said(tmp_path: Path) -> None:
    """By kind or by group, version and kind, whatever the case."""
    (tmp_path / "a.yaml").write_text(TEXT)

    for name in ("Pod", "pod", "v1/Pod"):
        made, _ = report(Request([tmp_path], skip_kind=[name]))
        assert made.summary.objects == 2
        assert [s.why for s in made.skipped] == ["--skip-kind Pod"] * 2


def bundle(folder: Path, copies: int) -> Path:
    """A folder with more text than the exact path is used for, some of it misshapen, refused or in a List."""
    for i in range(copies):
        text = TEXT.replace("name: web", f"name: web-{i}").replace("app: web", f"app: web-{i}")
        (folder / f"a{i}.yaml").write_text(text + ("\xe9: 1\n" if i % 7 == 3 else ""))
    (folder / "list.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: [], spec: {containers: 3}}\n"
        "- {apiVersion: v1, kind: Service, metadata: {name: UPPER}, spec: {ports: []}}\n"
    )
    return folder


def test_processes_and_packing_change_nothing(tmp_path: Path) -> None:
    """Two processes, one, and documents kept as dicts find the same, in the same order."""
    folder = bundle(tmp_path, 60)
    one = Request([folder], profile="all", jobs=1)
    found = report(one)[0]
    assert len(found.diagnostics) > 300
    assert report(Request([folder], profile="all", jobs=2))[0].diagnostics == found.diagnostics
    assert report(Request([folder], profile="all", jobs=3))[0].summary == found.summary
    plain = load(one)
    parted = examine(one, plain)[0]
    packed = examine(one, load(one, packed=True))[0]
    assert parted == packed


def test_what_the_settings_leave_out_in_vain(tmp_path: Path) -> None:
    """Rules under `paths` go by peers' names too; one that nothing raises is a note, one that does not exist an error."""
    from manifold import config
    from manifold.errors import UsageError

    (tmp_path / "a.yaml").write_text(TEXT)
    settings = tmp_path / "manifold.yaml"
    settings.write_text(
        "paths: [{match: ['*.yaml'], ignore: ['kube-linter:latest-tag', docker-socket], reason: not ours}]\n"
    )

    said = report(Request([tmp_path / "a.yaml"], config=config.load(settings)))[0].diagnostics
    assert "image-without-tag" not in [d.rule for d in said]
    (note,) = [d.message for d in said if d.rule == "unused-suppression"]
    assert "docker-socket in *.yaml" in note
    other = report(Request([tmp_path / "a.yaml"], profile="cost", config=config.load(settings)))[0].diagnostics
    assert "unused-suppression" not in [d.rule for d in other]

    settings.write_text("paths: [{match: ['*.yaml'], ignore: [docker-sock], reason: not ours}]\n")
    with pytest.raises(UsageError, match="docker-sock"):
        report(Request([tmp_path / "a.yaml"], config=config.load(settings)))


def test_lint_answers_for_each_release(tmp_path: Path) -> None:
    """What holds in all of them names them all; what holds in some names these."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'b:latest'}]}\n"
    job = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n"
    (tmp_path / "a.yaml").write_text(pod + "---\n" + job)
    said = report(Request([tmp_path], versions=["1.33", "1.37"], profile="all"))[0].diagnostics

    assert {d.kubernetes for d in said if d.rule == "image-latest"} == {("1.33", "1.37")}


def test_a_file_of_many_documents_is_cut_once_for_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many places are asked for: else the time would grow with their number times the file's length."""
    from manifold.read import split

    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a{0}}}\nspec: {{containers: [{{name: a, image: a}}]}}\n"
    (tmp_path / "a.yaml").write_text("---\n".join(pod.format(i) for i in range(40)))
    pieces, asked = split.pieces, []

    def counted(text: str) -> list[split.Piece]:
        asked.append(len(text))
        return pieces(text)

    monkeypatch.setattr(split, "pieces", counted)
    made, _ = report(Request([tmp_path], select=["run-as-root"]))

    assert len({d.line for d in made.diagnostics}) == 40
    assert len(asked) <= 2
