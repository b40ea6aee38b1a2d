"""Words in other cases than the server's: `imagePullPolicy: always`, `kind: deployment`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from manifold.apiserver import faults as reasons
from manifold.fix.operations import Repair, Set, at
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
            kind, version = subject.document.kind, subject.document.api_version
            same = [
                k.kind
                for k in subject.around.server.schema.kinds()
                if k.api_version == version and k.kind.lower() == kind.lower() and k.kind != kind
            ]
            if len(same) == 1:
                yield Repair(
                    fault.rule, f"the kind `{kind}` is spelled {same[0]}", ("kind",), (Set(("kind",), same[0]),)
                )
