"""Ingresses whose backends are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a backend, the `default` one or those of rules, whose Service, or whose port in it, is not among the objects at hand.

    With `unsure` only one whose Service names `default` and the Ingress none, or the other way round.
    """
    spec = subject.body.get("spec") or {}
    backends: list[tuple[Any, tuple[str | int, ...]]] = []
    if parameters["default"]:
        backends = [(spec[f], ("spec", f)) for f in ("defaultBackend", "backend") if isinstance(spec.get(f), dict)]
    for i, rule in enumerate(() if parameters["default"] else spec.get("rules") or ()):
        for j, item in enumerate(((rule or {}).get("http") or {}).get("paths") or ()):
            backends.append((item.get("backend") or {}, ("spec", "rules", i, "http", "paths", j, "backend")))
    for backend, path in backends:
        service = backend.get("service") if isinstance(backend.get("service"), dict) else None
        if service is None:
            if "serviceName" not in backend:
                continue
            service = {"name": backend["serviceName"], "port": {"number": backend.get("servicePort")}}
        port = service.get("port") or {}
        asked = port.get("name") or port.get("number")
        found = [
            other
            for other in bundle.called("Service", subject.namespace, service.get("name"))
            if any(asked in (p.get("name"), p.get("port")) for p in (other.body.get("spec") or {}).get("ports") or ())
        ]
        unsure = bool(found) and all(other.written != subject.written for other in found)
        if unsure if parameters.get("unsure") else not found:
            yield Finding(path, {"value": service.get("name"), "port": asked})
