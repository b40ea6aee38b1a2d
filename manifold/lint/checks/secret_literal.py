"""Secrets in plain sight."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a variable or a key of a ConfigMap whose name, or value, has a pattern of secrets."""
    names, values = re.compile(parameters["names"]), re.compile(parameters["values"]) if parameters["values"] else None
    if subject.kind == "ConfigMap":
        for key, value in (subject.body.get("data") or {}).items():
            if names.search(str(key)) or (values and values.search(str(value))):
                yield Finding(("data", key), {"value": key})
        return
    for container, path in subject.containers:
        for i, variable in enumerate(container.get("env") or ()):
            value, name = (variable or {}).get("value"), str((variable or {}).get("name"))
            if value is None or (not value and not parameters["empty"]):
                continue
            if names.search(name) or (values and values.search(str(value))):
                yield Finding((*path, "env", i, "value"), {"value": name})
