"""FlowSchemas and PriorityLevelConfigurations.

Follows kubernetes v1.37.2 pkg/apis/flowcontrol/validation; what is mandatory is in k8s.io/apiserver
pkg/apis/flowcontrol/bootstrap.
"""

from __future__ import annotations

import math
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.k8s import formats
from manifold.k8s.equality import same
from manifold.model import Path

Body = dict[str, Any]

VERBS = ("get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy")
_ARMS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
LEVEL_TYPES = ("Exempt", "Limited")
RESPONSE_TYPES = ("Queue", "Reject")
_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
_ZERO_SHARES = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"


def _everyone(*groups: str) -> list[Body]:
    anything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    return [
        {
            "subjects": [{"kind": "Group", "group": {"name": g}} for g in groups],
            "resourceRules": [anything],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        }
    ]


MANDATORY_SCHEMAS: dict[str, Body] = {
    "exempt": {
        "priorityLevelConfiguration": {"name": "exempt"},
        "matchingPrecedence": 1,
        "rules": _everyone("system:masters"),
    },
    "catch-all": {
        "priorityLevelConfiguration": {"name": "catch-all"},
        "matchingPrecedence": 10000,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": _everyone("system:unauthenticated", "system:authenticated"),
    },
}
MANDATORY_LEVELS: dict[str, Body] = {
    "exempt": {"type": "Exempt"},  # besides `exempt` itself, which may be changed
    "catch-all": {
        "type": "Limited",
        "limited": {"nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"}},
    },
}


def create_flow_schema(body: Body, context: Context, faults: Faults) -> None:
    """A FlowSchema: whose requests, which ones, to which priority level."""
    name, spec = (body.get("metadata") or {}).get("name") or "", body.get("spec") or {}
    if spec.get("matchingPrecedence") == 1 and name != "exempt":
        faults.invalid(("spec", "matchingPrecedence"), "1 is for the schema named exempt alone")
    for i, rule in enumerate(spec.get("rules") or ()):
        _rule(rule, ("spec", "rules", i), faults)
    mandatory = MANDATORY_SCHEMAS.get(name)
    if mandatory is not None and not same(spec, mandatory):
        faults.invalid(("spec",), f"the schema {name} is Kubernetes' own: its spec is fixed")


def _rule(rule: Body, path: Path, faults: Faults) -> None:
    for i, subject in enumerate(rule.get("subjects") or ()):
        _subject(subject, (*path, "subjects", i), faults)
    resources, others = rule.get("resourceRules"), rule.get("nonResourceRules")
    if not resources and not others:
        faults.required(path, "resourceRules or nonResourceRules must be there")
    for i, one in enumerate(resources or ()):
        _resource_rule(one, (*path, "resourceRules", i), faults)
    for i, one in enumerate(others or ()):
        _url_rule(one, (*path, "nonResourceRules", i), faults)


def _subject(subject: Body, path: Path, faults: Faults) -> None:
    kind = subject.get("kind") or ""
    arm = _ARMS.get(kind)
    if arm is None:
        faults.not_supported((*path, "kind"), kind, _ARMS)
        return
    who = subject.get(arm)
    if who is None:
        faults.required((*path, arm), f"kind {kind} needs it")
    else:
        name = who.get("name") or ""
        if not name:
            faults.required((*path, arm, "name"))
        elif arm == "serviceAccount" and name != "*":
            for message in formats.dns_subdomain(name):
                faults.invalid((*path, arm, "name"), message)
        if arm == "serviceAccount":
            namespace = who.get("namespace") or ""
            if not namespace:
                faults.required((*path, arm, "namespace"), "a ServiceAccount lives in a namespace")
            else:
                for message in formats.dns_label(namespace):
                    faults.invalid((*path, arm, "namespace"), message)
    for other_kind, other in _ARMS.items():
        if other != arm and subject.get(other) is not None:
            faults.forbidden((*path, other), f"goes with kind {other_kind}, and this one is {kind}")


def _verbs(rule: Body, path: Path, faults: Faults) -> None:
    verbs = rule.get("verbs") or ()
    here = (*path, "verbs")
    if not verbs:
        faults.required(here, "at least one verb")
    elif "*" in verbs:
        _alone(verbs, here, faults)
    elif not set(verbs) <= set(VERBS):
        unknown = ", ".join(v for v in verbs if v not in VERBS)
        faults.not_supported(here, unknown, VERBS)


def _alone(values: list[str], path: Path, faults: Faults) -> None:
    if "*" in values and len(values) > 1:
        faults.invalid(path, "`*` stands alone: it means all")


def _resource_rule(rule: Body, path: Path, faults: Faults) -> None:
    _verbs(rule, path, faults)
    for field in ("apiGroups", "resources"):
        _alone(rule.get(field) or [], (*path, field), faults)
    namespaces = rule.get("namespaces") or []
    here = (*path, "namespaces")
    if not namespaces and not rule.get("clusterScope"):
        faults.required(here, "a rule that is not of clusterScope names one namespace at least")
    elif "*" in namespaces:
        _alone(namespaces, here, faults)
    else:
        for i, namespace in enumerate(namespaces):
            for message in formats.dns_label(namespace):
                faults.invalid((*here, i), message)


