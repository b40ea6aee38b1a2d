"""Budgets that leave it open what is done with broken Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a budget without unhealthyPodEvictionPolicy; no release that served policy/v1beta1 had the field."""
    if subject.document.api_version == "policy/v1beta1":
        return
    if not (subject.body.get("spec") or {}).get("unhealthyPodEvictionPolicy"):
        yield Finding(("spec",))
