"""Finished Jobs that stay, or vanish unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Blame a Job without a time to live, and a CronJob with one."""
    if subject.kind == "Job":
        if "ttlSecondsAfterFinished" not in (subject.body.get("spec") or {}):
            yield Finding(("spec",), {"value": "a Job without ttlSecondsAfterFinished stays for ever"})
        return
    inner = ((subject.body.get("spec") or {}).get("jobTemplate") or {}).get("spec") or {}
    if "ttlSecondsAfterFinished" in inner:
        yield Finding(
            ("spec", "jobTemplate", "spec", "ttlSecondsAfterFinished"),
            {
                "value": "a CronJob keeps its history by successfulJobsHistoryLimit; ttlSecondsAfterFinished cuts it short"
            },
        )
