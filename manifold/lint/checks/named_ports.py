"""Ports by name that no container gives a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject
from manifold.model import Path

HANDLERS = ("httpGet", "tcpSocket")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a named port of a Service, a NetworkPolicy's ingress or a probe that no container in question names."""
    if subject.pod is not None:
        yield from _probes(subject)
        return
    wanted = list(_asked(subject))
    if not wanted or bundle.making(subject.document):
        return
    spec = subject.body["spec"]
    selector = {"matchLabels": spec["selector"]} if subject.kind == "Service" else spec.get("podSelector") or {}
    selected = bundle.selected(subject, selector)
    if not selected:
        return
    there = {name for w in selected for name in w.ports}
    for name, path in wanted:
        if name not in there:
            names = ", ".join(sorted(there)) or "none"
            yield Finding(path, {"value": name, "who": f"{selected[0].kind} {selected[0].name}", "there": names})


def _asked(subject: Subject) -> Iterator[tuple[str, Path]]:
    spec = subject.body.get("spec") or {}
    if subject.kind == "Service":
        for i, port in enumerate(spec.get("ports") or ()):
            target = (port or {}).get("targetPort")
            if spec.get("selector") and isinstance(target, str) and not target.isdigit():
                yield target, ("spec", "ports", i, "targetPort")
        return
    for i, rule in enumerate(spec.get("ingress") or ()):
        for j, port in enumerate((rule or {}).get("ports") or ()):
            if isinstance((port or {}).get("port"), str):
                yield port["port"], ("spec", "ingress", i, "ports", j, "port")


def _probes(subject: Subject) -> Iterator[Finding]:
    for container, path in subject.containers:
        for place, asked in _handlers(container):
            for handler in HANDLERS:
                if handler not in asked:
                    continue
                port = (asked[handler] or {}).get("port")
                if not isinstance(port, str) or port.isdigit():
                    continue
                names = [p.get("name") for p in container.get("ports") or () if isinstance(p, dict)]
                if port not in names:
                    yield Finding(
                        (*path, *place, handler, "port"),
                        {
                            "value": port,
                            "who": f"container {container.get('name')}",
                            "there": ", ".join(n for n in names if isinstance(n, str)) or "none",
                        },
                    )


def _handlers(container: Mapping[str, Any]) -> list[tuple[Path, Mapping[str, Any]]]:
    """The probes and hooks of a container."""
    found: list[tuple[Path, Mapping[str, Any]]] = [((f,), container[f]) for f in PROBES if container.get(f)]
    if container.get("lifecycle"):
        for field in ("postStart", "preStop"):
            if container["lifecycle"].get(field):
                found.append((("lifecycle", field), container["lifecycle"][field]))
    return found
