"""Jobs and CronJobs.

Follows kubernetes v1.37.2 pkg/apis/batch/validation, pkg/registry/batch and pkg/api/job. What one value alone must be
stands in schemas/constraints/batch.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.create import SUFFIX, UID
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata, pod
from manifold.apiserver.validate.pod.scope import NOTHING, Tolerance
from manifold.apiserver.validate.pod.tolerance import tolerated
from manifold.k8s import cron, formats
from manifold.k8s.equality import same
from manifold.k8s.selectors import matches
from manifold.model import MapKey, Path
from manifold.patterns import late

Body = dict[str, Any]

MOST_INDEXED = 100_000
MANY_COMPLETIONS = 100_000
MOST_WITH_MANY = 10_000
MOST_RULES = 20
CONTROLLER_UID, JOB_NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_PATH = late(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_INTEGER = late(r"[+-]?[0-9]+")
_ZONE_PART = late(r"[A-Za-z.\-_0-9+]{1,14}")


def _managed_by(value: str, path: Path, faults: Faults) -> None:
    host, slash, rest = value.partition("/")
    if not value:
        faults.required(path)
    elif not slash or not host or not rest:
        faults.invalid(path, f"{value!r} must be a domain and a path, such as example.com/controller")
    else:
        for message in formats.dns_subdomain(host):
            faults.invalid(path, message)
        if not _PATH.fullmatch(rest):
            faults.invalid(path, f"{rest!r} is no path")
    if len(value.encode()) > 63:
        faults.too_long(path, 63)


def _indexed(spec: Body, path: Path, faults: Faults) -> None:
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    failed = spec.get("maxFailedIndexes")
    if completions is None:
        faults.required((*path, "completions"), "an Indexed Job needs completions")
    if parallelism is not None and parallelism > MOST_INDEXED:
        faults.invalid((*path, "parallelism"), f"{parallelism}: an Indexed Job runs {MOST_INDEXED} at once at most")
    if completions is not None and failed is not None and failed > completions:
        faults.invalid((*path, "maxFailedIndexes"), f"{failed} is more than the {completions} completions")
    if failed is not None and failed > MOST_INDEXED:
        faults.invalid((*path, "maxFailedIndexes"), f"{failed} is more than {MOST_INDEXED}")
    if completions is not None and completions > MANY_COMPLETIONS and spec.get("backoffLimitPerIndex") is not None:
        if failed is None:
            faults.required((*path, "maxFailedIndexes"), f"needed with more than {MANY_COMPLETIONS} completions")
        elif failed > MOST_WITH_MANY:
            faults.invalid((*path, "maxFailedIndexes"), f"{failed}: at most {MOST_WITH_MANY} with so many completions")
        if parallelism is not None and parallelism > MOST_WITH_MANY:
            faults.invalid((*path, "parallelism"), f"{parallelism}: at most {MOST_WITH_MANY} with so many completions")


def _job_spec(spec: Body, path: Path, context: Context, faults: Faults, tolerance: Tolerance) -> None:
    """What holds of a Job's spec, in a Job and in a CronJob."""
    limit, failed = spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes")
    if failed is not None and limit is None:
        faults.required((*path, "backoffLimitPerIndex"), "must be set beside maxFailedIndexes")
    managed = spec.get("managedBy")
    if managed is not None and context.since(1, 32):
        _managed_by(managed, (*path, "managedBy"), faults)
    mode = spec.get("completionMode")
    mode = "NonIndexed" if mode is None else mode
    if mode == "Indexed":
        _indexed(spec, path, faults)
    elif mode == "NonIndexed":
        for name, value in (("backoffLimitPerIndex", limit), ("maxFailedIndexes", failed)):
            if value is not None:
                faults.invalid((*path, name), "needs completionMode: Indexed")
    template = spec.get("template") or {}
    own = template.get("spec") or {}
    policy = spec.get("podFailurePolicy")
    if policy is not None:
        _failure_policy(policy, spec, own, (*path, "podFailurePolicy"), context, faults)
    success = spec.get("successPolicy")
    if success is not None:
        if mode != "Indexed":
            faults.invalid((*path, "successPolicy"), "needs completionMode: Indexed")
        else:
            _success_policy(success, spec.get("completions"), (*path, "successPolicy"), faults)
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None:
        allowed = _REPLACEMENTS if policy is None else ("Failed",)
        if replacement not in allowed:
            faults.not_supported((*path, "podReplacementPolicy"), replacement, allowed)
    pod.template(template, (*path, "template"), context, faults, tolerance=tolerance)
    restart = own.get("restartPolicy") or "Always"
    where = (*path, "template", "spec", "restartPolicy")
    if restart == "Always":
        faults.required(where, "a Job's Pods end: OnFailure or Never must be written", "write restartPolicy: Never")
    elif restart not in ("OnFailure", "Never"):
        faults.not_supported(where, restart, ("Never", "OnFailure"))
    elif policy is not None and restart != "Never":
        faults.invalid(where, "must be Never beside a podFailurePolicy")


