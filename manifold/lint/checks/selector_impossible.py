"""Label selectors that nothing can ever match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.selectors import satisfiable
from manifold.lint.engine import Bundle, Finding, Subject
from manifold.model import Path


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame selectors whose expressions contradict one another, matchLabels, or the nodeSelector beside a node affinity."""
    pod = subject.pod
    if pod is None:
        roots: list[tuple[Any, Path]] = [(subject.body, ())]
    else:
        # Only where selectors can be: most workloads have none of these.
        roots = [(pod[f], (*subject.pod_path, f)) for f in ("affinity", "topologySpreadConstraints") if f in pod]
        selector = (subject.body.get("spec") or {}).get("selector")
        if isinstance(selector, dict) and "matchExpressions" in selector:
            roots.append((selector, ("spec", "selector")))
    for root, start in roots:
        for value, path in _expressions(root, start):
            if not satisfiable(_plain(value.get("matchLabels"), value["matchExpressions"])):
                yield Finding((*path, "matchExpressions"), {"value": "the expressions contradict one another"})
    if pod is not None and pod.get("nodeSelector") and "affinity" in pod:
        yield from _nodes(pod, subject.pod_path)


def _expressions(value: Any, path: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """The selectors and terms with matchExpressions below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("matchExpressions"), list):
            yield value, path
            return
        for key, inner in value.items():
            if isinstance(inner, (dict, list)):
                yield from _expressions(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            if isinstance(inner, (dict, list)):
                yield from _expressions(inner, (*path, i))


def _plain(labels: Any, expressions: Any) -> dict[str, Any]:
    """A selector of what is well shaped."""
    return {
        "matchLabels": labels if isinstance(labels, dict) else {},
        "matchExpressions": [e for e in expressions or () if isinstance(e, dict) and isinstance(e.get("key"), str)],
    }


def _nodes(pod: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """A nodeSelector that none of the required terms of node affinity goes with."""
    affinity = (pod["affinity"] or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    possible = [
        satisfiable(_plain(pod["nodeSelector"], t.get("matchExpressions"))) for t in terms if isinstance(t, dict)
    ]
    if possible and not any(possible):
        yield Finding((*path, "nodeSelector"), {"value": "it contradicts every term of the required node affinity"})
