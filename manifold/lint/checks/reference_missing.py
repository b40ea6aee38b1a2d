"""References to objects that are not there, as far as that can be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a reference whose target is missing where its like are given: others of its kind in that namespace, or a cluster.

    A lone manifest says nothing of what is in the cluster; a bundle that holds ConfigMaps, but not this one, does.
    """
    for reference in subject.references:
        key = reference.target
        if reference.optional or bundle.find(key) is not None:
            continue
        if bundle.whole or bundle.count(key.group, key.kind, key.namespace):
            near = bundle.nearest(key)
            yield Finding(
                reference.path, {"kind": key.kind, "value": key.name, "near": f"; did you mean {near}?" if near else ""}
            )