def _failure_policy(policy: Body, spec: Body, own: Body, path: Path, context: Context, faults: Faults) -> None:
    rules = policy.get("rules") or ()
    names = {c.get("name") or "" for part in ("containers", "initContainers") for c in own.get(part) or ()}
    for i, rule in enumerate(rules):
        here = (*path, "rules", i)
        if rule.get("action") == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            faults.invalid((*here, "action"), "FailIndex needs spec.backoffLimitPerIndex")
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
        if codes is not None:
            _exit_codes(codes, names, (*here, "onExitCodes"), faults)
        if codes is not None and conditions:
            faults.invalid(here, "onExitCodes and onPodConditions exclude one another")
        if codes is None and not conditions:
            faults.invalid(here, "one of onExitCodes and onPodConditions must be set")


def _exit_codes(codes: Body, names: set[str], path: Path, faults: Faults) -> None:
    values = codes.get("values") or ()
    name = codes.get("containerName")
    if name is not None and name not in names:
        faults.invalid((*path, "containerName"), f"the Pod template has no container {name!r}")
    for i, value in enumerate(values):
        if codes.get("operator") == "In" and value == 0:
            faults.invalid((*path, "values", i), "operator In takes no 0: that is no failure")
    if any(before > after for before, after in pairwise(values)):
        faults.invalid((*path, "values"), "must be in rising order")


def _success_policy(policy: Body, completions: int | None, path: Path, faults: Faults) -> None:
    rules = policy.get("rules") or ()
    if not rules:
        faults.required((*path, "rules"), "at least one rule must be set")
    if len(rules) > MOST_RULES:
        faults.too_many((*path, "rules"), len(rules), MOST_RULES)
    for i, rule in enumerate(rules):
        here = (*path, "rules", i)
        indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
        if indexes is None and count is None:
            faults.required(here, "one of succeededIndexes and succeededCount must be set")
        total = 0
        if indexes is not None:
            if len(indexes) > 64 * 1024:
                faults.too_long((*here, "succeededIndexes"), 64 * 1024)
            if completions is not None:
                total, message = _count_indexes(indexes, completions)
                if message:
                    faults.invalid((*here, "succeededIndexes"), message)
        if count is not None:
            if count < 0:
                faults.invalid((*here, "succeededCount"), f"{count} must not be negative")
            if completions is not None and count > completions:
                faults.invalid((*here, "succeededCount"), f"{count} is more than the {completions} completions")
            if indexes is not None and count > total:
                faults.invalid((*here, "succeededCount"), f"{count} is more than the {total} succeededIndexes")


