"""AppArmor profiles in annotations, which became a field in 1.30: the server takes either and means the same.

Source: kubernetes v1.37.2 pkg/api/pod/util.go and the warnings of pkg/api/pod/warnings.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from manifold.fix.operations import Delete, Operation, Repair, at, put
from manifold.fix.subject import Subject
from manifold.k8s import pods
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 4, False

FIELD_SINCE = (1, 30)


def find(subject: Subject) -> Iterator[Repair]:
    found = pods.template(subject.body)
    if found is None or subject.around.server.release < FIELD_SINCE:
        return
    template, path = found
    annotations = at(template, ("metadata", "annotations"))
    if not isinstance(annotations, dict) or not isinstance(template.get("spec"), dict):
        return
    for container, where in pods.containers(template["spec"], (*path, "spec")):
        key = pods.APPARMOR + str(container.get("name"))
        profile = _profile(annotations.get(key))
        there = [at(container, ("securityContext", "appArmorProfile"))]
        there.append(at(template, ("spec", "securityContext", "appArmorProfile")))
        if profile is None or there != [None, None]:
            continue
        notes: Path = (*path, "metadata", "annotations")
        operations: list[Operation] = [
            Delete((*notes, key) if len(annotations) > 1 else notes),
            put(subject.body, (*where, "securityContext", "appArmorProfile"), profile),
        ]
        words = (
            f"the annotation of container `{container.get('name')}` becomes its field securityContext.appArmorProfile"
        )
        yield Repair("api/warning", words, (*notes, key), tuple(operations))


def _profile(value: Any) -> dict[str, str] | None:
    """The field's value for an annotation's; None for what is none."""
    if not isinstance(value, str):
        return None
    if value == "runtime/default":
        return {"type": "RuntimeDefault"}
    if value == "unconfined":
        return {"type": "Unconfined"}
    kind, slash, name = value.partition("/")
    return {"type": "Localhost", "localhostProfile": name} if kind == "localhost" and slash and name else None
