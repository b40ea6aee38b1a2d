"""ResourceQuota: what a namespace may hold and ask for in all (apiserver: admission/plugin/resourcequota; pkg/quota/v1/evaluator/core).

What is used already stands in a quota's status, where the quota controller has been; else it is counted from the
cluster's objects. Each object of a run counts for those after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manifold.apiserver.admission.persistentvolumeclaimresize import storage_class
from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, Faults
from manifold.k8s import pods
from manifold.k8s.quantity import DECIMAL_SI, Quantity

NAME = "ResourceQuota"
PLACE = 250
KINDS = None
ALONE = False

Body = Mapping[str, Any]
Amounts = dict[str, Quantity]

# Kinds that quotas do not count (DefaultIgnoredResources).
IGNORED = frozenset((("", "Event"), ("events.k8s.io", "Event")))
# Kinds whose number has a name of its own besides `count/...` (registry.go: legacyObjectCountAliases).
NAMED = frozenset(("configmaps", "resourcequotas", "replicationcontrollers", "secrets"))
# Where a quota speaks of these, each container must; of others it need not (pods.go: validationSet).
MUST_ASK = frozenset(("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"))
OF_PODS = frozenset(
    ("count/pods", "pods", *MUST_ASK, "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage")
)
BY_CLASS = ".storageclass.storage.k8s.io/"
BY_DEVICE = ".deviceclass.resource.k8s.io/devices"
MOST_DEVICES = 32  # AllocationResultsMaxSize: as many as a claim for all devices may get
NANO = 1_000_000_000


def _n(count: int) -> Quantity:
    return Quantity(count * NANO, DECIMAL_SI)


def counted(plural: str, group: str) -> str:
    """The name under which a quota counts the objects of a resource: `count/deployments.apps`."""
    return f"count/{plural}.{group}" if group else f"count/{plural}"


# ── what an object uses ──────────────────────────────────────────────────────────────────────────────────────────────


def usage(body: Body, group: str, kind: str, plural: str) -> Amounts:
    """What an object uses of all that a quota can name."""
    out = {counted(plural, group): _n(1)}
    own = {
        ("", "Pod"): _pod,
        ("", "Service"): _service,
        ("", "PersistentVolumeClaim"): _claim,
        ("resource.k8s.io", "ResourceClaim"): _devices,
    }.get((group, kind))
    if own is not None:
        out |= own(body)
    elif not group and plural in NAMED:
        out[plural] = _n(1)
    return out


def _pod(body: Body) -> Amounts:
    if (body.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return {}
    spec = body.get("spec") or {}
    return computed(pods.requests(spec), pods.limits(spec))


def computed(requests: Mapping[str, Quantity], limits: Mapping[str, Quantity]) -> Amounts:
    """Requests and limits under the names that quotas have for them."""
    out = {"pods": _n(1)}
    for name in ("cpu", "memory", "ephemeral-storage"):
        if name in requests:
            out[name] = out[f"requests.{name}"] = requests[name]
        if name in limits:
            out[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            out[name] = amount
        if name.startswith("hugepages-") or _extended(name):
            out[f"requests.{name}"] = amount
    return out


def _extended(name: str) -> bool:
    """Whether a resource is no one of Kubernetes' own."""
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")


def _service(body: Body) -> Amounts:
    spec = body.get("spec") or {}
    ports, kind = spec.get("ports") or (), spec.get("type")
    nodes = 0
    if kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False):
        nodes = len(ports)
    elif kind == "LoadBalancer":
        nodes = sum(1 for p in ports if p.get("nodePort"))
    return {
        "services": _n(1),
        "services.nodeports": _n(nodes),
        "services.loadbalancers": _n(int(kind == "LoadBalancer")),
    }


def _claim(body: Body) -> Amounts:
    out = {"persistentvolumeclaims": _n(1)}
    asked = pods.amounts((body.get("spec") or {}).get("resources"), "requests").get("storage")
    if asked is not None:
        out["requests.storage"] = _n(asked.value())
    name = storage_class(body)
    return out | {f"{name}{BY_CLASS}{resource}": amount for resource, amount in out.items()} if name else out


