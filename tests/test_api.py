"""The library: what goes in and what comes out of its functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold import api
from manifold.errors import ReadError, SourceError, UsageError
from manifold.model import Diagnostic, Origin, Severity
from manifold.plan import Prune

from tests.definitions import definition

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx
        ports:
        - containerPort: 70000
"""
CRD = definition({"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}}, kind="Widget")
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 9}}


def brief(found: list[Diagnostic]) -> list[tuple[str, str, str]]:
    return [(d.severity.value, d.rule, d.path) for d in found]


def test_a_fault_is_told_with_its_place_and_object() -> None:
    """All that the contract says of a diagnostic."""
    (found,) = [d for d in api.validate(DEPLOYMENT) if d.rejects]

    assert found.origin is Origin.APISERVER and found.severity is Severity.ERROR
    assert (found.rule, found.reason) == ("api/invalid", "FieldValueInvalid")
    assert found.path == "spec.template.spec.containers[0].ports[0].containerPort"
    assert (found.line, found.column) == (17, 26)
    assert found.object.to_dict() == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
    }
    assert found.kubernetes == ("1.37",)


def test_text_bytes_file_and_objects_get_the_same_answer(tmp_path: Path) -> None:
    """`str` and `bytes` are text, a Path is a file, a sequence is objects."""
    file = tmp_path / "web.yaml"
    file.write_text(DEPLOYMENT)
    answers = [api.validate(t) for t in (DEPLOYMENT, DEPLOYMENT.encode(), file, api.read(DEPLOYMENT))]

    assert len({tuple(brief(a)) for a in answers}) == 1
    assert answers[2][0].file == str(file)
    assert answers[3][0].line == 0, "objects have no text"


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Not an empty answer."""
    with pytest.raises(SourceError):
        api.validate(tmp_path / "none.yaml")


def test_an_unknown_release_is_a_usage_error() -> None:
    """It names those that are known."""
    with pytest.raises(UsageError):
        api.validate(DEPLOYMENT, kubernetes="1.2")


def test_older_releases_judge_by_their_own_rules() -> None:
    """Unknown fields and kinds differ."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    pod["spec"] = {"containers": [{"name": "a", "image": "b"}], "hostnameOverride": "x"}
    assert brief(api.validate([pod])) == []
    assert brief(api.validate([pod], kubernetes="1.33")) == [("error", "api/unknown-field", "spec.hostnameOverride")]


def test_read_gives_the_objects_that_kubectl_would_send() -> None:
    """Documents in order, lists expanded."""
    text = "kind: A\napiVersion: v1\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: B}\n"
    assert [o["kind"] for o in api.read(text)] == ["A", "B"]


def test_read_raises_where_kubectl_cannot_read() -> None:
    """With what is wrong, and the objects before it."""
    with pytest.raises(ReadError) as caught:
        api.read("apiVersion: v1\nkind: A\n---\na: [\n")
    assert [d.origin for d in caught.value.diagnostics] == [Origin.YAML]
    assert [o["kind"] for o in caught.value.objects] == ["A"]


@pytest.mark.parametrize("where", ["inputs", "crds", "cluster"])
def test_definitions_make_kinds_known(where: str) -> None:
    """Among the inputs they count as installed."""
    if where == "inputs":
        found = api.validate([WIDGET, CRD])
    elif where == "crds":
        found = api.validate([WIDGET], crds=[CRD])
    else:
        found = api.validate([{**WIDGET, "metadata": {"name": "w", "namespace": "default"}}], cluster=[CRD])
    assert ("error", "api/invalid", "spec.size") in brief(found)
    assert not any(d.rule == "api/no-such-kind" for d in found)


def test_a_kind_of_another_group_without_definition_is_a_warning() -> None:
    """The definition may be in the cluster."""
    assert brief(api.validate([WIDGET])) == [("warning", "api/no-such-kind", "")]


def test_inputs_are_left_as_they_are() -> None:
    """Whatever is done with them."""
    objects = api.read(DEPLOYMENT)
    api.validate(objects)
    api.update(objects[0], objects[0])
    assert objects == api.read(DEPLOYMENT)


