"""Roles and bindings.

Follows kubernetes v1.37.2 pkg/apis/rbac/validation.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.k8s import formats
from manifold.model import Path

Body = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


def _rules(body: Body, namespaced: bool, faults: Faults) -> None:
    for i, rule in enumerate(body.get("rules") or ()):
        path: Path = ("rules", i)
        groups, resources = rule.get("apiGroups"), rule.get("resources")
        if rule.get("nonResourceURLs"):
            if namespaced:
                faults.invalid(
                    (*path, "nonResourceURLs"), "a Role speaks of resources only: this belongs in a ClusterRole"
                )
            if groups or resources or rule.get("resourceNames"):
                faults.invalid(
                    (*path, "nonResourceURLs"), "a rule speaks of resources or of other URLs", "make two rules of it"
                )
            continue
        if not groups:
            faults.required((*path, "apiGroups"), 'a rule names one API group at least; "" is the core group')
        if not resources:
            faults.required((*path, "resources"), "a rule names one resource at least")


def create_role(body: Body, context: Context, faults: Faults) -> None:
    """A Role: rules about resources."""
    _rules(body, True, faults)


def _cluster_role(body: Body, lenient: bool, faults: Faults) -> None:
    _rules(body, False, faults)
    aggregation = body.get("aggregationRule")
    if aggregation is None:
        return
    path: Path = ("aggregationRule", "clusterRoleSelectors")
    for i, selector in enumerate(aggregation.get("clusterRoleSelectors") or ()):
        found = Faults()
        metadata.label_selector(selector, (*path, i), found, lenient_values=lenient)
        faults.extend(found)
        # What the validation of selectors lets through may still be no selector: the server parses it as well.
        if found or (lenient and _faulty(selector)):
            faults.invalid((*path, i), "is no label selector that could be used")


def _faulty(selector: Body) -> bool:
    found = Faults()
    metadata.label_selector(selector, (), found)
    return bool(found)


def create_cluster_role(body: Body, context: Context, faults: Faults) -> None:
    """A ClusterRole: rules, or the selectors of the roles that it gathers."""
    _cluster_role(body, False, faults)


def update_cluster_role(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; values of selectors are not looked at where a stored one is bad already."""
    before = (old.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    _cluster_role(new, any(_faulty(s) for s in before), faults)


def _binding(body: Body, kinds: tuple[str, ...], namespaced: bool, faults: Faults) -> None:
    reference = body.get("roleRef") or {}
    kind = reference.get("kind") or ""
    if kind not in kinds:
        faults.not_supported(("roleRef", "kind"), kind, kinds)
    for i, subject in enumerate(body.get("subjects") or ()):
        _subject(subject, ("subjects", i), namespaced, faults)


def _subject(subject: Body, path: Path, namespaced: bool, faults: Faults) -> None:
    kind, name, group = (subject.get(k) or "" for k in ("kind", "name", "apiGroup"))
    if kind == "ServiceAccount":
        if name:
            for message in formats.dns_subdomain(name):
                faults.invalid((*path, "name"), message)
        if group:
            faults.not_supported((*path, "apiGroup"), group, ('""',), "a ServiceAccount has no apiGroup: leave it out")
        if not namespaced and not subject.get("namespace"):
            faults.required((*path, "namespace"), "a ServiceAccount lives in a namespace")
    elif kind in ("User", "Group"):
        if group != GROUP:
            faults.not_supported((*path, "apiGroup"), group, (GROUP,))
    else:
        faults.not_supported((*path, "kind"), kind, SUBJECT_KINDS)


def create_role_binding(body: Body, context: Context, faults: Faults) -> None:
    """A RoleBinding: a Role or ClusterRole, and whom it is given to."""
    _binding(body, ("Role", "ClusterRole"), True, faults)


def create_cluster_role_binding(body: Body, context: Context, faults: Faults) -> None:
    """A ClusterRoleBinding: a ClusterRole, and whom it is given to."""
    _binding(body, ("ClusterRole",), False, faults)


CREATE = {
    "Role": create_role,
    "ClusterRole": create_cluster_role,
    "RoleBinding": create_role_binding,
    "ClusterRoleBinding": create_cluster_role_binding,
}
UPDATE = {"ClusterRole": update_cluster_role}
