"""Service accounts under the old name of the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame `serviceAccount` where it stands alone, or with `beside` where serviceAccountName is given as well."""
    if subject.pod is None or not subject.pod.get("serviceAccount"):
        return
    if bool(subject.pod.get("serviceAccountName")) == parameters["beside"]:
        yield Finding((*subject.pod_path, "serviceAccount"))
