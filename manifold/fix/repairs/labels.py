"""Selectors and labels that differ by a slip, where other evidence tells which of the two is mistyped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.fix.operations import Repair, Set, at
from manifold.fix.repairs.unknown_fields import distance
from manifold.fix.subject import Subject
from manifold.k8s import pods
from manifold.k8s.selectors import plain_matches
from manifold.lint.engine import WORKLOADS
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 5, True

LEAST = 4  # a slip in a shorter word may well be another word


def find(subject: Subject) -> Iterator[Repair]:
    meta = subject.body.get("metadata")
    if not isinstance(meta, dict) or not isinstance(meta.get("labels") or {}, dict):
        return
    if subject.document.kind == "Service":
        yield from _service(subject)
    elif subject.document.kind in WORKLOADS:
        yield from _workload(subject)


def slip(one: Any, other: Any) -> bool:
    """Whether two words differ by one slip of the keyboard, or in their cases."""
    if not isinstance(one, str) or not isinstance(other, str) or one == other:
        return False
    if one.lower() == other.lower():
        return True
    if min(len(one), len(other)) < LEAST or any(c.isdigit() for c in one + other):
        return False  # web-1 and web-2 are two names
    return distance(one, other, 1) == 1


def _namespace(body: Mapping[str, Any]) -> str:
    return str((body.get("metadata") or {}).get("namespace") or "default")


def _workload(subject: Subject) -> Iterator[Repair]:
    """`matchLabels` against the labels of the template: the word that the object's name, labels and Services use stays."""
    body = subject.body
    wanted = at(body, ("spec", "selector", "matchLabels"))
    found = pods.template(body)
    labels = at(found[0], ("metadata", "labels")) if found is not None else None
    if not isinstance(wanted, dict) or not isinstance(labels, dict) or found is None:
        return
    off = [k for k in wanted if wanted[k] != labels.get(k)]
    if len(off) != 1 or not slip(wanted[off[0]], labels.get(off[0])):
        return
    key = off[0]
    votes = {wanted[key]: 0, labels[key]: 0}
    meta = body.get("metadata") or {}
    for word in (meta.get("name"), (meta.get("labels") or {}).get(key)):
        if word in votes:
            votes[word] += 1
    for service in subject.around.bundle.of("Service"):
        selector = (service.body.get("spec") or {}).get("selector") or {}
        if service.namespace == _namespace(body) and isinstance(selector, dict) and selector.get(key) in votes:
            votes[selector[key]] += 1
    right, wrong = (wanted[key], labels[key]) if votes[wanted[key]] > votes[labels[key]] else (labels[key], wanted[key])
    if votes[wrong] or not votes[right]:
        return
    path: Path = (
        (*found[1], "metadata", "labels", key) if right == wanted[key] else ("spec", "selector", "matchLabels", key)
    )
    yield Repair("selector-mismatch", f"`{wrong}` is spelled {right}, as elsewhere", path, (Set(path, right),))


def _service(subject: Subject) -> Iterator[Repair]:
    """A selector that no Pod at hand has, but for one slip exactly one workload."""
    body = subject.body
    selector = at(body, ("spec", "selector"))
    if not isinstance(selector, dict) or not selector:
        return
    near = []
    for other in subject.around.bundle.workloads.get(_namespace(body), ()):
        if plain_matches(selector, other.labels):
            return
        off = [k for k in selector if selector[k] != other.labels.get(k)]
        if len(off) == 1 and slip(selector[off[0]], other.labels.get(off[0])):
            near.append((off[0], other.labels[off[0]]))
    if len(set(near)) != 1:
        return
    key, word = near[0]
    meta = body.get("metadata") or {}
    # The Service itself must know the word: a typo in the workload would be mended there.
    if word not in (meta.get("name"), (meta.get("labels") or {}).get(key)):
        return
    path = ("spec", "selector", key)
    yield Repair(
        "service-selects-nothing", f"`{selector[key]}` is spelled {word}, as the Pods are labelled", path,
        (Set(path, word),),
    )  # fmt: skip
