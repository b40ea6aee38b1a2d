"""Words that the server knows otherwise spelled: `imagePullPolicy: always`, `kind: deployment`, `apiVersion: app/v1`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from manifold.apiserver import faults as reasons
from manifold.apiserver import lifecycle
from manifold.fix.operations import Repair, Set, at
from manifold.fix.repairs.unknown_fields import nearest
from manifold.fix.subject import Subject
from manifold.model import Path

SAFE, ORDER, WHOLE = True, 2, False

_ALLOWED = re.compile(r" is not one of: (.+)$")


def find(subject: Subject) -> Iterator[Repair]:
    for fault in subject.faults:
        path: Path = fault.path
        if fault.reason == reasons.NOT_SUPPORTED and path:
            value = at(subject.body, path)
            match = _ALLOWED.search(fault.message)
            if isinstance(value, str) and match:
                same = [w for w in match.group(1).split(", ") if w.lower() == value.strip().lower()]
                if len(same) == 1:
                    yield Repair(fault.rule, f"`{value}` is spelled {same[0]}", path, (Set(path, same[0]),))
        elif fault.rule == "api/no-such-kind":
            yield from _kind(subject)


def _kind(subject: Subject) -> Iterator[Repair]:
    """A kind or an API version that is mistyped: where only one that is served can be meant, and the fields fit it."""
    kind, version = subject.document.kind, subject.document.api_version
    group = version.rpartition("/")[0]
    if (version, kind) in lifecycle.table():
        return  # it was there once: a matter of migration
    served = list(subject.around.server.schema.kinds())
    names = {k.kind for k in served if k.api_version == version}
    meant = nearest(kind, names) if kind not in names else ""
    if meant:
        repair = Repair(
            "api/no-such-kind", f"the kind `{kind}` is spelled {meant}", ("kind",), (Set(("kind",), meant),)
        )
    else:
        versions = {k.api_version for k in served if k.kind == kind}
        # Groups of definitions have a dot, so one without is Kubernetes' own.
        known = "." not in group or group in lifecycle.OWN or bool(nearest(group, {k.group for k in served}))
        if len(versions) != 1 or not known:
            return
        right = versions.pop()
        words = f"{kind} is served as {right}, not as {version}"
        repair = Repair("api/no-such-kind", words, ("apiVersion",), (Set(("apiVersion",), right),))
    if not any(f.reason in (reasons.UNKNOWN_FIELD, reasons.TYPE) for f in subject.after(repair.operations)):
        yield repair
