"""Kustomizations: what they fill in is not blamed for its absence, and the rest still is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from manifold.inputs import Request
from manifold.kustomize import _fields, _label, _places
from manifold.model import Report, Severity
from manifold.run import exit_code, report

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1
"""
BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web}]
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
BUDGET = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {maxUnavailable: 1, selector: {matchLabels: {a: b}}}\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def _written(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _said(folder: Path, files: dict[str, str]) -> tuple[set[str], set[str], Report]:
    """The paths of the errors, the files with a note, and the report."""
    _written(folder, files)
    made, _ = report(Request([folder], lint=False))
    notes = {Path(d.file).name for d in made.diagnostics if d.rule == "kustomized"}
    return {d.path for d in made.diagnostics if d.rejects}, notes, made


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: [a.yaml]\ncommonLabels: {app: web}\n",
        "resources: [a.yaml]\nlabels: [{pairs: {app: web}, includeSelectors: true}]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "resources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n",
        "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment, name: w.*}}]\n",
        "resources: [a.yaml]\npatches: [{path: j.yaml, target: {group: apps, version: v1, kind: Deployment}}]\n",
        "resources: [a.yaml]\npatchesJson6902: [{path: j.yaml, target: {group: apps, version: v1, kind: Deployment, name: web}}]\n",
        "namePrefix: my-\nresources: [a.yaml]\npatches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, $patch: delete}'}]\n",
    ],
)
def test_labels_and_patches_complete_a_selector(tmp_path: Path, kustomization: str) -> None:
    """In each of the ways that kustomize knows."""
    patches = {
        "p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n",
        "j.yaml": "- {op: add, path: /spec/selector, value: {matchLabels: {a: b}}}\n- {op: add, path: /spec/template/metadata, value: {labels: {a: b}}}\n",
    }
    named = {name: text for name, text in patches.items() if name in kustomization}
    errors, notes, made = _said(tmp_path, {"a.yaml": DEPLOYMENT, "kustomization.yaml": kustomization, **named})
    note = next(d for d in made.diagnostics if d.rule == "kustomized")

    assert (errors, notes, note.severity, exit_code(made, incomplete=False)) == (set(), {"a.yaml"}, Severity.INFO, 0)
    assert note.message.startswith("spec.selector and spec.template.metadata.labels: refused as the file stands")
    assert "kustomize build" in note.help


@pytest.mark.parametrize(
    ("files", "left"),
    [
        # labels that go into no selector
        ({"kustomization.yaml": "resources: [a.yaml]\nlabels: [{pairs: {app: web}}]\n"}, {"spec.selector"}),
        # a patch of another object
        (
            {
                "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: j.yaml, target: {kind: Deployment, name: we}}]\n"
            },
            {"spec.selector"},
        ),
        # another fault of the same object
        (
            {"kustomization.yaml": "resources: [a.yaml]\ncommonLabels: {app: web}\nnamespace: ''\n"},
            {"spec.template.spec.containers[0].ports[0].containerPort"},
        ),
        # a file that it does not list
        ({"kustomization.yaml": "resources: []\ncommonLabels: {app: web}\n"}, {"spec.selector"}),
        # one overlay completes it, another does not
        (
            {
                "kustomization.yaml": "resources: [a.yaml]\n",
                "one/kustomization.yaml": "resources: [..]\ncommonLabels: {app: web}\n",
                "two/kustomization.yaml": "resources: [..]\n",
            },
            {"spec.selector"},
        ),
    ],
)
def test_what_no_kustomization_mends_stays(tmp_path: Path, files: dict[str, str], left: set[str]) -> None:
    """Each build counts by itself, and each fault."""
    text = DEPLOYMENT + "          ports: [{containerPort: 70000}]\n"
    patch = "- {op: add, path: /spec/selector, value: {matchLabels: {a: b}}}\n"
    errors, _, _ = _said(tmp_path, {"a.yaml": text, "j.yaml": patch, **files})

    assert left <= errors


def test_namespaces_complete_bindings_of_accounts_in_the_build(tmp_path: Path) -> None:
    """As kustomize does: of those that it makes, and of `default`; of others nothing is known."""
    files = {
        "a.yaml": BINDING,
        "b.yaml": ACCOUNT,
        "kustomization.yaml": "resources: [a.yaml, b.yaml]\nnamespace: shop\n",
    }
    assert _said(tmp_path / "ours", files)[0] == set()
    elsewhere = {"a.yaml": BINDING, "kustomization.yaml": "resources: [a.yaml]\nnamespace: shop\n"}
    assert _said(tmp_path / "theirs", elsewhere)[0] == {"subjects[0].namespace"}
    default = {**elsewhere, "a.yaml": BINDING.replace("name: web}]", "name: default}]")}
    assert _said(tmp_path / "default", default)[0] == set()


