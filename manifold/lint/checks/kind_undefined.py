"""Custom resources whose definition is at hand, and does not have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from manifold.apiserver.lifecycle import OWN
from manifold.lint.engine import Bundle, Finding, Subject
from manifold.lint.near import slip


def concerns(api_version: str, kind: str, parameters: Mapping[str, Any]) -> bool:
    """Kinds of Kubernetes' own groups are the server's to tell of."""
    return api_version.rpartition("/")[0] not in OWN


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a version that the definition of the kind at hand does not serve, and a kind a slip away from a defined one.

    Other kinds of the group may be defined elsewhere, unless the cluster is known.
    """
    group, _, version = subject.document.api_version.rpartition("/")
    defined = bundle.definitions.get(group)
    if defined is None:
        if bundle.whole and bundle.definitions and not group.endswith(".k8s.io"):
            yield Finding(("kind",), {"value": subject.kind, "group": group, "hint": "no definition has the group"})
        return
    versions = defined.get(subject.kind)
    if versions is None:
        near = _meant(subject.kind, tuple(defined))
        if near or bundle.whole:
            hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(defined)[:5])}"
            yield Finding(("kind",), {"value": subject.kind, "group": group, "hint": hint})
    elif version not in versions:
        words = {
            "value": f"{version} of {subject.kind}",
            "group": group,
            "hint": f"there is {', '.join(sorted(versions))}",
        }
        yield Finding(("apiVersion",), words)


@lru_cache(maxsize=1024)  # of one kind there are often hundreds
def _meant(kind: str, defined: tuple[str, ...]) -> str:
    """The defined kind that was likely meant, empty when none was."""
    return slip(kind, defined) or next((k for k in defined if k.lower() == kind.lower()), "")
