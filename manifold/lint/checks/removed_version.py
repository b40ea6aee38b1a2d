"""API versions that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame one of the `versions`."""
    wanted = parameters["versions"].get(subject.document.api_version)
    if wanted is not None and ("*" in wanted or subject.kind in wanted):
        yield Finding(("apiVersion",), {"value": f"{subject.document.api_version} {subject.kind}"})
