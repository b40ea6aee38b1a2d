"""PodDisruptionBudgets: kubernetes v1.37.2 pkg/apis/policy/validation, pkg/registry/policy/poddisruptionbudget."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.apps import at_most_all, int_or_percent

Body = dict[str, Any]


def _budget(spec: Body, faults: Faults, *, lenient: bool) -> None:
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        faults.invalid(("spec",), "minAvailable goes without maxUnavailable only", "remove one of them")
    for name in ("minAvailable", "maxUnavailable"):
        value = spec.get(name)
        if value is not None:
            int_or_percent(value, ("spec", name), faults)
            at_most_all(value, ("spec", name), faults)
    metadata.label_selector(spec.get("selector"), ("spec", "selector"), faults, lenient_values=lenient)


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new budget; its metadata the server looks at only where nothing else is wrong, as it does any kind's."""
    _budget(body.get("spec") or {}, faults, lenient=False)
    metadata.comes_last(faults)


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A budget may keep label values in its selector that would be refused by now."""
    found = Faults()
    metadata.label_selector((old.get("spec") or {}).get("selector"), (), found)
    _budget(new.get("spec") or {}, faults, lenient=any("values" in f.path for f in found))


CREATE = {"PodDisruptionBudget": create}
UPDATE = {"PodDisruptionBudget": update}
