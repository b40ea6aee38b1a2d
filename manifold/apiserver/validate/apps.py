"""Workloads: Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision; ReplicationController of the core group.

Follows kubernetes v1.37.2 pkg/apis/apps/validation, pkg/apis/core/validation (ReplicationController) and
pkg/registry/apps. What one value alone must be stands in schemas/constraints/apps.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from manifold.apiserver import constraints
from manifold.apiserver.context import Context
from manifold.apiserver.faults import INVALID, TYPE, Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import metadata, pod
from manifold.apiserver.validate.claims import claim_spec, warn_of_fractions
from manifold.apiserver.validate.pod.scope import NOTHING, Tolerance
from manifold.apiserver.validate.pod.tolerance import tolerated
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.k8s.selectors import matches
from manifold.model import MapKey, Path
from manifold.patterns import late

Body = dict[str, Any]

SELECTOR: Path = ("spec", "selector")
TEMPLATE: Path = ("spec", "template")

# Since when the server looks into the Pod template and the claim templates of a StatefulSet.
POD_TEMPLATES = (1, 34)
CLAIM_TEMPLATES = (1, 34)
MAX_UNAVAILABLE = (1, 37)


def _readable(selector: Body) -> bool:
    """Whether a label selector can be turned into requirements."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if formats.qualified_name(key) or formats.label_value(value or ""):
            return False
    for expression in selector.get("matchExpressions") or ():
        operator, values = expression.get("operator"), expression.get("values") or ()
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist") or (operator in ("In", "NotIn")) != bool(values):
            return False
        if formats.qualified_name(expression.get("key") or "") or any(formats.label_value(v) for v in values):
            return False
    return True


def _mismatch(faults: Faults, at: Path | None = None) -> None:
    faults.add(
        INVALID,
        (*TEMPLATE, "metadata", "labels"),
        "spec.selector does not select these labels",
        "give the template the labels that the selector asks for",
        at=at,
    )


def _selected(spec: Body, faults: Faults) -> bool:
    """Blame the selector, and a template that it does not select; False when the selector cannot be read."""
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if selector is None:
        faults.required(SELECTOR, "must be set, and select the labels of the template")
        _mismatch(faults, SELECTOR)
        return True
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        faults.invalid(SELECTOR, "an empty selector would select every Pod")
        return True
    before = len(faults)
    metadata.label_selector(selector, SELECTOR, faults)
    if len(faults) > before:
        faults.invalid(SELECTOR, "this selector cannot be read")
        _unseen(faults)
        return False
    if not matches(selector, labels):
        _mismatch(faults)
    return True


def _unseen(faults: Faults) -> None:
    """Take back what the tables said of a Pod spec that the server does not look into."""
    faults[:] = [f for f in faults if f.path[:3] != (*TEMPLATE, "spec")]


def _stays_up(spec: Body, path: Path, faults: Faults) -> None:
    """Blame a template whose Pods would end: these workloads run for ever."""
    policy = spec.get("restartPolicy") or "Always"
    if policy != "Always":
        faults.not_supported((*path, "restartPolicy"), policy, ("Always",), "a Job runs Pods that end")
    if spec.get("activeDeadlineSeconds") is not None:
        faults.forbidden((*path, "activeDeadlineSeconds"), "Pods of this kind have no deadline")


