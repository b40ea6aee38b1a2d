"""Label values that no server takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject
from manifold.model import Path

VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a label value with characters that labels do not have."""
    places: list[tuple[Any, Path]] = [((subject.body.get("metadata") or {}).get("labels"), ("metadata", "labels"))]
    if template := subject.pod_path[:-1]:  # the labels of a Pod are its own
        places.append((subject.labels, (*template, "metadata", "labels")))
    for labels, path in places:
        for key, value in (labels or {}).items():
            if VALUE.fullmatch(str(value)) is None:
                yield Finding((*path, key), {"value": value})
