"""Probes that ask the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a liveness probe that asks what the readiness probe asks, over `grpc` or otherwise; headers and scheme do not count."""
    for container, path in subject.containers:
        ready, live = container.get("readinessProbe"), container.get("livenessProbe")
        if isinstance(ready, dict) and ("grpc" in ready) != parameters["grpc"]:
            continue
        if isinstance(ready, dict) and isinstance(live, dict) and _handler(ready) and _handler(ready) == _handler(live):
            yield Finding((*path, "livenessProbe"), {"name": container.get("name")})


def _handler(probe: Mapping[str, Any]) -> dict[str, Any]:
    found = {k: probe[k] for k in ("exec", "httpGet", "tcpSocket", "grpc") if k in probe}
    if isinstance(found.get("httpGet"), dict):
        found["httpGet"] = {k: v for k, v in found["httpGet"].items() if k not in ("httpHeaders", "scheme")}
    return found
