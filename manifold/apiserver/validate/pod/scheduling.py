"""Where a Pod may run: affinity, spread, tolerations.

Follows kubernetes v1.37.2 pkg/apis/core/validation: validateAffinity, validateTopologySpreadConstraints,
ValidateTolerations and what they call.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s import formats
from manifold.model import Path

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def label_name(key: str, path: Path, faults: Faults) -> None:
    """Blame what is no label key."""
    for message in formats.qualified_name(key):
        faults.invalid(path, message)


def node_requirement(requirement: Body, path: Path, faults: Faults, *, values: bool) -> None:
    """Blame one requirement on the labels of a node; its values too, if asked."""
    operator, given = requirement.get("operator") or "", requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not given:
            faults.required((*path, "values"), f"operator {operator} needs values")
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            faults.forbidden((*path, "values"), f"operator {operator} takes no values")
    elif operator in ("Gt", "Lt"):
        if len(given) != 1:
            faults.required((*path, "values"), f"operator {operator} needs exactly one value, a number")
    else:
        faults.invalid((*path, "operator"), f"{operator!r}: In, NotIn, Exists, DoesNotExist, Gt and Lt are operators")
    label_name(requirement.get("key") or "", (*path, "key"), faults)
    if values:
        for i, value in enumerate(given):
            for message in formats.label_value(value):
                faults.invalid((*path, "values", i), message)


def node_term(term: Body, path: Path, faults: Faults, *, values: bool) -> None:
    """Blame one term of a node selector: labels, and fields (metadata.name is the only one)."""
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        node_requirement(requirement, (*path, "matchExpressions", i), faults, values=values)
    for i, requirement in enumerate(term.get("matchFields") or ()):
        here = (*path, "matchFields", i)
        operator, given = requirement.get("operator") or "", requirement.get("values") or ()
        if operator not in ("In", "NotIn"):
            faults.invalid((*here, "operator"), f"{operator!r}: fields know In and NotIn only")
        elif len(given) != 1:
            faults.required((*here, "values"), "a field is compared with exactly one value")
        if requirement.get("key") != "metadata.name":
            faults.invalid((*here, "key"), f"{requirement.get('key') or ''!r}: metadata.name is the only field")
            continue
        for j, value in enumerate(given):
            for message in formats.dns_subdomain(value):
                faults.invalid((*here, "values", j), message)


def node_selector(selector: Body, path: Path, faults: Faults, *, values: bool = True) -> None:
    """Blame a node selector (of node affinity, of a PersistentVolume)."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        faults.required((*path, "nodeSelectorTerms"), "at least one term must be set")
    for i, term in enumerate(terms or ()):
        node_term(term, (*path, "nodeSelectorTerms", i), faults, values=values)


def _selector(selector: Any, path: Path, scope: Scope) -> None:
    if not scope.tolerance.selector_values:
        metadata.label_selector(selector, path, scope.faults)
        return
    found = Faults()
    metadata.label_selector(selector, path, found)
    scope.faults.extend(f for f in found if "values" not in f.path)