def test_an_update_is_judged_against_the_stored_object() -> None:
    """What may not change is named."""
    old = api.read(DEPLOYMENT.replace("70000", "80"))[0]
    new = api.read(DEPLOYMENT.replace("70000", "80").replace("app: web", "app: x"))[0]
    assert brief(api.update(old, old)) == []
    assert ("error", "api/invalid", "spec.selector") in brief(api.update(old, new))


def test_documents_know_their_way_back() -> None:
    """The reading is lazy about positions, and right."""
    reading = api.documents(DEPLOYMENT)
    (document,) = reading.documents
    assert document.locate(("spec", "selector")).line == 7


def test_every_diagnostic_has_a_rule() -> None:
    """Those as well that the server gives no field for."""
    schema = "{type: object, x-kubernetes-validations: [{rule: 'self.a > 1'}], properties: {a: {type: integer, maximum: 5}, b: {type: integer, format: int32}}}"
    crd = f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: things.example.com}}
spec:
  group: example.com
  names: {{kind: Thing, plural: things}}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {schema}}}}}}}
---
apiVersion: example.com/v1
kind: Thing
metadata: {{name: a}}
spec: {{a: 7, b: 99999999999}}
"""
    said = [d for d in api.validate(crd) if d.object.kind == "Thing"]

    assert {d.path for d in said} >= {"spec.a", "<nil>"}
    assert {d.rule for d in said} == {"api/invalid"}


def test_pruning_by_label_needs_the_mark_that_server_side_apply_does_not_leave() -> None:
    """As kubectl has it; an apply set knows its members by itself."""
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"a": "b"}}}

    with pytest.raises(UsageError, match="apply set"):
        api.plan([manifest], prune=Prune("a=b"), how="server")
    assert not api.plan([manifest], prune=Prune(applyset="secret/parent"), how="server").pruned


def test_suppressions_within_a_text_count_for_the_library_too(tmp_path: Path) -> None:
    """Comments, and annotations of ours and of other linters, at the object or at its Pods; of one object alone."""
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a{}}}\nspec: {{containers: [{{name: a, image: 'a:latest'}}]}}{}\n"
    )
    plain = pod.format("", "")
    noted = pod.format(", annotations: {ignore-check.kube-linter.io/latest-tag: why}", "")
    said = pod.format("", "  # manifold: ignore[image-latest] why")
    (tmp_path / "a.yaml").write_text(said)

    for text, want in ((plain, 1), (noted, 0), (said, 0), (tmp_path / "a.yaml", 0), (f"{noted}---\n{plain}", 1)):
        for look in (api.lint, api.check):
            assert [d.rule for d in look(text)].count("image-latest") == want, text
    template = {
        "metadata": {"annotations": {"kube-score/ignore": "container-image-tag"}},
        "spec": {"containers": [{"name": "a", "image": "a:latest"}]},
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"template": template}}
    assert "image-latest" not in {d.rule for d in api.lint([job])}


def test_a_refused_spec_leaves_what_is_in_it_to_the_rules() -> None:
    """Two fields that exclude each other are blamed at `spec`; a field below it is another matter."""
    text = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a}
spec: {selector: {matchLabels: {app: a}}, minAvailable: 1, maxUnavailable: 0}
"""
    found = {(d.rule, d.path) for d in api.check(text, profile="all")}

    assert ("api/invalid", "spec") in found
    assert ("budget-forbids-eviction", "spec.maxUnavailable") in found


def test_lint_says_nothing_twice() -> None:
    """The labels of a Pod are those of what it makes, too."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web!}}\nspec: {containers: [{name: web}]}\n"
    job = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: web, labels: {app: web!}}\n"
        "spec: {template: {metadata: {labels: {app: web?}}, spec: {containers: [{name: web}]}}}\n"
    )
    paths = [[d.path for d in api.lint(text, select=["label-value-impossible"])] for text in (pod, job)]

    assert paths == [["metadata.labels.app"], ["metadata.labels.app", "spec.template.metadata.labels.app"]]