def _url_rule(rule: Body, path: Path, faults: Faults) -> None:
    _verbs(rule, path, faults)
    urls = rule.get("nonResourceURLs") or []
    here = (*path, "nonResourceURLs")
    if "*" in urls:
        _alone(urls, here, faults)
    else:
        for i, url in enumerate(urls):
            message = _url(url)
            if message:
                faults.invalid((*here, i), message)


def _url(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return f"{url!r} must begin with `/`"
    if " " in url:
        return f"{url!r} must not hold spaces"
    if "//" in url:
        return f"{url!r} must not hold `//`"
    if "*" in url and (url.count("*") > 1 or not url.endswith("/*")):
        return f"{url!r}: `*` may stand at the end only, as `/*`"
    return ""


def create_priority_level(body: Body, context: Context, faults: Faults) -> None:
    """A PriorityLevelConfiguration: exempt, or limited and how."""
    meta, spec = body.get("metadata") or {}, body.get("spec") or {}
    name, kind = meta.get("name") or "", spec.get("type") or ""
    if _ZERO_SHARES in (meta.get("annotations") or {}):
        at: Path = ("metadata", "annotations", _ZERO_SHARES)
        faults.add("FieldValueForbidden", at[:2], f"the annotation {_ZERO_SHARES} is not allowed", at=at)
    if (name == "exempt") != (kind == "Exempt"):
        faults.invalid(("spec", "type"), "Exempt is for the level named exempt, and for that alone")
    exempt, limited = spec.get("exempt"), spec.get("limited")
    if limited is not None and kind != "Limited" and (kind == "Exempt" or context.since(1, 37)):
        faults.forbidden(("spec", "limited"), "goes with type Limited only")
        if context.since(1, 37):
            _queued(limited.get("limitResponse") or {}, ("spec", "limited", "limitResponse"), context, faults)
    if exempt is not None and kind != "Exempt" and (kind == "Limited" or context.since(1, 37)):
        faults.forbidden(("spec", "exempt"), "goes with type Exempt only")
    if kind == "Exempt":
        if exempt is not None:
            _shares(exempt, ("spec", "exempt"), context, faults)
    elif kind == "Limited":
        if limited is None:
            faults.required(("spec", "limited"), "type Limited needs it")
        else:
            _limited(limited, ("spec", "limited"), context, faults)
    elif not kind and context.since(1, 36):
        faults.required(("spec", "type"))
    else:
        faults.not_supported(("spec", "type"), kind, LEVEL_TYPES)
    mandatory = MANDATORY_LEVELS.get(name)
    if mandatory is not None:
        have = {k: v for k, v in spec.items() if not (name == "exempt" and k == "exempt")}
        if not same(have, mandatory):
            faults.invalid(("spec",), f"the priority level {name} is Kubernetes' own: its spec is fixed")


def _shares(level: Body, path: Path, context: Context, faults: Faults) -> None:
    shares, lendable = level.get("nominalConcurrencyShares"), level.get("lendablePercent")
    if shares is not None and shares < 0:
        faults.invalid((*path, "nominalConcurrencyShares"), f"{shares} must not be negative")
    if lendable is not None and not 0 <= lendable <= 100:
        faults.invalid((*path, "lendablePercent"), f"{lendable} must be 0 to 100")


def _limited(limited: Body, path: Path, context: Context, faults: Faults) -> None:
    _shares(limited, path, context, faults)
    borrowed = limited.get("borrowingLimitPercent")
    if borrowed is not None and borrowed < 0:
        faults.invalid((*path, "borrowingLimitPercent"), f"{borrowed} must not be negative")
    response = limited.get("limitResponse") or {}
    here = (*path, "limitResponse")
    kind, queuing = response.get("type") or "", response.get("queuing")
    _queued(response, here, context, faults)
    if kind == "Queue" and queuing is not None:
        _queuing(queuing, (*here, "queuing"), faults)
    elif kind not in RESPONSE_TYPES and (kind or not context.since(1, 36)):
        faults.not_supported((*here, "type"), kind, RESPONSE_TYPES)


def _queued(response: Body, path: Path, context: Context, faults: Faults) -> None:
    """Whether what is said of queues goes with the type."""
    kind, queuing = response.get("type") or "", response.get("queuing")
    if not kind and context.since(1, 36):
        faults.required((*path, "type"))
    if kind == "Queue" and queuing is None:
        faults.required((*path, "queuing"), "type Queue needs it")
    elif queuing is not None and kind != "Queue" and (kind == "Reject" or context.since(1, 37)):
        faults.forbidden((*path, "queuing"), "goes with type Queue only")


def _queuing(queuing: Body, path: Path, faults: Faults) -> None:
    length, queues, hand = (queuing.get(k) or 0 for k in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        faults.invalid((*path, "queueLengthLimit"), f"{length} must be more than 0")
    if queues <= 0:
        faults.invalid((*path, "queues"), f"{queues} must be more than 0")
    elif queues > _MOST_QUEUES:
        faults.invalid((*path, "queues"), f"{queues} must be at most {_MOST_QUEUES}")
    if hand <= 0:
        faults.invalid((*path, "handSize"), f"{hand} must be more than 0")
    elif hand > queues:
        faults.invalid((*path, "handSize"), f"{hand} must not be more than queues, {queues}")
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        faults.invalid(
            (*path, "handSize"), f"hands of {hand} out of {queues} queues need more than {_HASH_BITS} bits of hash"
        )


CREATE = {"FlowSchema": create_flow_schema, "PriorityLevelConfiguration": create_priority_level}
UPDATE: dict[str, Any] = {}