def _template(spec: Body, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    template = spec.get("template") or {}
    pod.template(template, TEMPLATE, context, faults, tolerance=tolerance)
    _stays_up(template.get("spec") or {}, (*TEMPLATE, "spec"), faults)


def int_or_percent(value: Any, path: Path, faults: Faults) -> None:
    """Blame a negative number, and a text that is no percentage."""
    if value.__class__ is str:
        for message in formats.percent(value):
            faults.invalid(path, message)
    elif value < 0:
        faults.invalid(path, f"{value} must not be negative")


def _share(value: Any) -> int:
    """The number of an int-or-percent; what is neither counts as 0."""
    if value.__class__ is str:
        if formats.percent(value):
            try:
                return int(value)
            except ValueError:
                return 0
        return int(value[:-1])
    return int(value)


def at_most_all(value: Any, path: Path, faults: Faults) -> None:
    """Blame more than 100%."""
    if value.__class__ is str and not formats.percent(value) and int(value[:-1]) > 100:
        faults.invalid(path, f"{value} is more than 100%")


def _deployment_strategy(spec: Body, faults: Faults) -> None:
    strategy = spec.get("strategy") or {}
    kind, rolling = strategy.get("type") or "RollingUpdate", strategy.get("rollingUpdate")
    path: Path = ("spec", "strategy")
    if kind == "Recreate":
        if rolling is not None:
            faults.forbidden((*path, "rollingUpdate"), "goes with type RollingUpdate only", "remove rollingUpdate")
    elif kind != "RollingUpdate":
        faults.not_supported(path, kind, ("Recreate", "RollingUpdate"))
    elif rolling is not None:
        unavailable, surge = rolling.get("maxUnavailable", "25%"), rolling.get("maxSurge", "25%")
        here = (*path, "rollingUpdate")
        int_or_percent(unavailable, (*here, "maxUnavailable"), faults)
        int_or_percent(surge, (*here, "maxSurge"), faults)
        if not _share(unavailable) and not _share(surge):
            faults.invalid((*here, "maxUnavailable"), "maxUnavailable and maxSurge cannot both be 0")
        at_most_all(unavailable, (*here, "maxUnavailable"), faults)


def _deployment(spec: Body, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    if _selected(spec, faults):
        _template(spec, context, faults, tolerance)
    _deployment_strategy(spec, faults)
    deadline, ready = spec.get("progressDeadlineSeconds", 600), spec.get("minReadySeconds") or 0
    if deadline is not None and deadline <= ready:
        faults.invalid(
            ("spec", "progressDeadlineSeconds"), f"{deadline} must be more than minReadySeconds, which is {ready}"
        )


def _replica_set(spec: Body, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    if _selected(spec, faults):
        _template(spec, context, faults, tolerance)


_DAEMON_STRATEGIES = ("OnDelete", "RollingUpdate")


def _daemon_set(spec: Body, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if selector is None:
        _mismatch(faults, SELECTOR)
    else:
        metadata.label_selector(selector, SELECTOR, faults, lenient_values=tolerance.selector_values)
        if _readable(selector) and not matches(selector, labels):
            _mismatch(faults)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            faults.invalid(SELECTOR, "an empty selector would select every Pod")
    _template(spec, context, faults, tolerance)
    strategy = spec.get("updateStrategy") or {}
    kind, rolling = strategy.get("type") or "RollingUpdate", strategy.get("rollingUpdate")
    path: Path = ("spec", "updateStrategy")
    if kind not in _DAEMON_STRATEGIES:
        faults.not_supported(path, kind, _DAEMON_STRATEGIES)
    elif kind == "RollingUpdate" and rolling is not None:
        here = (*path, "rollingUpdate")
        unavailable, surge = rolling.get("maxUnavailable", 1), rolling.get("maxSurge", 0)
        for name, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
            int_or_percent(value, (*here, name), faults)
            at_most_all(value, (*here, name), faults)
        if _share(unavailable) and _share(surge):
            faults.invalid((*here, "maxSurge"), "maxUnavailable is not 0: one of both", "set maxUnavailable: 0")
        elif not _share(unavailable) and not _share(surge):
            faults.required((*here, "maxUnavailable"), "maxUnavailable and maxSurge cannot both be 0")


GENERATION = "deprecated.daemonset.template.generation"
_INTEGER = late(r"[+-]?[0-9]+")


def create_daemon_set(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new DaemonSet, and warn."""
    _generation(body, faults)
    spec = body.get("spec") or {}
    _daemon_set(spec, context, faults, NOTHING)
    pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)


def _generation(body: Body, faults: Faults) -> None:
    """Blame the annotation that apps/v1 keeps a field of older versions in: it is decoded as a number."""
    text = ((body.get("metadata") or {}).get("annotations") or {}).get(GENERATION)
    if text is not None and not (_INTEGER.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 63):
        faults.add(TYPE, ("metadata", "annotations", MapKey(GENERATION)), f"{text!r} is no whole number")


def _stateful_set(
    spec: Body, context: Context, faults: Faults, tolerance: Tolerance, *, stored: bool = False, known: bool = True
) -> None:
    """`stored`: service name and claim templates are immutable, so they are not looked at again.

    `known`: the template is one that passed, so it is looked at.
    """
    path: Path = ("spec",)
    _stateful_strategy(spec, context, faults)
    claims = spec.get("volumeClaimTemplates") or []
    if not stored and context.server.release >= CLAIM_TEMPLATES:
        for i, claim in enumerate(claims):
            claim_spec(claim.get("spec") or {}, (*path, "volumeClaimTemplates", i, "spec"), context, faults)
    service = spec.get("serviceName")
    if service and not stored and context.since(1, 33):
        for message in formats.dns_label(service):
            faults.invalid((*path, "serviceName"), message)
    template = spec.get("template") or {}
    known = known and context.server.release >= POD_TEMPLATES
    if not known:
        _unseen(faults)
    if _selected(spec, faults):
        if known:
            own = (template.get("spec") or {}).get("volumes") or []
            # The controller gives each Pod a volume for each claim; it wins over one of the template's with its name.
            named = dict.fromkeys((c.get("metadata") or {}).get("name") or "" for c in claims)
            listed = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in named]
            listed += [v for v in own if (v.get("name") or "") not in named]
            if named:
                _shift(own, named, faults)
            pod.template(template, TEMPLATE, context, faults, tolerance=tolerance, listed=listed)
        else:
            pod.template_annotations(template, TEMPLATE, context, faults)
    _stays_up(template.get("spec") or {}, (*TEMPLATE, "spec"), faults)


def _shift(own: list[Body], named: Iterable[str], faults: Faults) -> None:
    """Let what tables said of a template's volumes name their places behind those of the claims, as the server does.

    What a claim's volume stands in for is not looked at.
    """
    path = (*TEMPLATE, "spec", "volumes")
    claimed = list(named)
    kept = [i for i, v in enumerate(own) if (v.get("name") or "") not in claimed]
    places = {i: len(claimed) + n for n, i in enumerate(kept)}
    found = Faults()
    for fault in faults:
        at = fault.path[len(path)] if fault.path[: len(path)] == path and len(fault.path) > len(path) else None
        if not isinstance(at, int):
            found.append(fault)
        elif at in places:
            shifted = (*path, places[at], *fault.path[len(path) + 1 :])
            found.append(fault._replace(path=shifted, at=fault.at or fault.path))
    faults[:] = found
    for i, name in enumerate(claimed):
        if not name:
            faults.required((*path, i, "persistentVolumeClaim", "claimName"), "a claim template needs a name")
            faults.required((*path, i, "name"), "a claim template needs a name")
        else:
            for message in formats.dns_label(name):
                faults.invalid((*path, i, "name"), message)


def _stateful_strategy(spec: Body, context: Context, faults: Faults) -> None:
    strategy = spec.get("updateStrategy") or {}
    kind, rolling = strategy.get("type") or "RollingUpdate", strategy.get("rollingUpdate")
    path: Path = ("spec", "updateStrategy")
    if kind == "OnDelete":
        if rolling is not None:
            faults.invalid((*path, "rollingUpdate"), "goes with type RollingUpdate only", "remove rollingUpdate")
    elif kind != "RollingUpdate":
        faults.invalid(path, f"{kind!r} is neither RollingUpdate nor OnDelete")
    elif rolling is not None:
        here = (*path, "rollingUpdate")
        unavailable = rolling.get("maxUnavailable")
        if unavailable is not None and context.server.release >= MAX_UNAVAILABLE:
            here = (*here, "maxUnavailable")
            int_or_percent(unavailable, here, faults)
            if not _share(unavailable):
                faults.invalid(here, "must not be 0")
            at_most_all(unavailable, here, faults)


def _warn_stateful_set(spec: Body, context: Context, faults: Faults, *below: str) -> None:
    for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        warn_of_fractions(claim.get("spec") or {}, ("spec", "volumeClaimTemplates", i, *below), faults)
    if (spec.get("revisionHistoryLimit") or 0) < 0 and context.since(1, 33):
        faults.warn(("spec", "revisionHistoryLimit"), "a negative number keeps all revisions for ever")


Rule = Callable[[Body, Context, Faults, Tolerance], None]


def _creates(rule: Rule) -> Callable[[Body, Context, Faults], None]:
    def create(body: Body, context: Context, faults: Faults) -> None:
        spec = body.get("spec") or {}
        rule(spec, context, faults, NOTHING)
        pod.warn_of_name(body.get("metadata") or {}, faults)
        pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)

    return create


def _tolerance(old: Body) -> Tolerance:
    template = old.get("template") or {}
    return tolerated(template.get("spec") or {}, (template.get("metadata") or {}).get("annotations") or {})


def _updates(rule: Rule) -> Callable[[Body, Body, Context, Faults], None]:
    def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
        spec, stored = new.get("spec") or {}, old.get("spec") or {}
        rule(spec, context, faults, _tolerance(stored))
        if not same(spec, stored):
            pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)

    return update


create_deployment = _creates(_deployment)
create_replica_set = _creates(_replica_set)
update_deployment = _updates(_deployment)
update_replica_set = _updates(_replica_set)


def update_daemon_set(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what an update may not make of a DaemonSet."""
    _generation(new, faults)
    spec, stored = new.get("spec") or {}, old.get("spec") or {}
    tolerance = _tolerance(stored)
    values = any(
        formats.label_value(value)
        for expression in (stored.get("selector") or {}).get("matchExpressions") or ()
        for value in expression.get("values") or ()
    )
    if values:
        from dataclasses import replace

        tolerance = replace(tolerance, selector_values=True)
    _daemon_set(spec, context, faults, tolerance)
    if not same(spec.get("template"), stored.get("template")):
        pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)


def create_stateful_set(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new StatefulSet, and warn."""
    spec = body.get("spec") or {}
    _stateful_set(spec, context, faults, NOTHING)
    pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)
    _warn_stateful_set(spec, context, faults)


def update_stateful_set(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what an update may not make of a StatefulSet."""
    spec, stored = new.get("spec") or {}, old.get("spec") or {}
    tolerance = _tolerance(stored)
    before = Faults()
    constraints.check(old, context, before)
    _stateful_set(stored, context, before, tolerance, stored=True)
    _stateful_set(spec, context, faults, tolerance, stored=True, known=not before.refused)
    if not same(spec, stored):
        pod.warn_of_template(spec.get("template") or {}, TEMPLATE, context, faults)
    _warn_stateful_set(spec, context, faults, "Spec")


def create_controller_revision(body: Body, context: Context, faults: Faults) -> None:
    """Blame a ControllerRevision without an object as its data."""
    data = body.get("data")
    if data is None or (not isinstance(data, dict) and context.since(1, 34)):
        faults.required(("data",), "must be an object")


def update_controller_revision(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """The data was looked at when it was created, and stays as it was written, to the letter."""
    if new.get("data") != old.get("data"):
        changed(faults, ("data",))


def _replication_controller(spec: Body, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    template = spec.get("template")
    labels = ((template or {}).get("metadata") or {}).get("labels") or {}
    selector = spec.get("selector") or labels
    if not selector:
        faults.required(SELECTOR, "must be set, and select the labels of the template")
    if template is None:
        faults.required(TEMPLATE)
        return
    if selector and any(labels.get(k) != v for k, v in selector.items()):
        _mismatch(faults)
    _template(spec, context, faults, tolerance)


create_replication_controller = _creates(_replication_controller)


def update_replication_controller(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with the new content of a ReplicationController; its selector may change."""
    spec, stored = new.get("spec") or {}, old.get("spec") or {}
    _replication_controller(spec, context, faults, _tolerance(stored))
    if not same(spec, stored):
        pod.warn_of_template(stored.get("template") or {}, TEMPLATE, context, faults)


CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {
    "Deployment": create_deployment,
    "ReplicaSet": create_replica_set,
    "DaemonSet": create_daemon_set,
    "StatefulSet": create_stateful_set,
    "ControllerRevision": create_controller_revision,
}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {
    "Deployment": update_deployment,
    "ReplicaSet": update_replica_set,
    "DaemonSet": update_daemon_set,
    "StatefulSet": update_stateful_set,
    "ControllerRevision": update_controller_revision,
}