def _devices(body: Body) -> Amounts:
    out: Amounts = {}
    for request in ((body.get("spec") or {}).get("devices") or {}).get("requests") or ():
        most: dict[str, int] = {}
        for one in request.get("firstAvailable") or [request.get("exactly") or {}]:
            count = {"ExactCount": one.get("count") or 0, "All": MOST_DEVICES}.get(one.get("allocationMode"), 0)
            name = f"{one.get('deviceClassName')}{BY_DEVICE}"
            most[name] = max(most.get(name, 0), count)
        for name, count in most.items():
            out[name] = out.get(name, _n(0)) + _n(count)
    return out


# ── which quotas concern it ──────────────────────────────────────────────────────────────────────────────────────────


def concerned(group: str, kind: str, plural: str, names: Iterable[str]) -> set[str]:
    """Those of a quota's resources that an object of a kind can use."""
    count = counted(plural, group)
    if (group, kind) == ("", "Pod"):
        return {n for n in names if n in OF_PODS or _of_prefix(n)}
    if (group, kind) == ("", "Service"):
        return {n for n in names if n in (count, "services", "services.nodeports", "services.loadbalancers")}
    if (group, kind) == ("", "PersistentVolumeClaim"):
        own = ("persistentvolumeclaims", "requests.storage")
        return {n for n in names if n == count or n in own or n.endswith(tuple(f"{BY_CLASS}{r}" for r in own))}
    if (group, kind) == ("resource.k8s.io", "ResourceClaim"):
        return {n for n in names if n == count or n.endswith(BY_DEVICE)}
    return {n for n in names if n == count or (not group and n == plural and plural in NAMED)}


def _of_prefix(name: str) -> bool:
    inner = name.removeprefix("requests.")
    return inner.startswith("hugepages-") or (inner != name and _extended(inner))


def _scopes(quota: Body) -> Iterator[Body]:
    spec = quota.get("spec") or {}
    for name in spec.get("scopes") or ():
        yield {"scopeName": name, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def in_scopes(quota: Body, body: Body, kind: str) -> bool:
    """Whether an object lies in all scopes of a quota; only Pods and claims know scopes."""
    return all(_in_scope(scope, body, kind) for scope in _scopes(quota))


def _in_scope(scope: Body, body: Body, kind: str) -> bool:
    name, spec = scope.get("scopeName"), body.get("spec") or {}
    if kind == "PersistentVolumeClaim":
        status = body.get("status") or {}
        target = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
        names = {spec.get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), target}
        return name == "VolumeAttributesClass" and _selects(scope, {n for n in names if n})
    if kind != "Pod":
        return False
    if name in ("Terminating", "NotTerminating"):
        return terminating(body) is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return (pods.qos_class(spec) == "BestEffort") is (name == "BestEffort")
    if name == "PriorityClass":
        return _selects(scope, {spec["priorityClassName"]} if spec.get("priorityClassName") else set())
    return name == "CrossNamespacePodAffinity" and _crosses(spec)


def _selects(scope: Body, names: set[str]) -> bool:
    values, operator = set(scope.get("values") or ()), scope.get("operator")
    if operator == "In":
        return bool(names & values)
    if operator == "NotIn":
        return not names & values
    return bool(names) == (operator == "Exists")


def terminating(pod: Body) -> bool:
    """Whether a Pod ends by itself: it has a deadline."""
    return (pod.get("spec") or {}).get("activeDeadlineSeconds") is not None


