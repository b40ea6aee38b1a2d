"""What both kinds of admission policies have in common: which of them are installed, what they match, what they know.

Source: k8s.io/apiserver v0.37.2 pkg/admission/plugin/policy/{generic,matching} and pkg/admission/plugin/cel,
kubernetes v1.37.2 pkg/kubeapiserver/admission/exclusion.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Fault, Faults
from manifold.apiserver.schema import Kind
from manifold.apiserver.store import write
from manifold.k8s import selectors
from manifold.k8s.cel.evaluate import STEPS, program, weight
from manifold.k8s.cel.functions import Authority
from manifold.k8s.cel.syntax import Broken, CelError

Body = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
RULE = "api/policy"
CONDITION_STEPS = STEPS // 4
# Policies do not look at one another, nor at what is asked and not stored.
_NOT_LOOKED_AT = frozenset(
    (
        (GROUP, "ValidatingAdmissionPolicy"),
        (GROUP, "ValidatingAdmissionPolicyBinding"),
        (GROUP, "MutatingAdmissionPolicy"),
        (GROUP, "MutatingAdmissionPolicyBinding"),
        ("authentication.k8s.io", "SelfSubjectReview"),
        ("authentication.k8s.io", "TokenReview"),
        ("authorization.k8s.io", "LocalSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "SubjectAccessReview"),
    )
)
# Nobody knows offline who will ask: someone who may do all.
_USER: Body = {
    "username": "kubernetes-admin",
    "uid": "",
    "groups": ["system:masters", "system:authenticated"],
    "extra": {},
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A policy with one of its bindings: what applies to a request where both match."""

    policy: Body
    binding: Body

    @property
    def spec(self) -> Body:
        return dict(self.policy.get("spec") or {})

    @property
    def fails(self) -> bool:
        """Whether an error in the policy refuses the request."""
        return self.spec.get("failurePolicy") != "Ignore"

    def say(self, message: str, faults: Faults, *, warning: bool = False) -> None:
        """Refuse the request, or warn, in the policy's name."""
        said = f"{self.policy['kind']} {_name(self.policy)} (binding {_name(self.binding)}): {message}"
        faults.append(Fault((), "", said, rule=RULE, warning=warning))

    def fail(self, message: str, faults: Faults) -> None:
        """Refuse the request for an error in the policy, unless it is to be ignored."""
        if self.fails:
            self.say(f"cannot be evaluated, and its failurePolicy is Fail: {message}", faults)


def _name(body: Mapping[str, Any]) -> str:
    return str((body.get("metadata") or {}).get("name") or "")


def bound(kind: str, context: Context) -> list[Bound]:
    """The policies of a kind that are installed, each with each of its bindings; those that the server refuses are not."""
    if (context.run is None and context.world is None) or (context.kind.group, context.kind.kind) in _NOT_LOOKED_AT:
        return []
    key = ("admission policies", kind)
    ledger = context.server.ledger
    if key not in ledger:
        ledger[key] = []  # they are created to know whether they are valid, and do not look at themselves
        ledger[key] = list(_bound(kind, context))
    found: list[Bound] = ledger[key]
    return found


def _bound(kind: str, context: Context) -> Iterator[Bound]:
    bindings = [b for body in context.each(GROUP, f"{kind}Binding") if (b := _installed(body, context)) is not None]
    for body in context.each(GROUP, kind):
        policy = _installed(body, context)
        if policy is None:
            continue
        for binding in bindings:
            if (binding.get("spec") or {}).get("policyName") == _name(policy):
                yield Bound(policy, binding)


def _installed(body: Mapping[str, Any], context: Context) -> Body | None:
    answer = context.server.create(dict(body))
    return None if answer.faults.refused else answer.object


# Matching ------------------------------------------------------------------------------------------------------------


