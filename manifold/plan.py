"""In which order to apply: waves out of edges with reasons, what each step does, what it waits for, what it risks.

A plan is made of what is known: the objects to apply, what an apply would do to each (the outcomes), and who needs whom
(the edges). Must-edges order waves; wishes order only where they close no circle.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from manifold import assets
from manifold.errors import UsageError
from manifold.k8s import pods
from manifold.k8s.selectors import matches
from manifold.model import Document, Key, Plan, Step, Verb

Body = Mapping[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Edge(NamedTuple):
    """`first` comes before `then`; `must` edges part waves, others are wishes."""

    first: Key
    then: Key
    because: str
    must: bool = True
    need: str = ""
    """The same said of `first`: who needs it."""


@dataclass(frozen=True, slots=True)
class Prune:
    """Which live objects go because the manifests no longer name them.

    By `selector` (`kubectl apply --prune -l`), with an `allowlist` of group/version/Kind in place of kubectl's own, or
    by `applyset`, the parent as `kind/name` (alpha in kubectl). `namespace` is that of objects that name none.
    """

    selector: str = ""
    applyset: str = ""
    allowlist: tuple[str, ...] = ()
    all: bool = False
    namespace: str = "default"


# kubectl's own list (k8s.io/kubectl/pkg/util/prune).
PRUNED_BY_DEFAULT = (
    "v1/ConfigMap", "v1/Endpoints", "v1/PersistentVolumeClaim", "v1/Pod", "v1/ReplicationController", "v1/Secret", "v1/Service",
    "batch/v1/Job", "batch/v1/CronJob", "networking.k8s.io/v1/Ingress", "apps/v1/DaemonSet", "apps/v1/Deployment",
    "apps/v1/ReplicaSet", "apps/v1/StatefulSet",
)  # fmt: skip
PRUNED_WITHOUT_NAMESPACE = ("v1/Namespace", "v1/PersistentVolume")


@cache
def order() -> dict[str, Any]:
    """rules/order.yaml."""
    return dict(assets.table("rules", "order.yaml"))


@cache
def _ranks() -> dict[tuple[str, str], int]:
    return {(r.get("group", ""), r["kind"]): i for i, r in enumerate(order()["ranks"])}


def rank(key: Key) -> int:
    """Where a kind stands when nothing else decides."""
    ranks = _ranks()
    return ranks.get((key.group, key.kind), ranks["", "*"])


@cache
def _last() -> dict[tuple[str, str], tuple[int, str]]:
    return {(r["group"], r["kind"]): (i, r["reason"]) for i, r in enumerate(order()["last"])}


@cache
def _waits() -> dict[tuple[str, str], str]:
    return {(r.get("group", ""), r["kind"]): r["until"] for r in order()["waits"]}


def name(key: Key) -> str:
    """`ConfigMap shop/web-config`."""
    return f"{key.kind} {key.namespace + '/' if key.namespace else ''}{key.name}"


def structural(bodies: Mapping[Key, Body]) -> list[Edge]:
    """The edges that lie in the objects' own shape: namespaces, definitions, and what is applied last."""
    found: list[Edge] = []
    namespaces = {k.name: k for k in bodies if (k.group, k.kind) == ("", "Namespace")}
    definitions: dict[tuple[str, str], Key] = {}
    for key, body in bodies.items():
        if (key.group, key.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            spec = body.get("spec") or {}
            definitions[str(spec.get("group")), str((spec.get("names") or {}).get("kind"))] = key
    for key in bodies:
        home = namespaces.get(key.namespace) if key.namespace else None
        if home:
            found.append(Edge(home, key, f"after {name(home)}, where it lives"))
        definition = definitions.get((key.group, key.kind))
        if definition:
            found.append(Edge(definition, key, f"after {name(definition)}, which defines its kind"))
    return found


def referring(documents: Iterable[Document], keys: Mapping[int, Key]) -> list[Edge]:
    """The edges between objects that point at one another; `keys` gives each document's key by its id."""
    from manifold.references import all_of

    there = {k: k for k in keys.values()}
    found = []
    for reference in all_of(documents):
        then = keys.get(id(reference.document))
        first = there.get(reference.target)
        if first is None or then is None:
            continue
        must = not (reference.optional or reference.wish)
        need = f"because {then.kind} {then.name} {reference.verb} it"
        found.append(Edge(first, then, f"after {name(first)}, which it {reference.verb}", must, need))
    return found


def guarding(bodies: Mapping[Key, Body]) -> list[Edge]:
    """Wishes: what guards Pods, and what they are reached by, before the Pods."""
    pods_of: dict[str, list[tuple[Key, Mapping[str, str]]]] = {}
    for key, body in bodies.items():
        template = pods.template(body, pods.held())
        if template is not None and key.kind != "PodTemplate":
            labels = (template[0].get("metadata") or {}).get("labels") or {}
            pods_of.setdefault(key.namespace, []).append((key, labels))
    found = []
    for key, body in bodies.items():
        spec = body.get("spec") or {}
        selector: Any = None
        if (key.group, key.kind) == ("", "Service") and spec.get("selector"):
            selector = {"matchLabels": spec["selector"]}
        elif key.kind in ("PodDisruptionBudget", "NetworkPolicy"):
            selector = spec.get("selector") if key.kind == "PodDisruptionBudget" else spec.get("podSelector")
        if not isinstance(selector, dict):
            continue
        why = {
            "Service": "by which it is reached",
            "PodDisruptionBudget": "which guards its evictions",
            "NetworkPolicy": "which guards its traffic",
        }[key.kind]
        found += [
            Edge(key, pod, f"after {name(key)}, {why}", must=False)
            for pod, labels in pods_of.get(key.namespace, ())
            if matches(selector, labels)
        ]
    return found


def _last_edges(bodies: Mapping[Key, Body]) -> list[Edge]:
    late = {k: _last()[k.group, k.kind] for k in bodies if (k.group, k.kind) in _last()}
    found = []
    for key, (position, reason) in late.items():
        for other in bodies:
            theirs = late.get(other)
            if theirs is None or theirs[0] < position:
                found.append(Edge(other, key, f"last: {reason}", must=False))
    return found


def waves(keys: Sequence[Key], edges: Iterable[Edge]) -> tuple[list[list[Key]], dict[Key, list[Edge]], list[str]]:
    """Waves, the edges that placed each object, and a sentence for each circle.

    An object stands in the first wave after all that it must follow. A circle of must-edges is named and cut at the
    edge that joins it last; wishes that would close one are dropped without a word.
    """
    import graphlib

    there = set(keys)
    must = [e for e in edges if e.must and e.first in there and e.then in there and e.first != e.then]
    wishes = [e for e in edges if not e.must and e.first in there and e.then in there and e.first != e.then]
    before: dict[Key, dict[Key, Edge]] = {k: {} for k in keys}
    for e in must:
        before[e.then].setdefault(e.first, e)
    problems: list[str] = []
    while True:
        try:
            ordered = list(graphlib.TopologicalSorter({k: list(v) for k, v in before.items()}).static_order())
            break
        except graphlib.CycleError as error:
            circle: list[Key] = list(error.args[1])
            problems.append("these need one another: " + " → ".join(name(k) for k in reversed(circle)))
            # args[1] runs against the edges: each is a predecessor of the next
            del before[circle[1]][circle[0]]
    for e in wishes:
        if not _reaches(before, e.first, e.then):
            before[e.then].setdefault(e.first, e)
    if wishes:
        ordered = list(graphlib.TopologicalSorter({k: list(v) for k, v in before.items()}).static_order())
    level: dict[Key, int] = {}
    for key in ordered:
        level[key] = max((level[k] + 1 for k in before[key]), default=0)
    out: list[list[Key]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for key in sorted(level, key=lambda k: (rank(k), k)):
        out[level[key]].append(key)
    return out, {k: list(v.values()) for k, v in before.items()}, problems


def _reaches(before: Mapping[Key, Mapping[Key, Edge]], start: Key, goal: Key) -> bool:
    """Whether `start` comes after `goal` already, so that an edge start → goal would close a circle."""
    seen: set[Key] = set()
    stack = [start]
    while stack:
        key = stack.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            stack += before.get(key, ())
    return False


class Turn(NamedTuple):
    """What an apply would do to one object, as far as a plan needs to know."""

    key: Key
    body: Body
    verb: Verb
    changes: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()


def make(
    turns: Sequence[Turn], references: Iterable[Edge] = (), pruned: Sequence[Key] = (), problems: Sequence[str] = ()
) -> Plan:
    """The plan for these turns; `references` are the edges between objects that point at one another."""
    bodies = {t.key: t.body for t in turns}
    by_key = {t.key: t for t in turns}
    doubles = [name(k) for k, n in _counts(t.key for t in turns if t.verb != "refused").items() if n > 1]
    said = [*dict.fromkeys(problems), *(f"{double} is given more than once; the last one wins" for double in doubles)]
    edges = [*structural(bodies), *references, *guarding(bodies), *_last_edges(bodies)]
    active = [k for k, t in by_key.items() if t.verb != "unchanged"]
    placed, reasons, circles = waves(active, edges)
    said += circles
    needed = {e.first for found in reasons.values() for e in found if e.must}
    needs: dict[Key, list[str]] = defaultdict(list)
    for found in reasons.values():
        for e in found:
            if e.need:
                needs[e.first].append(e.need)
    out = []
    for wave in placed:
        steps = []
        for key in wave:
            turn = by_key[key]
            because = tuple(dict.fromkeys((*(e.because for e in reasons[key]), *needs[key])))
            until = _waits().get((key.group, key.kind))
            waits = (f"{name(key)}: {until}",) if until and key in needed and turn.verb != "unchanged" else ()
            steps.append(Step(turn.verb, key, because, waits, turn.risks, turn.changes, turn.summary))
        out.append(tuple(steps))
    unchanged = tuple(Step("unchanged", t.key) for t in by_key.values() if t.verb == "unchanged")
    return Plan(tuple(out), unchanged, tuple(_prune_order(pruned)), tuple(said))


def _counts(keys: Iterable[Key]) -> dict[Key, int]:
    out: dict[Key, int] = defaultdict(int)
    for key in keys:
        out[key] += 1
    return out


def _prune_order(keys: Sequence[Key]) -> list[Key]:
    """Deletions run backwards: what judges others goes first, namespaces last."""
    late = _last()
    return sorted(keys, key=lambda k: (0 if (k.group, k.kind) in late else 1, -rank(k), k))


# ── pruning ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _group_kind(text: str) -> tuple[str, str]:
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise UsageError(
            f"{text!r} in the prune allowlist: write group/version/Kind, core for the core group (core/v1/ConfigMap)"
        )
    return ("" if parts[0] == "core" else parts[0], parts[2])


def _default_kinds(kinds: Iterable[str]) -> set[tuple[str, str]]:
    out = set()
    for text in kinds:
        group, _, kind = text.rpartition("/")
        out.add((group.rpartition("/")[0], kind))
    return out


def applyset_id(name: str, namespace: str, kind: str, group: str) -> str:
    """The id of an apply set by its parent (KEP-3659): `applyset-<base64url(sha256(name.namespace.kind.group))>-v1`."""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}-v1"


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether a label selector in kubectl's notation selects these labels.

    Raises UsageError for a requirement that is none.
    """
    return all(_requirement(part.strip(), labels) for part in _requirements(selector))


def _requirements(selector: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, char in enumerate(selector):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(selector[start:i])
            start = i + 1
    return [p for p in (*parts, selector[start:]) if p.strip()]


def _requirement(text: str, labels: Mapping[str, str]) -> bool:
    for operator in (" notin ", " in "):
        if operator in text and text.rstrip().endswith(")"):
            key, _, rest = text.partition(operator)
            values = {v.strip() for v in rest.strip().strip("()").split(",")}
            present = labels.get(key.strip())
            return (present in values) if operator == " in " else present is None or present not in values
    for operator in ("!=", "==", "="):
        if operator in text:
            key, _, value = (p.strip() for p in text.partition(operator))
            return (labels.get(key) != value) if operator == "!=" else labels.get(key) == value
    if text.startswith("!"):
        return text[1:].strip() not in labels
    if not text or fnmatch.fnmatchcase(text, "*[ ()]*"):
        raise UsageError(
            f"{text!r} is no requirement of a label selector: key=value, key!=value, key in (a,b), key notin (a), key, !key"
        )
    return text in labels


def _key(body: Body, namespaced: Mapping[tuple[str, str], bool], namespace: str) -> Key:
    meta = body.get("metadata") or {}
    group, kind = str(body.get("apiVersion") or "").rpartition("/")[0], str(body.get("kind") or "")
    space = str(meta.get("namespace") or "")
    if not space and namespaced.get((group, kind), True):
        space = namespace
    return Key(group, kind, space, str(meta.get("name") or ""))


def prune(
    asked: Prune, desired: Sequence[Body], live: Iterable[Body], namespaced: Mapping[tuple[str, str], bool]
) -> list[Key]:
    """The live objects that `kubectl apply --prune` would delete; `namespaced` tells which kinds have a namespace.

    Raises UsageError for a selection that contradicts itself, or one that leaves nothing to apply.
    """
    if asked.selector and asked.all:
        raise UsageError("prune by a selector or prune all, not both")
    if asked.applyset and (asked.selector or asked.all or asked.allowlist):
        raise UsageError("an apply set knows its members: give neither selector nor allowlist with it")
    if not (asked.selector or asked.all or asked.applyset):
        raise UsageError("say what may be pruned: by a selector, all, or an apply set")
    there = [(_key(body, namespaced, asked.namespace), body) for body in live]
    if asked.applyset:
        return _prune_applyset(asked, desired, there, namespaced)
    allowed = {_group_kind(t) for t in asked.allowlist} or _default_kinds(
        (*PRUNED_BY_DEFAULT, *PRUNED_WITHOUT_NAMESPACE)
    )
    served = {*namespaced, *((k.group, k.kind) for k, _ in there)}
    for text in asked.allowlist:
        if _group_kind(text) not in served:
            raise UsageError(f"{text!r} in the prune allowlist: there is no such kind")
    kept = [b for b in desired if not asked.selector or selects(asked.selector, _labels(b))]
    if not kept:
        raise UsageError("no object to apply matches the selector: nothing would be left")
    ours = {_key(b, namespaced, asked.namespace) for b in kept}
    visited = {k.namespace for k in ours if k.namespace}
    out = []
    for key, body in there:
        if (key.group, key.kind) not in allowed or key in ours or (key.namespace and key.namespace not in visited):
            continue
        annotations = (body.get("metadata") or {}).get("annotations") or {}
        if LAST_APPLIED in annotations and (not asked.selector or selects(asked.selector, _labels(body))):
            out.append(key)
    return out


def _labels(body: Body) -> Mapping[str, str]:
    return (body.get("metadata") or {}).get("labels") or {}


def _prune_applyset(
    asked: Prune, desired: Sequence[Body], there: Sequence[tuple[Key, Body]], namespaced: Mapping[tuple[str, str], bool]
) -> list[Key]:
    kind, _, parent = asked.applyset.rpartition("/")
    known = {
        "secret": ("Secret", ""),
        "secrets": ("Secret", ""),
        "configmap": ("ConfigMap", ""),
        "configmaps": ("ConfigMap", ""),
        "": ("Secret", ""),
    }
    name, _, group = kind.partition(".")
    found = known.get(kind.lower()) or next(
        (
            (k.kind, k.group)
            for k, _ in there
            if k.name == parent and k.kind.lower() == name.lower() and (not group or group == k.group)
        ),
        None,
    )
    if found is None or not parent:
        raise UsageError(
            f"apply set {asked.applyset!r}: write secret/NAME, configmap/NAME, or the kind of a custom resource that exists"
        )
    space = asked.namespace if namespaced.get((found[1], found[0]), True) else ""
    wanted = applyset_id(parent, space, found[0], found[1])
    ours = {_key(b, namespaced, asked.namespace) for b in desired}
    return [k for k, b in there if _labels(b).get("applyset.kubernetes.io/part-of") == wanted and k not in ours]
