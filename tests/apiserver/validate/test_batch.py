"""What Jobs and CronJobs are blamed for: the paths and reasons of kube-apiserver 1.37.2."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold.apiserver.faults import DUPLICATE, INVALID, NOT_SUPPORTED, REQUIRED
from manifold.apiserver.server import Server
from manifold.model import spell

Body = dict[str, Any]
Blamed = list[tuple[str, str]]


def job(template: Body | None = None, **spec: Any) -> Body:
    """A Job that is fine but for what is given."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}], **(template or {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": {"spec": pod}, **spec},
    }


def cron_job(**spec: Any) -> Body:
    """A CronJob that is fine but for what is given."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job()["spec"]}, **spec},
    }


def blamed(body: Body) -> Blamed:
    """The faults of a create, as (path, reason), sorted; warnings left out."""
    return sorted((spell(f.path), f.reason) for f in Server().create(body).faults if not f.warning)


INDEXED: Body = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
CODES = {"operator": "In", "values": [1]}

JOBS: list[tuple[Body, Blamed]] = [
    (job(), []),
    (job({"restartPolicy": "Always"}), [("template.spec.restartPolicy", REQUIRED)]),
    (job({"restartPolicy": None}), [("template.spec.restartPolicy", REQUIRED)]),
    (job(parallelism=-1), [("parallelism", INVALID)]),
    (job(completionMode="Sometimes"), [("completionMode", NOT_SUPPORTED)]),
    (job(completionMode="Indexed", parallelism=2), [("completions", REQUIRED)]),
    (job(backoffLimitPerIndex=1), [("backoffLimitPerIndex", INVALID)]),
    (job(**INDEXED, maxFailedIndexes=1), [("backoffLimitPerIndex", REQUIRED)]),
    (job(managedBy="me"), [("managedBy", INVALID)]),
    (job(podReplacementPolicy="Never"), [("podReplacementPolicy", NOT_SUPPORTED)]),
    (job(manualSelector=True), [("selector", REQUIRED), ("template.metadata.labels", INVALID)]),
    (job(selector={"matchLabels": {"a": "b"}}), [("selector", INVALID), ("template.metadata.labels", INVALID)]),
    (job(successPolicy={"rules": [{"succeededCount": 1}]}), [("successPolicy", INVALID)]),
    (job(**INDEXED, successPolicy={"rules": [{}]}), [("successPolicy.rules[0]", REQUIRED)]),
    (
        job(**INDEXED, successPolicy={"rules": [{"succeededIndexes": "0,2-5"}]}),
        [("successPolicy.rules[0].succeededIndexes", INVALID)],
    ),
    (job(podFailurePolicy={"rules": [{"action": "FailJob", "onExitCodes": CODES}]}), []),
    (
        job({"restartPolicy": "OnFailure"}, podFailurePolicy={"rules": [{"action": "FailJob", "onExitCodes": CODES}]}),
        [("template.spec.restartPolicy", INVALID)],
    ),
    (job(podFailurePolicy={"rules": [{"action": "FailJob"}]}), [("podFailurePolicy.rules[0]", INVALID)]),
    (
        job(podFailurePolicy={"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [2, 0, 2]}}]}),
        [
            ("podFailurePolicy.rules[0].onExitCodes.values", INVALID),
            ("podFailurePolicy.rules[0].onExitCodes.values[1]", INVALID),
            ("podFailurePolicy.rules[0].onExitCodes.values[2]", DUPLICATE),
        ],
    ),
]


@pytest.mark.parametrize(("body", "expected"), JOBS)
def test_jobs(body: Body, expected: Blamed) -> None:
    """One Job, one mistake; paths are below `spec`."""
    assert blamed(body) == [(f"spec.{path}", reason) for path, reason in expected]


CRON_JOBS: list[tuple[Body, Blamed]] = [
    (cron_job(), []),
    (cron_job(schedule=""), [("schedule", REQUIRED)]),
    (cron_job(schedule="TZ=UTC * * * * *"), [("schedule", INVALID)]),
    (cron_job(timeZone="europe/berlin"), [("timeZone", INVALID)]),
    (cron_job(concurrencyPolicy="Maybe"), [("concurrencyPolicy", NOT_SUPPORTED)]),
    (cron_job(failedJobsHistoryLimit=-1), [("failedJobsHistoryLimit", INVALID)]),
    (
        cron_job(jobTemplate={"spec": {**job()["spec"], "manualSelector": True}}),
        [("jobTemplate.spec.manualSelector", NOT_SUPPORTED)],
    ),
]


@pytest.mark.parametrize(("body", "expected"), CRON_JOBS)
def test_cron_jobs(body: Body, expected: Blamed) -> None:
    """One CronJob, one mistake; paths are below `spec`."""
    assert blamed(body) == [(f"spec.{path}", reason) for path, reason in expected]


def test_long_names() -> None:
    """A CronJob's Jobs get eleven characters more, an Indexed Job's Pods their index."""
    body = cron_job()
    body["metadata"]["name"] = "c" * 53
    assert blamed(body) == [("metadata.name", INVALID)]
    body = job(**INDEXED)
    body["metadata"]["name"] = "j" * 62
    assert blamed(body) == [("metadata.name", INVALID)]


def changed(old: Body, change: Any) -> Blamed:
    """What a PUT is blamed for that makes `change` to the spec of a stored Job."""
    stored = Server().create(old).object
    assert stored is not None
    new = copy.deepcopy(stored)
    change(new["spec"])
    return sorted((spell(f.path), f.reason) for f in Server().update(stored, new).faults if not f.warning)


def test_updates() -> None:
    """A Job changes its parallelism, and where its Pods run only before they do."""
    assert changed(job(), lambda s: s.update(parallelism=5)) == []
    assert changed(job(), lambda s: s.update(completions=5)) == [("spec.completions", INVALID)]
    assert changed(job(**INDEXED), lambda s: s.update(completions=5, parallelism=5)) == []
    assert changed(job(**INDEXED), lambda s: s.update(completions=5)) == [("spec.completions", INVALID)]

    def place(spec: Body) -> None:
        spec["template"]["spec"]["nodeSelector"] = {"a": "b"}

    assert changed(job(), place) == [("spec.template", INVALID)]
    assert changed(job(suspend=True), place) == []
    assert changed(job(suspend=True), lambda s: s["template"]["spec"].update(hostNetwork=True)) == [
        ("spec.template.spec", INVALID)
    ]