class Request:
    """One request, as policies see it."""

    def __init__(self, body: Body, context: Context) -> None:
        self.context = context
        self.body = body
        self.kind = context.kind
        self.operation = context.operation.upper()
        self.name = _name(body)

    @property
    def space(self) -> Mapping[str, Any] | None:
        """The request's Namespace: as it is known, else with the one label that each has; None for none."""
        name = self.context.namespace
        if not self.kind.namespaced or not name:
            return None
        found = self.context.find("", "Namespace", "", name)
        meta = dict((found or {}).get("metadata") or {"name": name})
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": name}
        return {**(found or {}), "metadata": meta}

    def matched(self, match: Mapping[str, Any]) -> bool:
        """Whether the constraints of a policy or a binding match it."""
        if not self._selected(match):
            return False
        if any(self._rule(rule, match) for rule in match.get("excludeResourceRules") or ()):
            return False
        rules = match.get("resourceRules") or ()
        return not rules or any(self._rule(rule, match) for rule in rules)

    def _selected(self, match: Mapping[str, Any]) -> bool:
        by_space, by_object = match.get("namespaceSelector"), match.get("objectSelector")
        own = (self.body.get("metadata") or {}).get("labels") or {}
        if by_space:
            space = self.space
            if space is not None:
                labels = space["metadata"]["labels"]
            elif (self.kind.group, self.kind.kind) == ("", "Namespace"):
                labels = {**own, "kubernetes.io/metadata.name": self.name}
            else:
                labels = None
            if labels is not None and not selectors.matches(by_space, labels):
                return False
        if not by_object:
            return True
        before = ((self.context.old or {}).get("metadata") or {}).get("labels") or {}
        return selectors.matches(by_object, own) or (
            self.context.old is not None and selectors.matches(by_object, before)
        )

    def _rule(self, rule: Mapping[str, Any], match: Mapping[str, Any]) -> bool:
        def has(field: str, value: str) -> bool:
            listed = rule.get(field) or ()
            return "*" in listed or value in listed

        scope = rule.get("scope") or "*"
        if scope != "*" and (scope == "Namespaced") != self.kind.namespaced:
            return False
        if not has("operations", self.operation) or not has("apiGroups", self.kind.group):
            return False
        if not any(
            resource in ("*", self.kind.plural) and sub in ("", "*")
            for resource, _, sub in (text.partition("/") for text in rule.get("resources") or ())
        ):
            return False
        names = rule.get("resourceNames") or ()
        if names and self.name not in names:
            return False
        if has("apiVersions", self.kind.version):
            return True
        others = match.get("matchPolicy") != "Exact" and self.context.server.kinds()
        return others is not False and any(
            (k.group, k.kind) == (self.kind.group, self.kind.kind) and has("apiVersions", k.version) for k in others
        )

    # What expressions know

    def names(self, params: Any, *, body: Body | None = None) -> dict[str, Any]:
        """The variables of a policy's expressions; `body` is the object as it is by now."""
        kind, old = self.kind, self.context.old
        whole = {"group": kind.group, "version": kind.version}
        request = {
            "kind": {**whole, "kind": kind.kind}, "resource": {**whole, "resource": kind.plural}, "subResource": "",
            "requestKind": {**whole, "kind": kind.kind}, "requestResource": {**whole, "resource": kind.plural},
            "requestSubResource": "", "name": self.name, "namespace": self.context.namespace,
            "operation": self.operation, "userInfo": _USER, "dryRun": False, "options": {},
        }  # fmt: skip
        return {
            "object": shown(self.body if body is None else body, kind),
            "oldObject": None if old is None else shown(old, kind),
            "request": request,
            "params": params,
            "namespaceObject": self.space,
            "authorizer": Authority(),
            "authorizer.requestResource": Authority(),
        }


def shown(body: Body, kind: Kind) -> Body:
    """An object of a request as expressions see it: written as Go writes it."""
    return dict(body) if kind.custom is not None else write(body, kind.type)


def parameters(found: Bound, request: Request, faults: Faults) -> list[Any]:
    """The objects that the policy is held against one after the other; `[None]` for a policy without parameters.

    Where the cluster is not known, a parameter that is not there may be in it, and nothing is said.
    """
    kind, ref = found.spec.get("paramKind"), (found.binding.get("spec") or {}).get("paramRef")
    if kind is None or ref is None:
        return [None]
    context = request.context
    api_version, name = str(kind.get("apiVersion") or ""), str(kind.get("kind") or "")
    known = context.server.kind(api_version, name)
    if known is None:
        if context.complete:
            found.fail(f"the kind of its parameters, {api_version} {name}, is not served", faults)
        return []
    space = ""
    if known.namespaced:
        space = ref.get("namespace") or context.namespace
        if not space:
            found.fail("its parameters have a namespace, which what is asked for has not", faults)
            return []
    elif ref.get("namespace"):
        found.fail("its parameters have no namespace, yet the binding names one", faults)
        return []
    if ref.get("name"):
        one = context.find(known.group, known.kind, space, ref["name"])
        there = [] if one is None else [one]
    else:
        there = [
            body
            for body in context.each(known.group, known.kind, space if known.namespaced else None)
            if selectors.matches(ref.get("selector") or {}, (body.get("metadata") or {}).get("labels") or {})
        ]
    if not there and ref.get("parameterNotFoundAction") == "Deny" and context.complete:
        found.fail("the parameters that its binding asks for do not exist", faults)
    return there


def conditions(found: Bound, names: Mapping[str, Any]) -> bool:
    """Whether all match conditions hold.

    Raises CelError where one fails and none says no.
    """
    failed: CelError | None = None
    for condition in found.spec.get("matchConditions") or ():
        try:
            if evaluate(condition.get("expression") or "", names, CONDITION_STEPS) is False:
                return False
        except CelError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return True


def with_variables(variables: Sequence[Mapping[str, Any]], names: dict[str, Any]) -> dict[str, Any]:
    """The names with the policy's variables; one that fails does so when it is asked for."""
    known = {**names, "variables": {}}
    for variable in variables:
        name = variable.get("name") or ""
        try:
            value = evaluate(variable.get("expression") or "", known)
        except CelError as error:
            value = Broken(f"the variable {name} fails: {error}")
        known["variables"][name] = known[f"variables.{name}"] = value
    return known


def evaluate(text: str, names: Mapping[str, Any], steps: int = STEPS) -> Any:
    """An expression's value.

    Raises CelError.
    """
    found = program(text.strip()).run(names, steps)
    if weight(found) > STEPS:
        raise CelError("the expression gives more than can be looked at")
    return found


def plain(value: Any) -> Any:
    """A value of an expression as JSON."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    raise CelError(f"a {type(value).__name__} cannot be part of an object")
