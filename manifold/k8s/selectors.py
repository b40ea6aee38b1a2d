"""Label selectors: whether they match, whether they ever can, whether two can match the same labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]
Selector = Mapping[str, Any]


def matches(selector: Selector | None, labels: Labels) -> bool:
    """Whether a label selector (matchLabels and matchExpressions) selects these labels; an empty one selects all.

    None selects nothing, as in the API where the selector is a pointer.
    """
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    expressions = selector.get("matchExpressions")
    return not expressions or all(_holds(e, labels) for e in expressions)


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, values = str(expression.get("key")), expression.get("operator"), expression.get("values") or ()
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    return False


def plain_matches(selector: Labels, labels: Labels) -> bool:
    """Whether a plain map of labels, as a Service has it, selects these labels."""
    return all(labels.get(k) == v for k, v in selector.items())


MADE = frozenset(
    (
        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "pod-template-hash", "controller-revision-hash",
        "pod-template-generation", "controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
    )
)  # fmt: skip
"""The labels that controllers put on Pods themselves (pkg/controller and k8s.io/api: apps/v1, batch/v1 and extensions/v1beta1)."""


def written(selector: Selector) -> Selector:
    """A label selector without what it asks of labels that controllers make, which no template shows."""
    labels, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or ()
    if not MADE.isdisjoint(labels):
        labels = {k: v for k, v in labels.items() if k not in MADE}
    if expressions:
        expressions = [e for e in expressions if (e or {}).get("key") not in MADE]
    return {"matchLabels": labels, "matchExpressions": expressions}


def _allowed(selector: Selector) -> dict[str, tuple[bool, bool, set[str] | None, set[str]]]:
    """For each key: must it be there, must it be away, which values may it have (None: any), which may it not."""
    out: dict[str, tuple[bool, bool, set[str] | None, set[str]]] = {}

    def narrow(key: str, there: bool, away: bool, only: set[str] | None, never: set[str]) -> None:
        t, a, o, n = out.get(key, (False, False, None, set()))
        both = only if o is None else o if only is None else o & only
        out[key] = (t or there, a or away, both, n | never)

    for key, value in (selector.get("matchLabels") or {}).items():
        narrow(key, True, False, {value}, set())
    for e in selector.get("matchExpressions") or ():
        values = set(e.get("values") or ())
        operator = e.get("operator")
        if operator == "In":
            narrow(e["key"], True, False, values, set())
        elif operator == "NotIn":
            narrow(e["key"], False, False, None, values)
        elif operator == "Exists":
            narrow(e["key"], True, False, None, set())
        elif operator == "DoesNotExist":
            narrow(e["key"], False, True, None, set())
    return out


def satisfiable(selector: Selector) -> bool:
    """Whether any labels at all can match."""
    return all(
        not (there and (away or (only is not None and not only - never)))
        for there, away, only, never in _allowed(selector).values()
    )
