"""API versions that a release no longer serves, or will not for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.apiserver import lifecycle
from manifold.apiserver.schema import newest
from manifold.lint.engine import Bundle, Finding, Subject


def concerns(api_version: str, kind: str, parameters: Mapping[str, Any]) -> bool:
    """The table has versions that come to an end."""
    return (api_version, kind) in lifecycle.table()


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a version that by the `when` (removed, deprecated) of schemas/lifecycle.yaml is gone from the release asked for.

    Versions of other components (cert-manager, Istio) count as gone where any of their releases dropped them.
    """
    entry = lifecycle.table()[subject.document.api_version, subject.kind]
    release = bundle.version or newest()
    removed, deprecated = (_reached(entry, word, release) for word in ("removed", "deprecated"))
    if not (removed if parameters["when"] == "removed" else deprecated and not removed):
        return
    instead = entry.get("replacement")
    yield Finding(
        ("apiVersion",),
        {
            "value": f"{subject.document.api_version} {subject.kind}",
            "since": f"{entry.get('component', 'Kubernetes')} {entry[parameters['when']]}",
            "instead": f": use {instead['apiVersion']}" if instead else "",
        },
    )


def _reached(entry: Mapping[str, Any], word: str, release: str) -> bool:
    at = str(entry.get(word) or "")
    return bool(at) and ("component" in entry or _numbers(at) <= _numbers(release))


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(n) for n in release.split(".")[:2] if n.isdigit())
