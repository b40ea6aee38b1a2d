"""Autoscalers that scale nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject
from manifold.lint.near import slip

SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a target that is not there, where workloads are applied with the autoscaler."""
    target = (subject.body.get("spec") or {}).get("scaleTargetRef")
    if not isinstance(target, dict) or target.get("kind") not in SCALABLE:
        return
    kind, name = target["kind"], str(target.get("name"))
    group = "" if kind == "ReplicationController" else "apps"
    space = (subject.body.get("metadata") or {}).get("namespace")
    for there in bundle.of_kind(group, kind).get(name, ()):
        if not space or not there.namespace or there.namespace == space:
            return
    units = (CLUSTER, bundle.unit(subject.document))
    beside = [w for w in bundle.workloads_with(subject) if bundle.unit(w.document) in units]
    near = slip(name, [w.name for w in beside if w.kind == kind])
    other = next((w.kind for w in beside if w.name == name), "")
    hint = f"; did you mean {near}?" if near else f"; there is a {other} of that name" if other else ""
    if hint or bundle.peers(subject):
        yield Finding(("spec", "scaleTargetRef", "name"), {"kind": kind, "target": name, "near": hint})