def _crosses(spec: Body) -> bool:
    affinity = spec.get("affinity") or {}
    for field in ("podAffinity", "podAntiAffinity"):
        found = affinity.get(field) or {}
        terms = list(found.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        terms += [
            w.get("podAffinityTerm") or {} for w in found.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        ]
        if any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms):
            return True
    return False


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse what a quota of the namespace does not have room for, or what must say what it needs and does not."""
    kind = context.kind
    old = context.old if context.old is not None else _there(body, context)
    if not context.namespace or (kind.group, kind.kind) in IGNORED or not _handled(body, context):
        return
    quotas = list(context.each("", "ResourceQuota", context.namespace))
    if not quotas:
        return
    try:
        wanted = usage(body, kind.group, kind.kind, kind.plural)
        before = usage(old, kind.group, kind.kind, kind.plural) if old is not None else {}
    except ValueError:  # a quantity that is none is blamed elsewhere
        return
    for quota in quotas:
        name = str((quota.get("metadata") or {}).get("name"))
        hard = _hard(quota)
        ours = concerned(kind.group, kind.kind, kind.plural, hard)
        if not ours or not in_scopes(quota, body, kind.kind):
            continue
        if kind.kind == "Pod" and _silent(body, ours, name, faults):
            continue
        more = wanted
        if old is not None and in_scopes(quota, old, kind.kind):
            nothing = _n(0)
            more = {n: max(a - before.get(n, nothing), nothing) for n, a in wanted.items()}
        _charge(quota, name, {n: a for n, a in more.items() if n in hard and a}, hard, ours, context, faults)


def _there(body: Body, context: Context) -> Body | None:
    """The object that the cluster has already under this name: what it uses is counted, an apply changes it."""
    name = (body.get("metadata") or {}).get("name")
    if context.world is None or not name:
        return None
    return context.world.get(context.kind.group, context.kind.kind, context.namespace, str(name))


def _handled(body: Body, context: Context) -> bool:
    """Whether a request can change what is used: creates, and those updates that the server looks at."""
    if context.operation == "create":
        return True
    key = (context.kind.group, context.kind.kind)
    if key == ("", "Pod"):
        return context.old is not None and terminating(body) != terminating(context.old)
    return key in (("", "Service"), ("", "PersistentVolumeClaim"))


def _hard(quota: Body) -> Amounts:
    """What a quota allows: by its status, once its controller has taken it up."""
    hard = (quota.get("status") or {}).get("hard") or (quota.get("spec") or {}).get("hard") or {}
    return {name: pods.amount(value) for name, value in hard.items()}


def _silent(body: Body, ours: set[str], name: str, faults: Faults) -> bool:
    """Blame containers that do not ask for what the quota counts; not where the Pod as a whole does."""
    spec = body.get("spec") or {}
    whole = spec.get("resources") or {}
    if whole.get("requests") or whole.get("limits"):
        return False
    said = False
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field) or ()):
            resources = container.get("resources")
            asked = computed(pods.amounts(resources, "requests"), pods.amounts(resources, "limits"))
            missing = sorted(ours & MUST_ASK - asked.keys())
            if missing:
                message = f"container {container.get('name')} must say {', '.join(missing)}: the quota {name} counts it"
                help = "set it, or let a LimitRange of the namespace fill it in"
                faults.add(FORBIDDEN, (), message, help, at=("spec", field, i))
                said = True
    return said


def _charge(
    quota: Body, name: str, more: Amounts, hard: Amounts, ours: set[str], context: Context, faults: Faults
) -> None:
    """Add to what is used, where there is room; it counts once the object is taken."""
    if not more:
        return
    key = ("quota", context.namespace, name)
    ledger = context.server.ledger
    used: Amounts = ledger[key] if key in ledger else _used(quota, hard, context)
    unknown = sorted(ours - used.keys())
    if unknown:
        message = f"how much is used of {', '.join(unknown)} is not known yet in the quota {name}"
        faults.add(FORBIDDEN, (), message, "wait for the quota's status")
        return
    after = {n: used.get(n, _n(0)) + a for n, a in more.items()}
    over = sorted(n for n, a in after.items() if a > hard[n])
    if over:
        each = [f"{n} would be {after[n]}, with {used[n]} used, of {hard[n]}" for n in over]
        faults.add(FORBIDDEN, (), f"the quota {name} is exceeded: {'; '.join(each)}")
        return
    context.after.append(lambda: ledger.update({key: {**used, **after}}))


def _used(quota: Body, hard: Amounts, context: Context) -> Amounts:
    """What is used of a quota: by its status, or counted."""
    status = quota.get("status") or {}
    if status.get("hard"):
        return {n: pods.amount(v) for n, v in (status.get("used") or {}).items()}
    total = {n: _n(0) for n in hard}
    if context.world is None:
        return total
    for kind in {(k.group, k.kind): k for k in context.server.kinds()}.values():
        ours = concerned(kind.group, kind.kind, kind.plural, hard)
        for body in context.world.list(kind.group, kind.kind, context.namespace) if ours else ():
            if in_scopes(quota, body, kind.kind):
                for n, a in usage(body, kind.group, kind.kind, kind.plural).items():
                    if n in ours:
                        total[n] = total[n] + a
    return total
