"""Pods that a quota refuses, as they do not say what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container without a request or limit that a quota of its namespace counts and no LimitRange fills in."""
    if not bundle.of("ResourceQuota"):
        return
    from manifold.lint import quota  # most repositories have no quota

    try:
        for path, name, missing, by in quota.silent(subject, bundle):
            yield Finding(path, {"name": name, "value": ", ".join(missing), "quota": by})
    except ValueError:  # a quantity that is none: the server says so
        return
