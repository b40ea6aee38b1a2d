"""What a report marks as fixable is what `manifold fix` mends, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from manifold.fix.files import run, store
from manifold.fix.marks import marked
from manifold.inputs import Request
from manifold.model import Diagnostic
from manifold.run import report

FIXTURES = Path(__file__).parents[2] / "fixtures"
WORKLOAD = """apiVersion: {version}
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: web
          image: web:1
{rest}"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: %s}, ports: [{port: 80}, {port: 81, name: b}]}\n"
FRONT = WORKLOAD.replace("app: web", "app: front")
MESSES = {
    "old": WORKLOAD.format(version="apps/v1beta1", rest=""),
    "misshapen": WORKLOAD.format(version="apps/v1beta1", rest="") + "  strategy: []\n  replicas: many\n",
    "words": WORKLOAD.format(version="apps/v1", rest="          imagePulPolicy: always\n          args: [-p, 8080]\n"),
    "amounts": WORKLOAD.format(version="apps/v1", rest="          resources: {limits: {memory: 512MB, cpu: -1}}\n"),
    "ports": WORKLOAD.format(
        version="apps/v1", rest="          ports: [{containerPort: 80}, {containerPort: 81, protocol: UDP}]\n"
    ),
    "aliases": WORKLOAD.format(
        version="apps/v1",
        rest="          env: &env [{name: A, value: yes}]\n        - {name: b, image: b, env: *env}\n",
    ),
    "twice": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\ndata: {a: yes}\n",
    "budget": "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {maxUnavailable: 1, selector: {}}\n",
    "list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a, labels: {a: 1}}\n",
    "broken": WORKLOAD.format(version="apps/v1beta1", rest="") + "---\na: [\n",
}


def _known(found: Diagnostic) -> tuple[object, ...]:
    """A finding as it is known again after a repair; in what is renamed and moved it may be another."""
    return Path(found.file).name, found.document, found.object.name, found.rule, found.path


def _marks(
    folder: Path, profile: str = ""
) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]], set[tuple[object, ...]]]:
    """All findings of a folder, those with a safe fix, and those with one of `--unsafe`."""
    request = Request([folder], profile=profile)
    made = marked(report(request)[0], request)
    found = [(_known(d), d.fix) for d in made.diagnostics]
    return (
        {k for k, _ in found},
        {k for k, fix in found if fix and fix.safe},
        {k for k, fix in found if fix and not fix.safe},
    )


def _fixed(folder: Path, profile: str = "", *, unsafe: bool) -> set[tuple[object, ...]]:
    """What is found after a repair of the folder."""
    for one in run(Request([folder], profile=profile), unsafe=unsafe).mended:
        if one.changed:
            store(Path(one.name), one.before, one.after)
    return _marks(folder, profile)[0]


def _holds(folder: Path, profile: str) -> None:
    before, safe, unsafe = _marks(folder, profile)
    after = _fixed(folder, profile, unsafe=False)

    assert safe == before - after
    after_all = _fixed(folder, profile, unsafe=True)
    assert unsafe == (before & after) - after_all


@pytest.mark.parametrize("profile", ["recommended", "all"])
@pytest.mark.parametrize("folder", ["shop", "tutorial", "exemplary", "sinks", "diff/web"])
def test_marks_are_what_fix_mends_in_fixtures(tmp_path: Path, folder: str, profile: str) -> None:
    """Safe ones without, the others with `--unsafe`."""
    shutil.copytree(FIXTURES / folder, tmp_path / "here")
    _holds(tmp_path / "here", profile)


@pytest.mark.parametrize("mess", MESSES)
def test_marks_are_what_fix_mends(tmp_path: Path, mess: str) -> None:
    """In texts with all sorts of mistakes, some of which are left."""
    (tmp_path / "a.yaml").write_text(MESSES[mess])
    _holds(tmp_path, "all")


def test_what_is_misshapen_is_not_called_fixable(tmp_path: Path) -> None:
    """An old version that would be refused in the new one stays as it is."""
    (tmp_path / "a.yaml").write_text(MESSES["misshapen"])
    before, safe, _ = _marks(tmp_path)

    assert any(rule == "api/no-such-kind" for *_, rule, _ in before)
    assert not safe


def test_selectors_are_marked_with_their_workloads_in_other_files(tmp_path: Path) -> None:
    """A Service whose selector has a slip, and whose Pods another file makes."""
    (tmp_path / "a.yaml").write_text(SERVICE % "fromt")
    (tmp_path / "b.yaml").write_text(FRONT.format(version="apps/v1", rest=""))
    _, safe, _ = _marks(tmp_path)

    assert [(file, rule) for file, _, _, rule, _ in safe] == [("a.yaml", "service-selects-nothing")]
    _holds(tmp_path, "all")


def test_opinions_are_marked(tmp_path: Path) -> None:
    """Best effort among them, with what would be put in."""
    (tmp_path / "a.yaml").write_text(WORKLOAD.format(version="apps/v1", rest=""))
    request = Request([tmp_path], select=["best-effort-workload"])
    (found,) = marked(report(request)[0], request).diagnostics

    assert found.fix is not None
    assert (found.fix.safe, found.fix.description) == (
        False,
        "container `web` gets resources.requests.cpu, resources.requests.memory",
    )


def test_what_is_renamed_is_known_again(tmp_path: Path) -> None:
    """Quoting a name mends what is said of the name, and no more, be it the object's or a container's."""
    text = WORKLOAD.format(version="apps/v1", rest="").replace("name: web}", "name: n}").replace("name: web", "name: y")
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(WORKLOAD.format(version="apps/v1", rest=""))
    request = Request([tmp_path])
    made = marked(report(request)[0], request)
    safe = {(d.rule, d.path) for d in made.diagnostics if d.fix is not None and d.fix.safe}

    assert safe == {("api/type", "metadata.name"), ("api/type", "spec.template.spec.containers[0].name")}
    assert {"overlapping-selectors", "run-as-root"} <= {
        d.rule for d in made.diagnostics if Path(d.file).name == "a.yaml"
    }
