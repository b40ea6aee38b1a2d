"""API versions that go, replaced where the fields can go along without a loss: `schemas/migrations.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from manifold import assets
from manifold.fix.operations import Delete, Insert, Operation, Rename, Repair, Replace, Set, at
from manifold.fix.subject import Subject, walk
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 0, False

Body = dict[str, Any]


class _CannotError(Exception):
    """The object holds something that has no place in the new version."""


@cache
def _migrations() -> dict[tuple[str, str], dict[str, Any]]:
    data = assets.table("schemas", "migrations.yaml")
    return {(old, kind): line for line in data["migrations"] for old in line["from"] for kind in line["kinds"]}


def _path(text: str) -> Path:
    return tuple(text.split("."))


def find(subject: Subject) -> Iterator[Repair]:
    yield from _references(subject)
    version, kind = subject.document.api_version, subject.document.kind
    migration = _migrations().get((version, kind))
    schema = subject.around.server.schema
    if migration is None or schema.kind(migration["to"], kind) is None:
        return
    if schema.kind(version, kind) is not None and not any(f.rule == "api/deprecated" for f in subject.faults):
        return
    body = subject.body
    if any(at(body, _path(p)) is not None for p in migration.get("unless", ())):
        return
    if any(at(body, _path(p)) == {} for p in migration.get("unless-empty", ())):
        return
    operations: list[Operation] = [Set(("apiVersion",), migration["to"])]
    try:
        for step in migration.get("steps", ()):
            operations += STEPS[step](body) if isinstance(step, str) else _step(body, step)
    except _CannotError:
        return
    also = f", and its fields are moved to where {migration['to']} has them" if len(operations) > 1 else ""
    rule = "api/no-such-kind" if schema.kind(version, kind) is None else "api/deprecated"
    yield Repair(rule, f"{version} {kind} is {migration['to']} now{also}", ("apiVersion",), tuple(operations))


def _references(subject: Subject) -> Iterator[Repair]:
    names = assets.table("schemas", "migrations.yaml")["references"]
    for path, value in walk(subject.body):
        if path and path[-1] in names:
            old = (str(value.get("apiVersion")), str(value.get("kind")))
            migration = _migrations().get(old)
            if migration is not None and subject.around.server.schema.kind(*old) is None:
                yield Repair(
                    "extensions-group",
                    f"the reference to {old[1]} names {migration['to']} in place of {old[0]}",
                    (*path, "apiVersion"),
                    (Set((*path, "apiVersion"), migration["to"]),),
                )


def _step(body: Body, step: dict[str, Any]) -> list[Operation]:
    if "rename" in step:
        path = _path(step["rename"][0])
        return [Rename(path, step["rename"][1])] if at(body, path) is not None else []
    if "delete" in step:
        return [Delete(_path(step["delete"]))] if at(body, _path(step["delete"])) is not None else []
    where, key, value = step["insert"]
    holder = at(body, _path(where))
    return [Insert(_path(where), key, value)] if isinstance(holder, dict) and key not in holder else []


def _selector(body: Body) -> list[Operation]:
    """The selector that the old versions made out of the template's labels by themselves."""
    spec = body.get("spec")
    if not isinstance(spec, dict) or spec.get("selector") not in (None, {}):
        return []
    labels = at(spec, ("template", "metadata", "labels"))
    if not isinstance(labels, dict) or not labels or "selector" in spec:
        return []
    first = "replicas" if "replicas" in spec else ""
    return [Insert(("spec",), "selector", {"matchLabels": dict(labels)}, first or next(iter(spec)))]


def _service(backend: Any) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    if not isinstance(backend, dict) or "service" in backend:
        return None
    old = tuple(k for k in backend if k in ("serviceName", "servicePort"))
    if not old:
        return None
    port = backend.get("servicePort")
    service: dict[str, Any] = {"name": backend.get("serviceName", "")}
    if isinstance(port, str) and port.isdigit():
        port = int(port)
    if isinstance(port, int) and not isinstance(port, bool):
        service["port"] = {"number": port}
    elif isinstance(port, str):
        service["port"] = {"name": port}
    elif port is not None:
        raise _CannotError
    return old, service


def _ingress(body: Body) -> list[Operation]:
    out: list[Operation] = []
    spec = body.get("spec")
    if not isinstance(spec, dict):
        return out
    found = _service(spec.get("backend"))
    if "backend" in spec:
        if found:
            out.append(Replace(("spec", "backend"), found[0], "service", found[1]))
        out.append(Rename(("spec", "backend"), "defaultBackend"))
    for i, rule in enumerate(spec.get("rules") or ()):
        paths = at(rule, ("http", "paths"))
        for j, entry in enumerate(paths if isinstance(paths, list) else ()):
            if not isinstance(entry, dict):
                raise _CannotError
            where: Path = ("spec", "rules", i, "http", "paths", j)
            if "pathType" not in entry:
                after = "path" if "path" in entry else "backend"
                out.append(Insert(where, "pathType", "ImplementationSpecific", after))
            inner = _service(entry.get("backend"))
            if inner:
                out.append(Replace((*where, "backend"), inner[0], "service", inner[1]))
    return out


def _target(source: Body, field: str, type: str, name: str, found: dict[str, Any]) -> None:
    if field in source:
        found.update({"type": type, name: source[field]})


def _metrics(body: Body) -> list[Operation]:
    """The metrics of autoscaling/v2beta1, whose targets had no object of their own."""
    out: list[Operation] = []
    metrics = at(body, ("spec", "metrics"))
    for i, metric in enumerate(metrics if isinstance(metrics, list) else ()):
        kind = str(metric.get("type", "")) if isinstance(metric, dict) else ""
        field = {"Resource": "resource", "Pods": "pods", "ContainerResource": "containerResource"}.get(kind)
        source = metric.get(field) if field else None
        if field is None or not isinstance(source, dict) or "selector" in source or "target" in source:
            raise _CannotError
        where: Path = ("spec", "metrics", i, field)
        target: dict[str, Any] = {}
        _target(source, "targetAverageUtilization", "Utilization", "averageUtilization", target)
        _target(source, "targetAverageValue", "AverageValue", "averageValue", target)
        if len(target) != 2:
            raise _CannotError
        if "metricName" in source:
            out.append(Replace(where, ("metricName",), "metric", {"name": source["metricName"]}))
        old = tuple(k for k in source if k.startswith("targetAverage"))
        out.append(Replace(where, old, "target", target))
    return out


STEPS: dict[str, Callable[[Body], list[Operation]]] = {"selector": _selector, "ingress": _ingress, "metrics": _metrics}