def _count_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a text such as `0,2-5` names, and what is wrong with it."""
    total, last = 0, -1
    for part in text.split(",") if text else ():
        bounds = part.split("-")
        if len(bounds) > 2 or not all(_INTEGER.fullmatch(b) for b in bounds):
            return 0, f"{part!r} is no index and no range such as 2-5"
        low, high = int(bounds[0]), int(bounds[-1])
        if low >= completions or high >= completions:
            return 0, f"{part!r}: the last index is {completions - 1}"
        if low <= last or (len(bounds) == 2 and low >= high):
            return 0, f"{part!r}: indexes must rise"
        total, last = total + high - low + 1, high
    return total, ""


def _generated(body: Body, faults: Faults) -> None:
    """Blame labels and selectors that clash with those that the server makes."""
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return
    name = meta.get("name") or f"{(meta.get('generateName') or '')[:58]}{SUFFIX}"
    expected = {"controller-uid": UID, "job-name": name, CONTROLLER_UID: UID, JOB_NAME: name}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    for key, value in expected.items():
        if labels.get(key) != value:
            faults.invalid(
                ("spec", "template", "metadata", "labels", MapKey(key)), "the server writes this label: leave it out"
            )
    unreadable = Faults()
    metadata.label_selector(selector, (), unreadable)
    if not unreadable and not matches(selector, expected):
        faults.invalid(("spec", "selector"), "the server makes the selector: leave it out, or set manualSelector: true")


def _selector(spec: Body, faults: Faults, *, lenient: bool = False) -> None:
    selector = spec.get("selector")
    if selector is None:
        faults.required(("spec", "selector"), "manualSelector: true needs a selector")
        selector = None
    else:
        before = len(faults)
        metadata.label_selector(selector, ("spec", "selector"), faults, lenient_values=lenient)
        if len(faults) > before:
            return
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not matches(selector, labels):
        faults.invalid(("spec", "template", "metadata", "labels"), "spec.selector does not select these labels")


def _hostname(body: Body, faults: Faults) -> None:
    """Blame a name that leaves no room for the index in the hostnames of an Indexed Job's Pods."""
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        prefix = meta.get("generateName")
        name = meta.get("name") or (f"{prefix[:58]}{SUFFIX}" if prefix else "")
        if formats.dns_label(f"{name}-{completions - 1}"):
            faults.invalid(
                ("metadata", "name"),
                f"a Pod's hostname would be {f'{name}-{completions - 1}'!r}, which is no DNS label",
            )


def _warn(spec: Body, path: Path, context: Context, faults: Faults) -> None:
    many = (spec.get("completions") or 0) > MANY_COMPLETIONS and (spec.get("parallelism") or 0) > MOST_WITH_MANY
    if spec.get("completionMode") == "Indexed" and many:
        faults.warn(path, "with so many completions at once Kubernetes may lose track of failed indexes")
    pod.warn_of_template(spec.get("template") or {}, (*path, "template"), context, faults)


