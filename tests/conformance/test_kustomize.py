"""What kustomizations fill in, beside `kubectl kustomize` of the same folders."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifold import api
from manifold.kustomize import builds
from manifold.run import Request, load

from tests.conformance.controlplane import MissingError, programs

OBJECTS = """apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web}, {kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: other}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec: {template: {spec: {containers: [{name: web, image: "web:1"}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: web, image: "web:1"}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: web, image: "web:1"}]}}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{podSelector: {}}, {podSelector: {matchLabels: {a: b}}}]}]}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: web}
spec: {selector: {a: b}, list: [{name: a}]}
"""
MERGED = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2, template: {spec: {containers: [{name: web, env: [{name: A, value: b}]}, {name: side, image: side}]}}}\n"
CUSTOM = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: web}\nspec: {list: [{name: b}]}\n"
STEPS = "- {op: add, path: /spec/paused, value: true}\n"
CASES = {
    "common": "commonLabels: {app: web}\n",
    "selectors": "labels: [{pairs: {app: web}, includeSelectors: true}]\n",
    "templates": "labels: [{pairs: {app: web}, includeTemplates: true}]\n",
    "plain": "labels: [{pairs: {app: web}}]\n",
    "fields": "labels: [{pairs: {app: web}, fields: [{path: spec/selector, kind: Widget, create: true}]}]\n",
    "namespace": "namespace: shop\n",
    "merged": "patches: [{path: merged.yaml}, {path: custom.yaml}]\n",
    "old": "patchesStrategicMerge: [merged.yaml]\npatchesJson6902: [{path: steps.yaml, target: {group: apps, version: v1, kind: Deployment, name: web}}]\n",
    "steps": "patches: [{path: steps.yaml, target: {kind: Deployment, labelSelector: tier=front}}, {path: steps.yaml, target: {name: we}}]\n",
    "gone": "patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, $patch: delete}'}]\n",
    "all": "commonLabels: {app: web}\nnamespace: shop\npatches: [{path: merged.yaml}]\n",
}


@pytest.mark.conformance
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_objects_are_completed_as_kustomize_does(tmp_path: Path, case: str, layers: int) -> None:
    """Each object of a folder, also where a component does it for a base."""
    try:
        kubectl = programs() / "kubectl"
    except MissingError as reason:
        pytest.skip(str(reason))
    base, top = tmp_path / "base", tmp_path / ("base" if layers == 1 else "top")
    files = {base / "objects.yaml": OBJECTS, base / "kustomization.yaml": "resources: [objects.yaml]\n"}
    place = base if layers == 1 else tmp_path / "part"
    more = (
        "resources: [objects.yaml]\n"
        if layers == 1
        else "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    )
    files |= {place / "merged.yaml": MERGED, place / "custom.yaml": CUSTOM, place / "steps.yaml": STEPS}
    files[place / "kustomization.yaml"] = more + CASES[case]
    if layers == 2:
        files[top / "kustomization.yaml"] = "resources: [../base]\ncomponents: [../part]\n"
    for file, text in files.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    done = subprocess.run([kubectl, "kustomize", str(top)], capture_output=True, text=True, check=True)
    theirs = {b["kind"]: b for b in yaml.safe_load_all(done.stdout)}
    loaded = load(Request([tmp_path]))
    documents = [d for d in loaded.documents if d.source.endswith("objects.yaml")]
    ours: dict[str, Any] = {}
    for document in documents:
        (made,) = builds(document, documents, loaded.kustomizations, api.server())
        if made is not None:
            ours[document.kind] = made

    assert ours == theirs
