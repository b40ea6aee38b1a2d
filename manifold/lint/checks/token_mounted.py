"""Pods that mount the token of their service account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame Pods for which neither they nor their service account, if at hand, turn the token down; the Pod has the last word."""
    if subject.pod is None or not subject.containers:
        return
    said = subject.pod.get("automountServiceAccountToken")
    if said is None:
        name = subject.pod.get("serviceAccountName") or subject.pod.get("serviceAccount") or "default"
        for account in bundle.called("ServiceAccount", subject.namespace, name):
            said = account.body.get("automountServiceAccountToken")
    if said is not False:
        place = "automountServiceAccountToken"
        yield Finding((*subject.pod_path, place) if place in subject.pod else subject.pod_path)