def test_components_and_overlays_count_as_built(tmp_path: Path) -> None:
    """A component labels what its kustomization lists, and an overlay patches what a component brings."""
    errors, notes, _ = _said(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [a.yaml]\n",
            "base/a.yaml": DEPLOYMENT,
            "labels/kustomization.yaml": COMPONENT + "commonLabels: {app: web}\n",
            "budget/kustomization.yaml": COMPONENT + "resources: [pdb.yaml]\n",
            "budget/pdb.yaml": BUDGET,
            "prod/kustomization.yaml": "resources: [../base]\ncomponents: [../labels, ../budget]\n"
            "patches: [{patch: '[{op: replace, path: /apiVersion, value: policy/v1}]', target: {kind: PodDisruptionBudget}}]\n",
        },
    )

    assert (errors, notes) == (set(), {"a.yaml", "pdb.yaml"})


def test_a_file_named_by_itself_is_judged_as_it_stands(tmp_path: Path) -> None:
    """Whatever lies beside it."""
    _written(tmp_path, {"a.yaml": DEPLOYMENT, "kustomization.yaml": "resources: [a.yaml]\ncommonLabels: {app: web}\n"})
    made, _ = report(Request([tmp_path / "a.yaml"], lint=False))

    assert "spec.selector" in {d.path for d in made.diagnostics}
    assert not [d for d in made.diagnostics if d.rule == "kustomized"]


def test_kustomizations_that_are_none_change_nothing(tmp_path: Path) -> None:
    """Patches that are missing, misshapen or no YAML, and circles of folders."""
    broken = (
        "resources: [a.yaml, .]\ncommonLabels: [x]\nlabels: [3, {pairs: 4}]\npatchesStrategicMerge: [none.yaml, 7]\n"
        "patches: [{path: bad.yaml, target: {name: '('}}, {patch: '[{op: add, path: x}]', target: 3}, {patch: '- 3'}, 5]\n"
    )
    errors, notes, _ = _said(tmp_path, {"a.yaml": DEPLOYMENT, "kustomization.yaml": broken, "bad.yaml": "a: [\n"})

    assert ("spec.selector" in errors, notes) == (True, set())


HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
DEEP = "[" * 3_000 + "]" * 3_000


@pytest.mark.parametrize(
    "kustomization",
    [
        "patches: [{path: /dev/zero}]",
        "patchesStrategicMerge: [/dev/zero]",
        "patches: [{path: pipe}]",
        "patches: [{path: bomb.yaml}]",
        "patches: [{path: circle.yaml}]",
        "patches: [{patch: {a: b}}]",
        "patches: [{patch: 5}]",
        "patches: 5",
        "labels: [{pairs: {a: b}, fields: 5}]",
        "patchesStrategicMerge: [order.yaml]",
        "patchesStrategicMerge: [keyless.yaml]",
        "patchesStrategicMerge: [retain.yaml]",
        "patchesStrategicMerge: [directive.yaml]",
        "patchesStrategicMerge: [primitive.yaml]",
        "patchesStrategicMerge: [lists.yaml]",
        "patchesStrategicMerge: [deep.yaml]",
        "patches: [{path: deep-json.yaml, target: {kind: Deployment}}]",
    ],
)
def test_hostile_kustomizations_mend_nothing(tmp_path: Path, kustomization: str) -> None:
    """Patches that never end, take all room, or are of no shape that could be applied."""
    os.mkfifo(tmp_path / "pipe")
    inner = "spec: {template: {spec: {"
    files = {
        "a.yaml": DEPLOYMENT.replace("  name: web\n", "  name: web\n  finalizers: [a/b]\n", 1),
        "bomb.yaml": HEAD + BOMB,
        "circle.yaml": HEAD + "spec: &a {selector: {matchLabels: {a: b}}, template: *a}\n",
        "order.yaml": HEAD + inner + "$setElementOrder/containers: [{name: c}, 5], containers: [{name: c}]}}}\n",
        "keyless.yaml": HEAD + inner + "$setElementOrder/containers: [{a: c}], containers: [{name: c}]}}}\n",
        "retain.yaml": HEAD + inner + "$retainKeys: 5}}}\n",
        "directive.yaml": HEAD + "spec: {$patch: [1]}\n",
        "primitive.yaml": HEAD.replace("web}", "web, $deleteFromPrimitiveList/finalizers: 5}"),
        "lists.yaml": HEAD.replace("web}", "web, finalizers: [[a]]}"),
        "deep.yaml": HEAD + f"spec: {{other: {DEEP}}}\n",
        "deep-json.yaml": f"- {{op: add, path: /spec/other, value: {DEEP}}}\n",
        "kustomization.yaml": f"resources: [a.yaml]\n{kustomization}\n",
    }
    errors, notes, _ = _said(tmp_path, files)

    assert ("spec.selector" in errors, notes) == (True, set())


