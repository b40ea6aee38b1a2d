"""Which manifests are applied together."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold.inputs import Request
from manifold.run import report

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}{1}}}\ndata: {{a: b}}\n"
POD = """apiVersion: v1
kind: Pod
metadata: {{name: {0}}}
spec:
  securityContext: {{runAsNonRoot: true}}
  containers:
    - name: web
      image: registry.example.com/web:1.2.3
      resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}
      envFrom:
        - configMapRef: {{name: {1}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def rules(folder: Path) -> list[str]:
    return [d.rule for d in report(Request([folder]))[0].diagnostics]


def test_files_of_a_folder_belong_together(folder: Path) -> None:
    """Where others of its kind are applied with it, what is missing is missing."""
    put(folder, config=MAP.format("settings", ""), pod=POD.format("web", "web"))
    assert rules(folder) == ["reference-missing"]


def test_files_of_different_folders_do_not(folder: Path) -> None:
    """Nobody can tell what else is applied with either."""
    put(folder, a__config=MAP.format("settings", ""), b__pod=POD.format("web", "web"))
    assert rules(folder) == []


def test_what_is_anywhere_is_there(folder: Path) -> None:
    """References reach across folders."""
    put(folder, a__config=MAP.format("web", ""), b__other=MAP.format("x", ""), b__pod=POD.format("web", "web"))
    assert rules(folder) == []


def test_alternatives_stand_for_themselves(folder: Path) -> None:
    """Two files that define the same object are no bundle."""
    put(folder, small=POD.format("web", "web"), large=POD.format("web", "web"), config=MAP.format("settings", ""))
    assert rules(folder) == []


def test_a_kustomization_joins_folders(folder: Path) -> None:
    """What it lists, and what its bases list, is applied together."""
    put(folder, base__config=MAP.format("settings", ""), base__kustomization="resources: [config.yaml]\n")
    put(folder, app__pod=POD.format("web", "web"), app__kustomization="resources: [pod.yaml, ../base]\n")
    assert rules(folder) == ["reference-missing"]


def test_what_a_kustomization_makes_is_there(folder: Path) -> None:
    """A generated ConfigMap stands in no file."""
    put(folder, config=MAP.format("settings", ""), pod=POD.format("web", "web"))
    put(
        folder, kustomization="resources: [config.yaml, pod.yaml]\nconfigMapGenerator: [{name: web, literals: [a=b]}]\n"
    )
    assert rules(folder) == []


def test_what_a_kustomization_patches_is_not_known(folder: Path) -> None:
    """Patches may change any name."""
    put(folder, config=MAP.format("settings", ""), pod=POD.format("web", "web"))
    put(folder, kustomization="resources: [config.yaml, pod.yaml]\npatches: [{patch: '[]', target: {kind: Pod}}]\n")
    assert rules(folder) == []


def test_operators_may_make_what_is_missing(folder: Path) -> None:
    """Beside a custom resource nothing is certain but a slip of the keyboard."""
    put(folder, config=MAP.format("settings", ""), pod=POD.format("web", "web"))
    put(folder, made="apiVersion: db.example.com/v1\nkind: Database\nmetadata: {name: web}\n")
    assert "reference-missing" not in rules(folder)
    put(folder, config=MAP.format("we", "p"))
    assert "reference-missing" in rules(folder)
