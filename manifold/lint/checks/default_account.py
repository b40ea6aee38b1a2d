"""Pods that run as the account of everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a Pod that mounts the token of the service account default."""
    if subject.pod is None:
        return
    name = subject.pod.get("serviceAccountName") or subject.pod.get("serviceAccount") or "default"
    if name == "default" and subject.pod.get("automountServiceAccountToken") is not False:
        yield Finding(subject.pod_path)
