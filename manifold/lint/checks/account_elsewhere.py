"""Pods whose service account is not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a service account other than `default` that the objects at hand do not include."""
    if subject.pod is None:
        return
    name = subject.pod.get("serviceAccountName") or subject.pod.get("serviceAccount")
    if not name or name == "default":
        return
    if not bundle.called("ServiceAccount", subject.namespace, name):
        yield Finding((*subject.pod_path, "serviceAccountName"), {"value": name})
