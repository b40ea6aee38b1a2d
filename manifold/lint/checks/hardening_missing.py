"""Containers that nothing confines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import APPARMOR
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a container without any of seccomp, SELinux, AppArmor and dropped capabilities."""
    if subject.pod is None:
        return
    whole = subject.pod.get("securityContext") or {}
    notes = (subject.template.get("metadata") or {}).get("annotations") or {}
    for container, path in subject.containers:
        own = container.get("securityContext") or {}
        profile = (own.get("seccompProfile") or {}).get("type") or (whole.get("seccompProfile") or {}).get("type")
        armour = (own.get("appArmorProfile") or whole.get("appArmorProfile") or {}).get("type") or ""
        capabilities = own.get("capabilities") or {}
        dropped = capabilities.get("drop") and not any(str(c).upper() == "ALL" for c in capabilities.get("add") or ())
        if (
            (profile and profile != "Unconfined")
            or own.get("seLinuxOptions")
            or whole.get("seLinuxOptions")
            or armour not in ("", "Unconfined")
            or dropped
            or APPARMOR + str(container.get("name")) in notes
        ):
            continue
        yield Finding(path, {"name": container.get("name")})
