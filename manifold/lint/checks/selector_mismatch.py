"""Selectors that miss their own Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import matches
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a workload whose selector does not match the labels of its template."""
    selector = (subject.body.get("spec") or {}).get("selector")
    if isinstance(selector, dict) and subject.kind == "DeploymentConfig":
        selector = {"matchLabels": selector}  # a plain map there
    if isinstance(selector, dict) and selector and not matches(selector, subject.labels):
        yield Finding(("spec", "selector"))