def test_labels_go_to_any_depth() -> None:
    """A path of more steps than Python calls one within the other."""
    body: dict[str, Any] = {}
    _label(body, ["a"] * 3_000, {"b": "c"}, create=True)
    for _ in range(3_000):
        body = body["a"]

    assert body == {"b": "c"}


@pytest.mark.parametrize(
    "kustomization",
    [
        "replacements: [{source: {kind: ConfigMap, name: c, fieldPath: data.n}, targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]}]\n",
        "replacements: [{path: r.yaml}]\n",
        "vars: [{name: COUNT, objref: {kind: ConfigMap, name: c, apiVersion: v1}, fieldref: {fieldpath: data.n}}]\n",
        "transformers: [t.yaml]\n",
        "transformers:\n- |\n  apiVersion: example.com/v1\n  kind: Other\n  metadata: {name: a}\n",
    ],
)
def test_what_replacements_vars_and_transformers_write_is_not_judged(tmp_path: Path, kustomization: str) -> None:
    """It is not known what they make of it; all else is judged, but where a transformer is not known at all."""
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\n{kustomization}",
        "a.yaml": DEPLOYMENT.replace("spec:\n", "spec:\n  replicas: $(COUNT)\n  selector: {matchLabels: {a: b}}\n", 1)
        .replace("template:\n", "template:\n    metadata: {labels: {a: b}}\n")
        .replace("image: web:1", "image: web:1\n          imagePullPolicy: never"),
        "r.yaml": "- source: {kind: ConfigMap, name: c, fieldPath: data.n}\n  targets: [{select: {name: web}, fieldPaths: [spec.replicas]}]\n",
        "t.yaml": "apiVersion: builtin\nkind: ReplicaCountTransformer\nmetadata: {name: t}\nreplica: {name: web, count: 3}\n",
    }
    named = {
        name: text for name, text in files.items() if name in ("kustomization.yaml", "a.yaml") or name in kustomization
    }
    _, notes, made = _said(tmp_path, named)
    errors = {d.path for d in made.diagnostics if d.severity is Severity.ERROR}

    anything = "Other" in kustomization
    assert errors == (set() if anything else {"spec.template.spec.containers[0].imagePullPolicy"})
    assert notes == {"a.yaml"}


def test_replacements_of_other_objects_and_fields_excuse_nothing(tmp_path: Path) -> None:
    """What is rejected, of another name or elsewhere in the object stays an error."""
    target = "targets: [{{select: {{kind: Deployment{}}}, {}fieldPaths: [{}]}}]"
    for number, words in enumerate(
        (
            (", name: other", "", "spec.replicas"),
            ("", "reject: [{name: web}], ", "spec.replicas"),
            ("", "", "spec.paused"),
        )
    ):
        folder = tmp_path / str(number)
        kustomization = (
            f"resources: [a.yaml]\nreplacements: [{{source: {{kind: ConfigMap, name: c}}, {target.format(*words)}}}]\n"
        )
        text = DEPLOYMENT.replace("spec:\n", "spec:\n  replicas: many\n  selector: {matchLabels: {a: b}}\n", 1)
        files = {
            "kustomization.yaml": kustomization,
            "a.yaml": text.replace("template:\n", "template:\n    metadata: {labels: {a: b}}\n"),
        }
        errors, notes, _ = _said(folder, files)
        assert (errors, notes) == ({"spec.replicas"}, set())


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("spec.containers.[name=b].image", [("spec", "containers", "1", "image")]),
        ("spec.containers.*.image", [("spec", "containers", "0", "image"), ("spec", "containers", "1", "image")]),
        ("spec.containers.0.env", [("spec", "containers", "0", "env")]),
        ("metadata.annotations.[a.b/c]", [("metadata", "annotations", "a.b/c")]),
        ("metadata.annotations.a\\.b/c", [("metadata", "annotations", "a.b/c")]),
    ],
)
def test_field_paths_are_read_as_kustomize_reads_them(path: str, places: list[tuple[str, ...]]) -> None:
    """Items by number, by field or all; keys with dots in brackets or behind a backslash."""
    body = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}

    assert _places(body, _fields(path)) == places
