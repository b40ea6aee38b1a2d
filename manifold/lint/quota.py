"""What manifests ask for together, held against the quotas of their namespace.

Pods are counted as pkg/quota/v1/evaluator/core does: init containers and sidecars as the scheduler counts them, with the
requests that API defaulting takes from limits and what LimitRanges of the namespace fill in (plugin/pkg/admission/limitranger).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from manifold.apiserver.admission import resourcequota
from manifold.apiserver.schema import load
from manifold.k8s import pods
from manifold.k8s.quantity import Quantity
from manifold.lint.engine import CLUSTER, Bundle, Subject, together
from manifold.model import Path

Body = Mapping[str, Any]


def of(subject: Subject, bundle: Bundle) -> list[Subject]:
    """The quotas, applied with an object or in the cluster, that count it if it is in their namespace."""
    return _beside(subject, bundle, "ResourceQuota")


def _beside(subject: Subject, bundle: Bundle, kind: str) -> list[Subject]:
    found = bundle.of(kind)
    if not found:
        return []
    units = (CLUSTER, bundle.unit(subject.document))
    return [s for s in found if bundle.unit(s.document) in units and together(s, subject)]


def hard(quota: Subject) -> dict[str, Quantity]:
    """What a quota allows.

    Raises ValueError for a quantity that is none.
    """
    return {n: pods.amount(v) for n, v in ((quota.body.get("spec") or {}).get("hard") or {}).items()}


def filled(pod: Body, ranges: list[Subject]) -> dict[str, Any]:
    """A Pod spec with the requests and limits that its containers have once the server has taken it."""
    requests, limits = _defaults(ranges)
    out = dict(pod)
    for part in ("initContainers", "containers"):
        if isinstance(pod.get(part), list):
            out[part] = [_container(c, requests, limits) for c in pod[part] if isinstance(c, dict)]
    return out


def _defaults(ranges: list[Subject]) -> tuple[Body, Body]:
    """The default requests and limits of containers (SetDefaults_LimitRangeItem)."""
    requests: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for s in ranges:
        for item in (s.body.get("spec") or {}).get("limits") or ():
            if item.get("type") == "Container":
                limit = {**(item.get("max") or {}), **(item.get("default") or {})}
                requests = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {}), **requests}
                limits = {**limit, **limits}
    return requests, limits


def _container(container: Body, requests: Body, limits: Body) -> dict[str, Any]:
    resources = container.get("resources") or {}
    limited = resources.get("limits") or {}
    given = {
        "requests": {**requests, **limited, **(resources.get("requests") or {})},
        "limits": {**limits, **limited},
    }
    return {**container, "resources": given}


def silent(subject: Subject, bundle: Bundle) -> Iterator[tuple[Path, str, list[str], str]]:
    """(path, name, resources, quota) of each container that a quota wants to say more than it does.

    Raises ValueError for a quantity that is none.
    """
    quotas = of(subject, bundle)
    if not quotas or subject.pod is None:
        return
    whole = subject.pod.get("resources") or {}
    if whole.get("requests") or whole.get("limits"):
        return
    spec = filled(subject.pod, _beside(subject, bundle, "LimitRange"))
    for quota in quotas:
        wanted = hard(quota).keys() & resourcequota.MUST_ASK
        if not wanted or not resourcequota.in_scopes(quota.body, {"spec": spec}, "Pod"):
            continue
        for part in ("initContainers", "containers"):
            for i, container in enumerate(spec.get(part) or ()):
                asked = resourcequota.computed(
                    pods.amounts(container["resources"], "requests"), pods.amounts(container["resources"], "limits")
                )
                if missing := sorted(wanted - asked.keys()):
                    yield (*subject.pod_path, part, i), str(container.get("name")), missing, quota.name


@dataclass(slots=True)
class Sum:
    """What is asked for of one resource of a quota, in all and by whom."""

    total: int = 0
    by: list[tuple[int, str]] = field(default_factory=list)
    """(billionths, words for one object)."""


def sums(quota: Subject, bundle: Bundle, *, most: bool) -> dict[str, Sum]:
    """What all that is applied with a quota to its namespace asks for, by the names in the quota.

    With `most` each autoscaler at its maximum, each rollout at its height and each CronJob at work; else at the least.
    DaemonSets count once, as the number of nodes is not known. Raises ValueError for a quantity that is none.
    """
    names = hard(quota)
    ranges = _beside(quota, bundle, "LimitRange")
    out: dict[str, Sum] = {}
    units = (CLUSTER, bundle.unit(quota.document))
    seen: set[tuple[str, str]] = set()
    for s in bundle.subjects:
        if bundle.unit(s.document) not in units or not together(s, quota) or (s.kind, s.name) in seen:
            continue
        seen.add((s.kind, s.name))
        if s.kind == "Pod" and (s.body.get("metadata") or {}).get("ownerReferences"):
            continue  # its workload counts it
        for group, kind, plural, body, count in _made(s, bundle, ranges, most):
            ours = resourcequota.concerned(group, kind, plural, names)
            if not ours or not resourcequota.in_scopes(quota.body, body, kind):
                continue
            for name, amount in resourcequota.usage(body, group, kind, plural).items():
                if name in ours and amount:
                    line = out.setdefault(name, Sum())
                    line.total += count * amount.nanos
                    line.by.append(
                        (count * amount.nanos, f"{s.kind} {s.name}: {f'{count} x ' if count != 1 else ''}{amount}")
                    )
    return out


def _made(s: Subject, bundle: Bundle, ranges: list[Subject], most: bool) -> Iterator[tuple[str, str, str, Body, int]]:
    """(group, kind, plural, body, how many) of an object and of what its controller makes of it."""
    served = load(bundle.version or None).kind(s.document.api_version, s.kind)
    if served is not None and not served.namespaced:
        return
    if s.pod is not None and s.kind not in ("PodTemplate", "Pod"):
        count = _count(s, bundle, most)
        yield "", "Pod", "pods", {"spec": filled(s.pod, ranges)}, count
        for claim in (s.body.get("spec") or {}).get("volumeClaimTemplates") or () if s.kind == "StatefulSet" else ():
            yield "", "PersistentVolumeClaim", "persistentvolumeclaims", claim, count
    if served is not None:
        body = {**s.body, "spec": filled(s.pod, ranges)} if s.kind == "Pod" and s.pod is not None else s.body
        yield served.group, s.kind, served.plural, body, 1


def _count(s: Subject, bundle: Bundle, most: bool) -> int:
    """How many Pods a workload has at the least, or at the most."""
    spec = s.body.get("spec") or {}
    if s.kind in ("Job", "CronJob"):
        job = spec if s.kind == "Job" else (spec.get("jobTemplate") or {}).get("spec") or {}
        at_once = min(_whole(job.get("parallelism"), 1), _whole(job.get("completions"), 1 << 30))
        return at_once if s.kind == "Job" or most else 0
    if s.kind == "DaemonSet":
        return 1
    least = bundle.least_replicas(s)
    if not most:
        return 1 if least is None else least
    scaler = bundle.scaled(s)
    count = least or 1
    if scaler is not None:
        count = _whole((scaler.body.get("spec") or {}).get("maxReplicas"), count)
    strategy = spec.get("strategy") or {}
    if s.kind == "Deployment" and strategy.get("type") != "Recreate":
        surge = (strategy.get("rollingUpdate") or {}).get("maxSurge", "25%")
        if isinstance(surge, str) and surge.endswith("%") and surge[:-1].isdigit():
            count += -(-int(surge[:-1]) * count // 100)
        else:
            count += _whole(surge, 0)
    return count


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
