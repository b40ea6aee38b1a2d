"""Mounts of the node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame hostPath volumes: `any`, those `mounted`, those mounted `writable`, where the path has the pattern."""
    listed = subject.pod.get("volumes") if subject.pod is not None else None
    if not listed:
        return
    volumes = {
        v.get("name"): (v["hostPath"].get("path"), i)
        for i, v in enumerate(listed)
        if isinstance(v, dict) and isinstance(v.get("hostPath"), dict)
    }
    if not volumes:
        return
    if parameters["mounts"] == "any":
        for path, i in volumes.values():
            yield Finding((*subject.pod_path, "volumes", i, "hostPath"), {"value": path})
        return
    pattern = re.compile(parameters["pattern"])
    for container, at in subject.containers:
        for i, mount in enumerate(container.get("volumeMounts") or ()):
            found = volumes.get((mount or {}).get("name"))
            if found is None or (parameters["mounts"] == "writable" and mount.get("readOnly")):
                continue
            if pattern.search(str(found[0])):
                yield Finding((*at, "volumeMounts", i), {"value": found[0], "name": container.get("name")})
