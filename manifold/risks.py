"""What a step of a plan does to what runs: which Pods restart and how many may be missing, and what may go wrong.

Sources of the rollout arithmetic: kubernetes v1.37.2 pkg/controller/deployment/util (ResolveFenceposts: surge is rounded
up, missing Pods are rounded down, and both cannot be 0), pkg/controller/daemon, pkg/controller/statefulset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from manifold.k8s import pods
from manifold.k8s.selectors import matches
from manifold.model import Change, Key

Body = Mapping[str, Any]
ROLLED = frozenset(("Deployment", "StatefulSet", "DaemonSet"))
# Kinds whose deletion takes data along, and what is lost.
LOST = {
    ("", "PersistentVolumeClaim"): "the volume's data goes with it, unless the volume is retained",
    ("", "PersistentVolume"): "the volume may be wiped, as its reclaim policy says",
    ("", "Namespace"): "everything in it is deleted",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "all its custom resources are deleted",
    ("apps", "StatefulSet"): "its Pods stop; the claims stay",
    ("apps", "Deployment"): "its Pods stop until the new one's are there",
    ("apps", "DaemonSet"): "its Pods stop until the new one's are there",
    ("batch", "Job"): "its Pods are deleted, and the work starts anew",
    ("", "Service"): "its address changes, and its clients lose it meanwhile",
}


def _count(value: Any, total: int, *, up: bool) -> int:
    """A number, or a share of a total in per cent, rounded up or down."""
    if isinstance(value, str):
        share = int(value.rstrip("%") or 0) * total
        return -(-share // 100) if up else share // 100
    return int(value or 0)


def _pods(count: int) -> str:
    return f"{count} Pod{'' if count == 1 else 's'}"


def rollout(key: Key, after: Body, live: Body | None, changes: Iterable[Change]) -> str:
    """How the Pods of a workload are replaced when its template changes; empty where they are not.

    `after` is the object as it will be stored.
    """
    if key.group != "apps" or key.kind not in ROLLED:
        return ""
    if not any(c.path == "spec" or c.path.startswith("spec.template") for c in changes):
        return ""
    spec = after.get("spec") or {}
    if key.kind == "DaemonSet":
        status = (live or {}).get("status") or {}
        count = int(status.get("desiredNumberScheduled") or 0)
        many = _pods(count) if count else "the Pods of all nodes"
        strategy = spec.get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return "its Pods stay as they are until somebody deletes them"
        return f"{many} restart, {_missing((strategy.get('rollingUpdate') or {}).get('maxUnavailable', 1), count)}"
    count = int(spec.get("replicas", 1))
    if not count:
        return "no Pod restarts, for there are none"
    if key.kind == "StatefulSet":
        strategy = spec.get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return "its Pods stay as they are until somebody deletes them"
        first = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        if first >= count:
            return f"no Pod restarts, for the partition is {first}"
        part = f"{_pods(count - first)} restart" + (f", those before {first} stay" if first else "")
        return f"{part}, one at a time from the last"
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return f"{_pods(count)} restart, all are missing in between"
    rolling = strategy.get("rollingUpdate") or {}
    missing = _count(rolling.get("maxUnavailable", "25%"), count, up=False)
    surge = _count(rolling.get("maxSurge", "25%"), count, up=True)
    if not missing and not surge:
        missing = 1
    return f"{_pods(count)} restart, {'none is' if not missing else f'at most {missing} are'} missing at a time"


def _missing(value: Any, count: int) -> str:
    if isinstance(value, str) and not count:
        return f"at most {value} are missing at a time"
    return f"at most {max(1, _count(value, count, up=True))} are missing at a time"


def _selector(budget: Body) -> Any:
    return (budget.get("spec") or {}).get("selector")


def budgets(key: Key, after: Body, bodies: Iterable[Body]) -> list[str]:
    """Disruption budgets over a workload's Pods that leave no room; live ones know how many are ready."""
    template = pods.template(after)
    if template is None or key.kind in ("Job", "CronJob", "PodTemplate"):
        return []
    labels = (template[0].get("metadata") or {}).get("labels") or {}
    out: dict[str, str] = {}
    for body in bodies:
        meta = body.get("metadata") or {}
        if body.get("kind") != "PodDisruptionBudget" or (meta.get("namespace") or "default") != key.namespace:
            continue
        selector = _selector(body)
        if not isinstance(selector, Mapping) or not matches(selector, labels):
            continue
        status, name = body.get("status") or {}, str(meta.get("name"))
        expected = status.get("expectedPods") or 0
        if expected and status.get("disruptionsAllowed") == 0:
            ready = status.get("currentHealthy") or 0
            out[name] = f"PodDisruptionBudget {name} allows no disruption while {ready} of {expected} are ready"
        elif (always := _never(body, after)) and name not in out:
            out[name] = always
    return list(out.values())


def _never(budget: Body, after: Body) -> str:
    """What is said of a budget that never has room for a disruption."""
    spec, meta = budget.get("spec") or {}, budget.get("metadata") or {}
    count = (after.get("spec") or {}).get("replicas", 1)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if not isinstance(count, int) or not count or after.get("kind") == "DaemonSet":
        return ""
    if most is not None:
        never = _count(most, count, up=True) == 0
    else:
        never = least is not None and _count(least, count, up=True) >= count
    return f"PodDisruptionBudget {meta.get('name')} never allows a disruption: nodes cannot be drained" if never else ""


def readers(key: Key, changes: Sequence[Change], bodies: Iterable[Body]) -> list[str]:
    """Workloads that took a ConfigMap's or Secret's values when their containers started, and keep them."""
    if (key.group, key.kind) not in (("", "ConfigMap"), ("", "Secret")):
        return []
    if not any(c.path.startswith(("data", "stringData", "binaryData")) for c in changes):
        return []
    names = []
    for body in bodies:
        meta = body.get("metadata") or {}
        found = pods.spec(body)
        if found is None or (meta.get("namespace") or "default") != key.namespace or body.get("kind") in ("Pod", "Job"):
            continue
        if any(_reads(container, key) for container, _ in pods.containers(found[0])):
            names.append(f"{body.get('kind')} {meta.get('name')}")
    unique = sorted(set(names))
    return [f"{name} reads it into its environment: its Pods keep the old values until they restart" for name in unique]


def _reads(container: Body, key: Key) -> bool:
    reference, source = (
        ("configMapKeyRef", "configMapRef") if key.kind == "ConfigMap" else ("secretKeyRef", "secretRef")
    )
    for variable in container.get("env") or ():
        if ((variable.get("valueFrom") or {}).get(reference) or {}).get("name") == key.name:
            return True
    return any((e.get(source) or {}).get("name") == key.name for e in container.get("envFrom") or ())


def others(key: Key, verb: str, changes: Sequence[Change]) -> list[str]:
    """What else may surprise: what a replacement loses, a workload scaled to nothing, a Service that turns elsewhere."""
    out = []
    if verb == "replace":
        lost = LOST.get((key.group, key.kind))
        out.append(f"it is deleted first{f': {lost}' if lost else ''}")
    for c in changes:
        if c.path == "spec.replicas" and c.after == 0 and c.before:
            out.append(f"all {c.before} Pods stop")
        if key.kind == "Service" and c.path.startswith("spec.selector"):
            out.append("it sends to other Pods from then on")
            break
    return out
