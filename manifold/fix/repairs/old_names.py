"""Fields and names that have a newer one with the same meaning: `serviceAccount`, node labels, a claim's class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from manifold import assets
from manifold.fix.operations import Delete, Operation, Rename, Repair, Set, at, put
from manifold.fix.subject import Subject, walk
from manifold.k8s import pods

SAFE, ORDER, WHOLE = True, 3, False

CLAIM_CLASS = "volume.beta.kubernetes.io/storage-class"
# Where a label of a node is named: as a key of a map, or as the value of a field.
_FIELDS = ("key", "topologyKey")


def find(subject: Subject) -> Iterator[Repair]:
    yield from _account(subject)
    yield from _claim(subject)
    found = pods.spec(subject.body)
    if found is None:
        return
    labels: Mapping[str, str] = assets.table("schemas", "migrations.yaml")["node-labels"]
    for path, value in walk(found[0]):
        where = (*found[1], *path)
        if path and path[-1] == "nodeSelector":
            for key in value:
                if key in labels and labels[key] not in value:
                    yield Repair(
                        "api/warning",
                        f"the node label {key} is called {labels[key]}",
                        (*where, key),
                        (Rename((*where, key), labels[key]),),
                    )
        # matchLabels and selectors of Pods name labels of Pods, which may be called anything
        elif path and ("nodeAffinity" in path or "topologySpreadConstraints" in path or "topologyKey" in value):
            for field in _FIELDS:
                if "matchExpressions" in path and "nodeAffinity" not in path:
                    continue
                new = labels.get(str(value.get(field)))
                if new:
                    yield Repair(
                        "api/warning",
                        f"the node label {value[field]} is called {new}",
                        (*where, field),
                        (Set((*where, field), new),),
                    )


def _account(subject: Subject) -> Iterator[Repair]:
    found = pods.spec(subject.body, pods.held())
    if found is None or not isinstance(found[0].get("serviceAccount"), str):
        return
    spec, path = found
    old = (*path, "serviceAccount")
    if "serviceAccountName" not in spec:
        operation: Operation = Rename(old, "serviceAccountName")
        words = "`serviceAccount` is the old name of serviceAccountName"
    elif spec["serviceAccountName"] == spec["serviceAccount"]:
        operation = Delete(old)
        words = "`serviceAccount` says what serviceAccountName says"
    else:
        return
    yield Repair("service-account-field-old", words, old, (operation,))


def _claim(subject: Subject) -> Iterator[Repair]:
    body = subject.body
    claims = [((), body)] if body.get("kind") == "PersistentVolumeClaim" else []
    for path, claim in claims:
        annotations = at(claim, ("metadata", "annotations"))
        spec = claim.get("spec")
        if not isinstance(annotations, dict) or not isinstance(spec, dict) or not spec:
            continue
        name = annotations.get(CLAIM_CLASS)
        if not isinstance(name, str) or not name or spec.get("storageClassName", name) != name:
            continue
        operations: list[Operation] = (
            [] if "storageClassName" in spec else [put(claim, (*path, "spec", "storageClassName"), name)]
        )
        operations.append(
            Delete((*path, "metadata", "annotations", CLAIM_CLASS))
            if len(annotations) > 1
            else Delete((*path, "metadata", "annotations"))
        )
        yield Repair(
            "api/warning",
            f"the annotation {CLAIM_CLASS} is the old way to say spec.storageClassName",
            ("metadata", "annotations", CLAIM_CLASS),
            tuple(operations),
        )
