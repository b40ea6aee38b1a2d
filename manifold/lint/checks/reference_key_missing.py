"""References to keys, and the like, that the target does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold import references
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a key of a ConfigMap or Secret, or a listener of a Gateway, that no target applied with the object has."""
    for reference in subject.references:
        if not reference.keys or reference.optional:
            continue
        there: set[str] = set()
        for target in bundle.targets(reference):
            if reference.inside:
                there |= references.names(target, reference.inside)
            else:
                there |= {k for part in ("data", "binaryData", "stringData") for k in target.get(part) or ()}
        if (
            not there
        ):  # nothing is known, or somebody else fills it: a Secret of certificates, a ConfigMap of a controller
            continue
        for path, key in reference.keys:
            if key not in there:
                import difflib

                near = difflib.get_close_matches(key, sorted(there), 1)
                hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(there)[:6])}"
                what = "listener" if reference.inside else "key"
                yield Finding(
                    path,
                    {
                        "value": key,
                        "what": what,
                        "kind": reference.target.kind,
                        "name": reference.target.name,
                        "near": hint,
                    },
                )
