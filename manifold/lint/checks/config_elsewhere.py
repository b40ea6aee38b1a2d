"""Variables from ConfigMaps and Secrets that are not among the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a key that no ConfigMap or Secret at hand has, unless it is optional."""
    for container, path in subject.containers:
        for i, variable in enumerate(container.get("env") or ()):
            source = (variable or {}).get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                ref = source.get(field)
                if not isinstance(ref, dict) or ref.get("optional"):
                    continue
                found = bundle.called(kind, subject.namespace, ref.get("name"))
                keys = {
                    k for o in found for part in ("data", "stringData", "binaryData") for k in o.body.get(part) or ()
                }
                if not found or ref.get("key") not in keys:
                    yield Finding((*path, "env", i, "valueFrom", field), {"value": f"{kind} {ref.get('name')}"})
