"""Probes that knock at a port that the container does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a probe whose port is not among the TCP ports of its container."""
    field = parameters["probe"]
    for container, path in subject.containers:
        probe = container.get(field)
        if path[-2] != "containers" or not isinstance(probe, dict):
            continue
        ports = [p for p in container.get("ports") or () if isinstance(p, dict) and p.get("protocol", "TCP") == "TCP"]
        for handler in ("httpGet", "tcpSocket", "grpc"):
            asked = probe.get(handler)
            if not isinstance(asked, dict):
                continue
            port = asked.get("port")
            if not any(port in (p.get("name"), p.get("containerPort")) for p in ports):
                yield Finding((*path, field, handler), {"name": container.get("name"), "port": port})
