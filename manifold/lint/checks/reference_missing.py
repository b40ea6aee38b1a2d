"""References to objects that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold import references
from manifold.lint.engine import CLUSTER, Bundle, Finding, Placed, Subject
from manifold.lint.near import slip

ALIKE = {
    "": ("ConfigMap", "Secret"),
    "apps": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "rbac.authorization.k8s.io": ("Role", "ClusterRole"),
}
"""Kinds of a group that are taken for one another."""
MOST_NAMES = 300
"""Among more names no slip is looked for: many references by many names would take minutes."""


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a reference whose target is missing; with `sure` where that is certain, without where it only seems so.

    It is certain with a cluster at hand; where what was meant stands beside it (another kind, another namespace, a slip
    of the keyboard away); and where others of its kind are applied with it that do not usually come from elsewhere. A
    lone manifest says nothing of what is in the cluster.
    """
    for reference in subject.references:
        if reference.optional or _there(reference, bundle):
            continue
        why = _why(reference, bundle)
        if why is not None:
            if parameters["sure"]:
                yield _finding(reference, why)
        elif (
            not parameters["sure"]
            and not reference.wish
            and bundle.of_kind(reference.target.group, reference.target.kind)
        ):
            yield _finding(reference, "")


def _finding(reference: references.Reference, hint: str) -> Finding:
    return Finding(reference.path, {"kind": reference.target.kind, "value": reference.target.name, "near": hint})


def _there(reference: references.Reference, bundle: Bundle) -> bool:
    key = reference.target
    for placed in bundle.of_kind(key.group, key.kind).get(key.name, ()):
        if _fits(reference, placed):
            return True
    return bundle.generated(key.kind, key.name)


def _fits(reference: references.Reference, placed: Placed) -> bool:
    wanted = reference.target.namespace
    return reference.unplaced or not wanted or not placed.namespace or placed.namespace == wanted


def _why(reference: references.Reference, bundle: Bundle) -> str | None:
    """Why the target is certainly missing, as a hint for the message; None where nobody can tell."""
    key = reference.target
    like = bundle.beside(reference.document, key.group, key.kind)
    beside: bool | list[str] = False
    if like:
        fitting = (name for name, placed in like.items() if any(_fits(reference, p) for p in placed))
        beside = bool(next(fitting, "")) if len(like) > MOST_NAMES else list(fitting)
        if isinstance(beside, list) and (near := slip(key.name, beside)):
            return f"; did you mean {near}?"
        aside = [p for p in like.get(key.name, ()) if key.namespace]
        if aside and not bundle.rendered(reference.document):
            return f"; there is one in namespace {aside[0].namespace}"
    units = (CLUSTER, bundle.unit(reference.document))
    alike = ALIKE.get(key.group, ())
    for kind in alike if key.kind in alike else ():
        found = bundle.of_kind(key.group, kind).get(key.name, ()) if kind != key.kind else ()
        if any(p.unit in units and _fits(reference, p) and _meant(reference, p.body) for p in found):
            return f"; there is a {kind} of that name"
    if bundle.whole:
        return ""
    if not beside:
        return None
    usual = not (
        reference.wish or reference.elsewhere or key.namespace == "kube-system" or bundle.making(reference.document)
    )
    return "" if usual else None


def _meant(reference: references.Reference, other: Mapping[str, Any]) -> bool:
    """Whether an object of another kind can be what was meant: Secrets are often made by hand beside a ConfigMap of their name."""
    if reference.target.kind not in ("Secret", "ConfigMap"):
        return True
    there = {k for part in ("data", "stringData", "binaryData") for k in other.get(part) or ()}
    return bool(reference.keys) and all(key in there for _, key in reference.keys)
