"""Repairs of lint findings by what `rules/repairs.yaml` says: a value is put where there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from manifold import assets
from manifold.fix.operations import Insert, Operation, Repair, Set, at
from manifold.lint.engine import subject as prepared
from manifold.model import Document, Path, spell

Body = Mapping[str, Any]
Finding = tuple[str, str]
"""Rule and path."""


def find(document: Document, found: Collection[Finding], chapter: str) -> Iterator[Repair]:
    """The repairs of a chapter of the table for what is found of an object: one for the Pod and one for each container."""
    if not found:
        return
    whole = prepared(document)
    if whole.pod is None or not whole.pod:
        return
    lines = assets.table("rules", "repairs.yaml")[chapter]
    yield from _one(whole.pod, whole.pod_path, [e for e in lines if e["at"] == "pod"], found)
    # What the Pod as a whole says bounds its containers: a value beside it might be too much.
    free = [
        e for e in lines if not any(at(whole.pod, tuple(p.split("."))) is not None for p in e.get("unless-pod", ()))
    ]
    for container, path in whole.containers:
        yield from _one(container, path, [e for e in free if e["at"] == "container"], found)


def _one(body: Body, path: Path, lines: list[dict[str, Any]], found: Collection[Finding]) -> Iterator[Repair]:
    here = spell(path)
    wanted: dict[str, Any] = {}
    rules: list[str] = []
    for line in lines:
        # What blames a Pod as a whole is mended in each of its containers.
        hit = [r for r, p in found if r in line["rules"] and (p.startswith(here) or here.startswith(p))]
        where = tuple(line["put"].split("."))
        value = _value(line["value"], body)
        if not hit or value is None or at(body, where) is not None:
            continue
        if any(at(body, tuple(p.split("."))) is not None for p in line.get("unless", ())):
            continue
        rules += [r for r in hit if r not in rules]
        _nest(wanted, where, value)
    operations = list(_operations(body, path, wanted))
    if operations:
        name = f"container `{body.get('name')}`" if path[-1] != "spec" else "the Pod"
        words = ", ".join(sorted(_leaves(wanted)))
        yield Repair(sorted(rules)[0], f"{name} gets {words}", path, tuple(operations))


def _value(value: Any, body: Body) -> Any:
    """The value to put, with the container's first port where it is asked for; None where there is none."""
    if value == "$port":
        ports = body.get("ports")
        first = ports[0] if isinstance(ports, list) and ports and isinstance(ports[0], dict) else {}
        if first.get("protocol", "TCP") != "TCP":
            return None
        return first.get("name") or first.get("containerPort")
    if isinstance(value, dict):
        inner = {k: _value(v, body) for k, v in value.items()}
        return None if None in inner.values() else inner
    return value


def _nest(target: dict[str, Any], path: Path, value: Any) -> None:
    for part in path[:-1]:
        target = target.setdefault(str(part), {})
    target[str(path[-1])] = value


def _operations(body: Body, path: Path, wanted: Body) -> Iterator[Operation]:
    for key, value in wanted.items():
        there = body.get(key)
        if key not in body:
            yield Insert(path, key, value)
        elif there is None or there == {}:
            yield Set((*path, key), value)
        elif isinstance(there, dict) and isinstance(value, dict):
            yield from _operations(there, (*path, key), value)


def _leaves(wanted: Any, prefix: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        if isinstance(value, dict) and key in ("securityContext", "resources", "requests", "limits", "capabilities"):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
