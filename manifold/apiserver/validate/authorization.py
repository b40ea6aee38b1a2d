"""Reviews of access, which are answered and not stored.

Follows kubernetes v1.37.2 pkg/apis/authorization/validation and pkg/registry/authorization.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.k8s import formats
from manifold.model import Path

Body = dict[str, Any]


def _attributes(spec: Body, context: Context, faults: Faults) -> None:
    has, has_other = (spec.get(name) is not None for name in ("resourceAttributes", "nonResourceAttributes"))
    if has == has_other:
        # Servers before 1.37 name one of the two.
        older: Path = ("spec", "nonResourceAttributes" if has else "resourceAttributes")
        faults.invalid(
            ("spec",) if context.since(1, 37) else older, "either resourceAttributes or nonResourceAttributes"
        )


def _selectors(spec: Body, faults: Faults) -> None:
    attributes = spec.get("resourceAttributes") or {}
    for field in ("fieldSelector", "labelSelector"):
        selector = attributes.get(field)
        if selector is None:
            continue
        path: Path = ("spec", "resourceAttributes", field)
        raw, requirements = selector.get("rawSelector"), selector.get("requirements") or ()
        if raw and requirements:
            faults.invalid((*path, "rawSelector"), "either rawSelector or requirements")
        if not raw and not requirements:
            faults.required((*path, "requirements"), "requirements or rawSelector must be there")
        for i, requirement in enumerate(requirements):
            _requirement(requirement, (*path, "requirements", i), field == "labelSelector", faults)


def _requirement(requirement: Body, path: Path, of_labels: bool, faults: Faults) -> None:
    key, operator, values = (
        requirement.get("key") or "",
        requirement.get("operator"),
        requirement.get("values") or (),
    )
    if not key and not of_labels:
        faults.required((*path, "key"))
    if operator in ("In", "NotIn") and not values:
        faults.required((*path, "values"), f"{operator} needs values")
    if operator in ("Exists", "DoesNotExist") and values:
        faults.forbidden((*path, "values"), f"{operator} takes no values")
    if of_labels:
        for message in formats.qualified_name(key):
            faults.invalid((*path, "key"), message)
        for i, value in enumerate(values):
            for message in formats.label_value(value):
                faults.invalid((*path, "values", i), message)


# Metadata that the server clears before it looks (rest.WipeObjectMetaSystemFields), or does not count.
_CLEARED = ("creationTimestamp", "managedFields", "selfLink", "uid")


def _no_metadata(body: Body, faults: Faults, *allowed: str) -> None:
    meta = {k: v for k, v in (body.get("metadata") or {}).items() if v and k not in (*_CLEARED, *allowed)}
    if meta:
        besides = f" besides {', '.join(allowed)}" if allowed else ""
        faults.invalid(("metadata",), f"a review has no metadata{besides}")


def _who(spec: Body, faults: Faults) -> None:
    if not spec.get("user") and not spec.get("groups"):
        faults.invalid(("spec", "user"), "whose access is it? user or groups must be told")


def create_subject_review(body: Body, context: Context, faults: Faults) -> None:
    """A SubjectAccessReview: who, and what."""
    spec = body.get("spec") or {}
    _attributes(spec, context, faults)
    _who(spec, faults)
    _selectors(spec, faults)
    _no_metadata(body, faults)


def create_self_review(body: Body, context: Context, faults: Faults) -> None:
    """A SelfSubjectAccessReview: what."""
    spec = body.get("spec") or {}
    _attributes(spec, context, faults)
    _selectors(spec, faults)
    _no_metadata(body, faults)


def create_local_review(body: Body, context: Context, faults: Faults) -> None:
    """A LocalSubjectAccessReview: who, and which resources of its own namespace."""
    spec = body.get("spec") or {}
    _attributes(spec, context, faults)
    _who(spec, faults)
    _selectors(spec, faults)
    _no_metadata(body, faults, "namespace")
    attributes = spec.get("resourceAttributes")
    namespace = (body.get("metadata") or {}).get("namespace") or ""
    if attributes is not None and (attributes.get("namespace") or "") != namespace:
        faults.invalid(("spec", "resourceAttributes", "namespace"), f"must be that of the review, {namespace}")
    if spec.get("nonResourceAttributes") is not None:
        faults.invalid(("spec", "nonResourceAttributes"), "a review within a namespace is about resources")


CREATE = {
    "SubjectAccessReview": create_subject_review,
    "SelfSubjectAccessReview": create_self_review,
    "LocalSubjectAccessReview": create_local_review,
}
UPDATE: dict[str, Any] = {}
