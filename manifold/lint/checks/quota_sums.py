"""Quotas that their manifests do not fit into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.quantity import Quantity
from manifold.lint import quota
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame each amount that the objects applied with a quota need more of; `at` the least, or only at the most."""
    try:
        allowed = quota.hard(subject)
        least = quota.sums(subject, bundle, most=False)
        found = quota.sums(subject, bundle, most=True) if parameters["at"] == "most" else least
    except ValueError:  # a quantity that is none: the server says so
        return
    for name, line in found.items():
        limit = allowed[name]
        if line.total <= limit.nanos or (found is not least and name in least and least[name].total > limit.nanos):
            continue
        largest = ", ".join(words for _, words in sorted(line.by, key=lambda b: -b[0])[:3])
        yield Finding(
            ("spec", "hard", name),
            {"value": name, "need": Quantity(line.total, limit.format), "limit": limit, "largest": largest},
        )
