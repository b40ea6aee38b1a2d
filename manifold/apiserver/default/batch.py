"""Defaults of Jobs: kubernetes v1.37.2 pkg/apis/batch/v1/defaults.go. A CronJob's template gets none of them."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context

Body = dict[str, Any]


def job(body: Body, context: Context) -> None:
    """Counts, limits and policies of a Job; its labels are the template's where it has none."""
    spec = body.setdefault("spec", {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    if spec.get("parallelism") is None:
        spec["parallelism"] = 1
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = 2147483647 if spec.get("backoffLimitPerIndex") is not None else 6
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    if spec.get("podReplacementPolicy") is None:
        spec["podReplacementPolicy"] = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    if not context.since(1, 34):  # later on a default of the type, also in a CronJob's template
        for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
            for pattern in rule.get("onPodConditions") or ():
                pattern.setdefault("status", "True")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    meta = body.setdefault("metadata", {})
    if labels and not meta.get("labels"):
        # One map, as in Go: what the server adds to the template's shows here as well; but where it may have to try
        # several names (RetryGenerateName, on since 1.31) it works on a copy.
        meta["labels"] = labels if meta.get("name") or not context.since(1, 31) else dict(labels)


DEFAULTS = {"Job": job}
