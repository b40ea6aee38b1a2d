"""`manifold schema`: what it shows and imports."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from manifold import assets
from manifold.lint import catalogue

from tests.test_cli import manifold

CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer}}}
"""
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: large}\n"


def test_definitions_are_imported_and_then_known(tmp_path: Path) -> None:
    """From an installer that holds other things as well, to one file each."""
    (tmp_path / "install.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n" + CRD)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "widget.yaml").write_text(WIDGET)
    done = manifold("schema", "import", "install.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "schemas/example.com_widgets.yaml  Widget v1" in done.stdout
    assert "schemas: [schemas]" in done.stdout
    assert "last-applied" not in (tmp_path / "schemas" / "example.com_widgets.yaml").read_text()

    assert "no definition" in manifold("validate", "app", cwd=tmp_path).stdout
    (tmp_path / "manifold.yaml").write_text("schemas: [schemas]\n")
    found = manifold("validate", "app", cwd=tmp_path)

    assert found.returncode == 1
    assert "spec.size" in found.stdout


def test_what_holds_no_definition_is_refused(tmp_path: Path) -> None:
    """Exit 2, with the nearest project for a typo, and nothing written."""
    (tmp_path / "a.yaml").write_text(WIDGET)
    (tmp_path / "b.yaml").write_text(CRD.replace("scope: N", "scop: N"))

    for source, words in (
        ("a.yaml", "there is no CustomResourceDefinition"),
        ("b.yaml", "would refuse this definition"),
        ("cert-manger", "did you mean cert-manager?"),
        ("http://example.com/crd.yaml", "only https://"),
    ):
        done = manifold("schema", "import", source, cwd=tmp_path)
        assert done.returncode == 2
        assert words in done.stderr
    assert not (tmp_path / "schemas").exists()


def test_projects_are_listed() -> None:
    """At least the twenty that most people use, by HTTPS."""
    projects = assets.table("schemas", "definitions.yaml")["projects"]
    done = manifold("schema", "import", "--list")

    assert len(projects) >= 20
    assert all(u.startswith("https://") and "{version}" in u for p in projects.values() for u in p["urls"])
    assert done.stdout.count("\n") == len(projects)


def test_our_schemas_are_shown() -> None:
    """For editors."""
    for name in ("rule", "config", "report"):
        jsonschema.Draft202012Validator.check_schema(json.loads(manifold("schema", "show", name).stdout))
    assert "fields:" in manifold("schema", "show", "Deployment").stdout


def test_definitions_of_the_settings_are_listed_and_explained(tmp_path: Path) -> None:
    """By kind, plural and short name, as those that --schema names."""
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "widget.yaml").write_text(
        CRD.replace("singular: widget", "singular: widget, shortNames: [wg]")
    )
    for arguments in (["--schema", "crds"], []):
        assert "example.com/v1 " in manifold("schema", "list", *arguments, cwd=tmp_path).stdout
        for name in ("Widget", "widgets", "wg", "example.com/v1/Widget"):
            page = manifold("explain", f"{name}.spec.size", *arguments, cwd=tmp_path).stdout
            assert page.startswith("example.com/v1 Widget  spec.size\ntype: integer")
        (tmp_path / "manifold.yaml").write_text("schemas: [crds]\n")


def test_piped_tables_are_not_cut() -> None:
    """Whatever reads them wants whole names."""
    kinds, rules = manifold("schema", "list").stdout, manifold("rules").stdout

    assert "flowcontrol.apiserver.k8s.io/v1" in kinds
    assert "PriorityLevelConfiguration" in kinds
    for text in (kinds, rules):
        assert "…" not in text
        assert all(line == line.rstrip() for line in text.splitlines())
    assert max(map(len, rules.splitlines())) > 80
    assert all(f" {r.id} " in rules and r.summary in rules for r in catalogue.rules().values())


DESCRIBED = """
            description: "A widget of the house."
            required: [spec]
            properties:
              spec:
                type: object
                required: [size]
                properties:
                  size: {type: integer, minimum: 1, maximum: 9, default: 3, description: "How large it\\n  is."}
                  tags: {type: array, maxItems: 4, items: {type: object, properties: {name: {type: string, pattern: "^a", description: "The tag's name."}}}}
                  modes: {type: object, additionalProperties: {type: string, enum: [fast, slow], description: "A mode."}}
                  end: {type: string, x-kubernetes-validations: [{rule: "self != ''", message: "not empty"}]}
"""


def test_definitions_tell_of_their_fields(tmp_path: Path) -> None:
    """Description, constraints, default and what is required, in explain and in schema show, through lists and maps."""
    head, _, _ = CRD.partition("\n          type: object")
    (tmp_path / "crd.yaml").write_text(f"{head}\n            type: object{DESCRIBED}")

    def page(path: str, *command: str) -> list[str]:
        done = manifold(*(command or ("explain",)), path, "--schema", "crd.yaml", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    assert {"A widget of the house.", "  spec (required): object"} <= set(page("Widget", "schema", "show"))
    assert {"required: yes", "default: 3", "range: 1 to 9", "How large it is."} <= set(page("Widget.spec.size"))
    assert "max items: 4" in page("Widget.spec.tags")
    assert {"pattern: ^a", "The tag's name.", "required: no"} <= set(page("Widget.spec.tags[0].name"))
    assert "must hold: not empty" in page("Widget.spec.end")
    assert "required: no" in page("Widget.metadata.name")


def test_a_project_is_named_where_its_definitions_are_missing(tmp_path: Path) -> None:
    """By the command that fetches them: by group, or by kind where projects share one."""
    kinds = {
        "monitoring.coreos.com/v1 ServiceMonitor": "prometheus-operator",
        "argoproj.io/v1alpha1 Rollout": "argo-rollouts",
        "argoproj.io/v1alpha1 Workflow": "argo-workflows",
        "example.com/v1 Thing": "",
    }
    for number, kind in enumerate(kinds):
        api_version, name = kind.split()
        text = f"apiVersion: {api_version}\nkind: {name}\nmetadata: {{name: a}}\n"
        (tmp_path / f"{number}.yaml").write_text(text)
    done = manifold("validate", "-o", "json", str(tmp_path))
    helps = [d["help"].partition("`manifold schema import ")[2] for d in json.loads(done.stdout)["diagnostics"]]

    assert [h.partition("`")[0] for h in helps] == list(kinds.values())


def test_a_definition_that_the_server_refuses_is_blamed(tmp_path: Path) -> None:
    """Where something at hand is of its kind: it would pass over a schema that means nothing."""
    (tmp_path / "crd.yaml").write_text(CRD.replace("type: object", "type: objekt", 1))
    (tmp_path / "a.yaml").write_text(WIDGET.replace("large", "1"))
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    found = {}
    for name in ("a.yaml", "b.yaml"):
        done = manifold("validate", "--schema", "crd.yaml", "-o", "json", name, cwd=tmp_path)
        found[name] = {d["file"] for d in json.loads(done.stdout)["diagnostics"]}

    assert found == {"a.yaml": {"crd.yaml"}, "b.yaml": set()}
