"""API versions that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def concerns(api_version: str, kind: str, parameters: Mapping[str, Any]) -> bool:
    """One of the `versions`, of any kind or of this one."""
    return not {"*", kind}.isdisjoint(parameters["versions"].get(api_version, ()))


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame what `concerns` it."""
    yield Finding(("apiVersion",), {"value": f"{subject.document.api_version} {subject.kind}"})
