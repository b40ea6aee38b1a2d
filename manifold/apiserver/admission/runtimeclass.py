"""RuntimeClass: what the runtime of a Pod costs, and where it runs (plugin/pkg/admission/runtimeclass)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.decode import copy
from manifold.apiserver.faults import FORBIDDEN, Faults
from manifold.k8s.equality import same

NAME = "RuntimeClass"
PLACE = 110
KINDS = frozenset((("", "Pod"),))
ALONE = False


def _equal(one: Any, other: Any) -> bool:
    return same({"overhead": one}, {"overhead": other})


def _class(spec: Mapping[str, Any], context: Context) -> Mapping[str, Any] | None:
    name = spec.get("runtimeClassName")
    return context.find("node.k8s.io", "RuntimeClass", "", name) if name is not None else None


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Give a new Pod the overhead, the node selector and the tolerations of its runtime class."""
    if context.operation != "create":
        return
    spec = body.setdefault("spec", {})
    name, at = spec.get("runtimeClassName"), ("spec", "runtimeClassName")
    if name is None:
        return
    found = _class(spec, context)
    if found is None:
        if context.complete:
            faults.add(FORBIDDEN, (), f"there is no RuntimeClass {name}", "create it first", at=at)
        return
    overhead = (found.get("overhead") or {}).get("podFixed")
    if overhead is not None:
        if spec.get("overhead") and not _equal(spec["overhead"], overhead):
            faults.add(
                FORBIDDEN,
                (),
                f"the overhead must be that of RuntimeClass {name}, or be left out",
                at=("spec", "overhead"),
            )
            return
        spec["overhead"] = copy(overhead)
    scheduling = found.get("scheduling")
    if scheduling is not None:
        _schedule(spec, scheduling, name, faults)


def _schedule(spec: dict[str, Any], scheduling: Mapping[str, Any], name: str, faults: Faults) -> None:
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            message = f"the node selector {key}={selector[key]} contradicts {key}={value} of RuntimeClass {name}"
            faults.add(FORBIDDEN, (), message, at=("spec", "nodeSelector"))
            return
        selector[key] = value
    if selector:
        spec["nodeSelector"] = selector
    tolerations = _merged(spec.get("tolerations") or [], scheduling.get("tolerations") or [])
    if tolerations:
        spec["tolerations"] = tolerations


def _merged(first: list[Any], second: list[Any]) -> list[Any]:
    """Both, without those that another one covers; of equal ones the first (pkg/util/tolerations: MergeTolerations)."""
    everything = [*first, *copy(second)]
    out: list[Any] = []
    for i, one in enumerate(everything):
        later = any(other != one and _covers(other, one) for other in everything[i + 1 :])
        if not later and not any(_covers(other, one) for other in out):
            out.append(one)
    return out


def _covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Whether `wide` tolerates all that `narrow` tolerates."""
    if wide == narrow:
        return True
    operator = wide.get("operator") or "Equal"
    if wide.get("key", "") != narrow.get("key", "") and (wide.get("key") or operator != "Exists"):
        return False
    if wide.get("effect") and wide["effect"] != narrow.get("effect"):
        return False
    seconds, theirs = wide.get("tolerationSeconds"), narrow.get("tolerationSeconds")
    if wide.get("effect") == "NoExecute" and seconds is not None and (theirs is None or theirs > seconds):
        return False
    if operator == "Equal":
        return bool(narrow.get("operator") == "Equal" and narrow.get("value", "") == wide.get("value", ""))
    return bool(operator == "Exists")


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Refuse an overhead that is not the class's."""
    spec = body.get("spec") or {}
    if context.operation != "create":
        return
    found = _class(spec, context)
    if found is None and spec.get("runtimeClassName") is not None:
        return  # missing, or not known
    wanted = (found.get("overhead") or {}).get("podFixed") if found is not None else None
    if spec.get("overhead") is not None and (wanted is None or not _equal(spec["overhead"], wanted)):
        faults.add(FORBIDDEN, (), "an overhead must come from the Pod's RuntimeClass", at=("spec", "overhead"))