def create_job(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new Job, and warn."""
    spec = body.get("spec") or {}
    _generated(body, faults)
    _job_spec(spec, ("spec",), context, faults, NOTHING)
    _selector(spec, faults)
    _hostname(body, faults)
    pod.warn_of_name(body.get("metadata") or {}, faults)
    _warn(spec, ("spec",), context, faults)


def _tolerance(spec: Body) -> Tolerance:
    template = spec.get("template") or {}
    return tolerated(template.get("spec") or {}, (template.get("metadata") or {}).get("annotations") or {})


def update_job(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what an update may not make of a Job; what never changes stands in schemas/immutable.yaml."""
    spec, stored = new.get("spec") or {}, old.get("spec") or {}
    expressions = (stored.get("selector") or {}).get("matchExpressions") or ()
    lenient = any(formats.label_value(v) for e in expressions for v in e.get("values") or ())
    tolerance = _tolerance(stored)
    _job_spec(spec, ("spec",), context, faults, replace(tolerance, selector_values=True) if lenient else tolerance)
    _selector(spec, faults, lenient=lenient)
    _completions(spec, stored, faults)
    _template_change(spec, stored, old.get("status") or {}, context, faults)
    _hostname(new, faults)
    if not same(spec, stored):
        _warn(spec, ("spec",), context, faults)


def _completions(spec: Body, stored: Body, faults: Faults) -> None:
    new, old = spec.get("completions"), stored.get("completions")
    if new == old:
        return
    if spec.get("completionMode") != "Indexed":
        faults.invalid(("spec", "completions"), "cannot be changed but in Indexed Jobs")
    elif new is not None and new != spec.get("parallelism"):
        faults.invalid(("spec", "completions"), "changes together with parallelism only, to the same number")


def _template_change(spec: Body, stored: Body, status: Body, context: Context, faults: Faults) -> None:
    template, former = spec.get("template") or {}, stored.get("template") or {}
    if same(template, former):
        return
    suspended = bool(stored.get("suspend"))
    started = status.get("startTime") is not None
    was_suspended = any(
        c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ()
    )
    idle = suspended and (not started or was_suspended) and not status.get("active")
    newer = context.since(1, 36)
    if idle if newer else suspended and not started:
        former = _with_directives(former, template)
    if suspended and idle and newer:
        if not same(template.get("spec"), _with_resources(former.get("spec") or {}, template.get("spec") or {})):
            faults.invalid(
                ("spec", "template.spec"), "of a suspended Job only resources and where its Pods may run can change"
            )
    elif not same(template, former):
        faults.invalid(("spec", "template"), "cannot be changed once the Job exists", "create a Job of another name")


def _with_directives(old: Body, new: Body) -> Body:
    """The old template with what says in the new one where Pods may run."""
    spec, wanted = dict(old.get("spec") or {}), new.get("spec") or {}
    for field in ("nodeSelector", "tolerations", "schedulingGates"):
        spec[field] = wanted.get(field)
    others = {k: v for k, v in (spec.get("affinity") or {}).items() if k != "nodeAffinity"}
    node = (wanted.get("affinity") or {}).get("nodeAffinity")
    if wanted.get("affinity") is not None:
        spec["affinity"] = {**others, "nodeAffinity": node}
    else:
        spec["affinity"] = others or None
    meta, ours = dict(old.get("metadata") or {}), new.get("metadata") or {}
    for field in ("labels", "annotations"):
        meta[field] = ours.get(field)
    return {**old, "metadata": meta, "spec": spec}


def _with_resources(old: Body, new: Body) -> Body:
    spec = dict(old)
    for field in ("containers", "initContainers"):
        before, after = old.get(field) or [], new.get(field) or []
        if len(before) == len(after):
            spec[field] = [
                {**b, "resources": a.get("resources")} if a.get("name") == b.get("name") else b
                for b, a in zip(before, after, strict=True)
            ]
    return spec


def _schedule(spec: Body, old: Body | None, faults: Faults) -> None:
    schedule = spec.get("schedule") or ""
    if "TZ" in schedule:
        if old is None or "TZ" not in (old.get("schedule") or ""):
            faults.invalid(("spec", "schedule"), "TZ stands in no schedule", "write spec.timeZone")
        elif spec.get("timeZone") is not None:
            faults.invalid(("spec", "schedule"), "TZ and spec.timeZone exclude one another")


def _time_zone(zone: str, faults: Faults) -> None:
    path: Path = ("spec", "timeZone")
    if not zone:
        faults.invalid(path, "must be left out, or name a time zone such as Europe/Berlin")
        return
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            faults.invalid(path, f"there is no time zone {zone!r}")
            return
    if zone.lower() == "local":
        faults.invalid(path, "must be a time zone of its own, such as Europe/Berlin")
    if not cron.zone_exists(zone):
        faults.invalid(path, f"there is no time zone {zone!r}", "names are case-sensitive, such as Europe/Berlin")


def _cron_job(spec: Body, old: Body | None, context: Context, faults: Faults) -> None:
    _schedule(spec, old, faults)
    zone = spec.get("timeZone")
    if zone is not None and (old is None or old.get("timeZone") != zone):
        _time_zone(zone, faults)
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    path: Path = ("spec", "jobTemplate", "spec")
    tolerance = NOTHING if old is None else _tolerance((old.get("jobTemplate") or {}).get("spec") or {})
    _job_spec(job, path, context, faults, tolerance)
    if job.get("selector") is not None:
        faults.invalid((*path, "selector"), "the server makes the selector of each Job: leave it out")
    if job.get("manualSelector"):
        faults.not_supported((*path, "manualSelector"), "true", ("false",))


def create_cron_job(body: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with a new CronJob, and warn."""
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    _cron_job(spec, None, context, faults)
    name = meta.get("name") or f"{(meta.get('generateName') or '')[:58]}{SUFFIX}"
    if len(name.encode()) > 52:
        faults.invalid(("metadata", "name"), "longer than 52 characters: its Jobs get 11 more")
    pod.warn_of_name(meta, faults)
    _warn((spec.get("jobTemplate") or {}).get("spec") or {}, ("spec", "jobTemplate", "spec"), context, faults)


def update_cron_job(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """Blame what is wrong with the new content of a CronJob, and warn."""
    spec, stored = new.get("spec") or {}, old.get("spec") or {}
    _cron_job(spec, stored, context, faults)
    if not same(spec, stored):
        _warn((spec.get("jobTemplate") or {}).get("spec") or {}, ("spec", "jobTemplate", "spec"), context, faults)
    if "TZ" in (spec.get("schedule") or ""):
        faults.warn(("spec", "schedule"), "TZ in schedules is not supported: use timeZone")


CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {"Job": create_job, "CronJob": create_cron_job}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {"Job": update_job, "CronJob": update_cron_job}
