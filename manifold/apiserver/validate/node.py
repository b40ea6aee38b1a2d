"""RuntimeClasses.

Follows kubernetes v1.37.2 pkg/apis/node/validation and pkg/api/node.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.pod import resources, scheduling, warnings
from manifold.apiserver.validate.pod.scope import Scope
from manifold.model import Path

Body = dict[str, Any]


def create_runtime_class(body: Body, context: Context, faults: Faults) -> None:
    """A RuntimeClass: what it costs, where it runs."""
    overhead = body.get("overhead")
    if overhead is not None and overhead.get("podFixed"):
        # The server looks at the overhead as at the limits of a container, and names it so.
        found = Faults()
        resources.requirements(
            {"limits": overhead["podFixed"]}, ("overhead",), Scope({}, context, found), whole_pod=False
        )
        for fault in found:
            at = tuple("podFixed" if part == "limits" else part for part in fault.path)
            faults.append(fault._replace(at=at))
    where = body.get("scheduling")
    if where is not None:
        _scheduling(where, context, faults)


def _scheduling(where: Body, context: Context, faults: Faults) -> None:
    selector = where.get("nodeSelector")
    if selector:
        metadata.labels(selector, ("scheduling", "nodeSelector"), faults)
        for key in selector:
            message = warnings.deprecated_label(key)
            if message:
                faults.warn(("scheduling", "nodeSelector"), message)
    path: Path = ("scheduling", "tolerations")
    found = where.get("tolerations") or []
    scheduling.tolerations(found, path, faults)
    if not context.since(1, 35):  # those servers name the field twice over
        faults[:] = [
            f._replace(path=(*path, "tolerations", *f.path[2:]), at=f.at or f.path) if f.path[:2] == path else f
            for f in faults
        ]
    seen = set()
    for i, toleration in enumerate(found):
        key = tuple(toleration.get(k) or "" for k in ("key", "operator", "value", "effect"))
        if key in seen:
            faults.duplicate((*path, i), key[0] or key[1])
        seen.add(key)


CREATE = {"RuntimeClass": create_runtime_class}
UPDATE: dict[str, Any] = {}
