"""Kernel settings that reach beyond the Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a sysctl with one of the `prefixes` that is not `safe`."""
    if subject.pod is None:
        return
    for i, item in enumerate((subject.pod.get("securityContext") or {}).get("sysctls") or ()):
        name = str((item or {}).get("name"))
        if name.startswith(tuple(parameters["prefixes"])) and name not in parameters["safe"]:
            yield Finding((*subject.pod_path, "securityContext", "sysctls", i), {"value": name})
