"""The order of API versions: v2 over v1 over v1beta2 over v1alpha1, other names last."""

from __future__ import annotations

import re

from manifold.patterns import late

_KUBERNETES = late(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?", re.ASCII)
_STAGES = {"alpha": 1, "beta": 2, None: 3}


def order(version: str) -> tuple[int, ...]:
    """A key by which the version that Kubernetes prefers is the greatest; those it knows no rank of go from Z to A."""
    found = _KUBERNETES.fullmatch(version)
    if found is None:
        return (0, *(-ord(letter) for letter in version), 1)
    return (_STAGES[found[2]], int(found[1]), int(found[3] or 0))
