"""Pods held against the Pod Security Standards, and against what their namespace enforces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from manifold.k8s import pods
from manifold.lint.engine import CLUSTER, Bundle, Finding, Subject

if TYPE_CHECKING:
    from manifold.apiserver.admission.podsecurity import Breach, Level


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame what breaks a `level`, but not what breaks the one `above` as well; `enforced` takes the level of the namespace."""
    enforced = parameters["level"] == "enforced"
    if not subject.containers or (enforced and not bundle.of_kind("", "Namespace").get(subject.namespace)):
        return
    from manifold.apiserver.admission.podsecurity import Level  # most namespaces enforce nothing

    if enforced:
        level = _enforced(subject, bundle)
        if level is None or (subject.kind == "Pod" and bundle.whole):  # of Pods the server says it itself
            return
        words = {"level": f"{level}, which the namespace {subject.namespace} enforces"}
    else:
        level, words = Level(parameters["level"]), {"level": parameters["level"]}
    breaches = _breaches(subject, level, bundle.version)
    above = parameters.get("above")
    covered = {b.at for b in _breaches(subject, Level(above), bundle.version)} if breaches and above else ()
    for breach in breaches:
        if breach.at not in covered:
            yield Finding(breach.at, {**words, "value": breach.message})


@lru_cache(maxsize=4)  # several rules ask of the same Pod in turn
def _breaches(subject: Subject, level: Level, version: str) -> list[Breach]:
    from manifold.apiserver.admission.podsecurity import broken
    from manifold.apiserver.schema import load

    found = pods.template(subject.body, pods.held())
    return [] if found is None else broken(*found, level, load(version or None).release[1])


def _enforced(subject: Subject, bundle: Bundle) -> Level | None:
    """What the namespace enforces, as the objects applied with the Pods or the cluster have it."""
    from manifold.apiserver.admission.podsecurity import policy

    units = (CLUSTER, bundle.unit(subject.document))
    for placed in bundle.of_kind("", "Namespace").get(subject.namespace, ()):
        labels = (placed.body.get("metadata") or {}).get("labels")
        if placed.unit in units and isinstance(labels, dict):
            level, _ = policy(labels)
            return level if level.name != "privileged" else None
    return None