def label_keys(match: list[str], mismatch: list[str], selector: Body | None, path: Path, faults: Faults) -> None:
    """Blame `matchLabelKeys` and `mismatchLabelKeys` that are no label keys, or repeat the selector."""
    for field, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            faults.forbidden((*path, field), "goes with a labelSelector only")
            continue
        for i, key in enumerate(keys):
            label_name(key, (*path, field, i), faults)
    if selector is not None and match:
        index = {key: i for i, key in enumerate(match)}
        # A Pod's own labels have become requirements of the selector by now.
        seen = set(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression.get("key") or ""
            if key in index and key in seen:
                faults.invalid((*path, index[key]), f"{key!r} stands in matchLabelKeys and in labelSelector")
            seen.add(key)
    for i, key in enumerate(match):
        if key in mismatch:
            faults.invalid((*path, "matchLabelKeys", i), f"{key!r} stands in mismatchLabelKeys too")


def pod_term(term: Body, path: Path, scope: Scope) -> None:
    """Blame one term of Pod affinity."""
    faults = scope.faults
    selector, namespaces = term.get("labelSelector"), term.get("namespaceSelector")
    if selector:
        _selector(selector, (*path, "labelSelector"), scope)
    if namespaces:
        _selector(namespaces, (*path, "namespaceSelector"), scope)
    for name in term.get("namespaces") or ():
        for message in formats.dns_label(name):
            faults.invalid((*path, "namespace"), message)
    match, mismatch = term.get("matchLabelKeys"), term.get("mismatchLabelKeys")
    if (match or mismatch) and scope.release >= (1, 31):
        label_keys(match or [], mismatch or [], selector, path, faults)
    key = term.get("topologyKey") or ""
    if not key:
        faults.required((*path, "topologyKey"))
    label_name(key, (*path, "topologyKey"), faults)


def affinity(found: Body, path: Path, scope: Scope) -> None:
    """Blame what is wrong with the affinity of a Pod."""
    faults = scope.faults
    node = found.get("nodeAffinity")
    if node:
        required = node.get(REQUIRED)
        here = (*path, "nodeAffinity")
        if required is not None:
            node_selector(required, (*here, REQUIRED), faults, values=not scope.tolerance.node_affinity_values)
        for i, term in enumerate(node.get(PREFERRED) or ()):
            node_term(term.get("preference") or {}, (*here, PREFERRED, i, "preference"), faults, values=False)
    for field in ("podAffinity", "podAntiAffinity"):
        pods = found.get(field)
        if not pods:
            continue
        for i, term in enumerate(pods.get(REQUIRED) or ()):
            pod_term(term, (*path, field, REQUIRED, i), scope)
        for i, weighted in enumerate(pods.get(PREFERRED) or ()):
            here = (*path, field, PREFERRED, i)
            pod_term(weighted.get("podAffinityTerm") or {}, (*here, "podAffinityTerm"), scope)


def spread(constraints: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the topology spread constraints of a Pod."""
    faults = scope.faults
    pairs = [(c.get("topologyKey") or "", c.get("whenUnsatisfiable") or "") for c in constraints]
    for i, constraint in enumerate(constraints):
        here = (*path, i)
        key, action = pairs[i]
        if pairs[i] in pairs[i + 1 :]:
            faults.duplicate((*here, "{topologyKey, whenUnsatisfiable}"), f"{key}, {action}")
        if constraint.get("minDomains") is not None and action != "DoNotSchedule":
            faults.invalid((*here, "minDomains"), "goes with whenUnsatisfiable: DoNotSchedule only")
        selector = constraint.get("labelSelector")
        keys = constraint.get("matchLabelKeys")
        if keys:
            if scope.release >= (1, 34) and not scope.tolerance.spread_keys:
                label_keys(keys, [], selector, here, faults)
            else:
                _older_keys(keys, selector, (*here, "matchLabelKeys"), faults)
        if selector and not scope.tolerance.spread_selectors:
            metadata.label_selector(selector, (*here, "labelSelector"), faults)


def _older_keys(keys: list[str], selector: Body | None, path: Path, faults: Faults) -> None:
    """As before Kubernetes 1.34, when the keys were not merged into the selector."""
    named: set[str] = set()
    if selector is None:
        faults.forbidden(path, "goes with a labelSelector only")
    else:
        named |= set(selector.get("matchLabels") or ())
        named |= {e.get("key") or "" for e in selector.get("matchExpressions") or ()}
    for i, key in enumerate(keys):
        label_name(key, (*path, i), faults)
        if key in named:
            faults.invalid((*path, i), f"{key!r} stands in matchLabelKeys and in labelSelector")


def tolerations(found: list[Body], path: Path, faults: Faults) -> None:
    """Blame what is wrong with tolerations (of a Pod, of a RuntimeClass)."""
    for i, toleration in enumerate(found):
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        if key:
            label_name(key, (*path, i, "key"), faults)
        elif operator != "Exists":
            faults.invalid((*path, i, "operator"), "without a key it must be Exists, which tolerates everything")
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            faults.invalid((*path, i, "effect"), "tolerationSeconds go with effect NoExecute only")
        if operator in ("", "Equal"):
            if value:
                messages = formats.label_value(value)
                if messages:
                    faults.invalid((*path, i, "operator"), "; ".join(messages))
        elif operator == "Exists":
            if value:
                faults.invalid((*path, i, "operator"), f"operator Exists takes no value, and there is {value!r}")
        else:
            faults.not_supported((*path, i, "operator"), operator, ("Equal", "Exists"))
