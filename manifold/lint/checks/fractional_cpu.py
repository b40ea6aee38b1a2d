"""Guaranteed Pods that get no CPU of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts, is_sidecar
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container of a Guaranteed Pod whose CPU is at least `least` and no whole number."""
    if subject.pod is None:
        return
    try:
        if subject.qos != "Guaranteed":
            return
        for container, path in subject.containers:
            cpu = amounts(container.get("resources"), "limits").get("cpu")
            running = path[-2] == "containers" or is_sidecar(container)
            if cpu is not None and running and cpu.milli() % 1000 and cpu.milli() >= parameters["least"] * 1000:
                yield Finding((*path, "resources", "limits", "cpu"), {"name": container.get("name"), "value": cpu})
    except ValueError:  # a quantity that is none: the server says so
        return
