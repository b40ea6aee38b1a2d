"""References to keys that a ConfigMap or Secret does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a key that the target, which is given, lacks."""
    for reference in subject.references:
        if not reference.keys or reference.optional:
            continue
        target = bundle.find(reference.target)
        if target is None:
            continue
        there = {k for part in ("data", "binaryData", "stringData") for k in (target.get(part) or {})}
        if not there:  # filled by somebody else: a Secret of certificates, a ConfigMap of a controller
            continue
        for path, key in reference.keys:
            if key not in there:
                near = difflib.get_close_matches(key, sorted(there), 1)
                hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(there)[:6])}"
                yield Finding(
                    path, {"value": key, "kind": reference.target.kind, "name": reference.target.name, "near": hint}
                )
