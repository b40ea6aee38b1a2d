"""Validation of webhook configurations, admission policies and their bindings.

Source: kubernetes v1.37.2 pkg/apis/admissionregistration/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import webhooks
from manifold.apiserver.validate.metadata import label_selector
from manifold.apiserver.warnings import STATIC_SUFFIX
from manifold.k8s import cel
from manifold.k8s.equality import same
from manifold.k8s.formats import dns_1035_label, dns_subdomain, path_segment, qualified_name
from manifold.model import Path

Body = dict[str, Any]
Release = tuple[int, int]

OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
MUTATING = ("*", "CREATE", "UPDATE", "CONNECT")
SCOPES = ("*", "Cluster", "Namespaced")
QUIET = ("None", "NoneOnDryRun")
SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
ACTIONS = ("Audit", "Deny", "Warn")
MOST_CONDITIONS = 64
MOST_ANNOTATIONS = 20
LONGEST_ANNOTATION = 5 * 1024
_BREAKS = re.compile(r"[\n\r]")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*", re.ASCII)
_SPACE = "\t\n\v\f\r \x85\xa0"


def _blank(text: str | None) -> bool:
    return not (text or "").strip(_SPACE)


# Rules ---------------------------------------------------------------------------------------------------------------


def _alone(values: Sequence[str], what: str, path: Path, faults: Faults) -> None:
    if len(values) > 1 and "*" in values:
        faults.invalid(path, f"beside '*' no other {what} may be listed")


def _rule(rule: Body, path: Path, faults: Faults) -> None:
    """What a rule matches: operations and resources."""
    operations = rule.get("operations") or ()
    if not operations:
        faults.required((*path, "operations"))
    _alone(operations, "operation", (*path, "operations"), faults)
    for i, operation in enumerate(operations):
        if operation not in OPERATIONS:
            faults.not_supported((*path, "operations", i), operation, OPERATIONS)
    groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
    if not groups:
        faults.required((*path, "apiGroups"))
    _alone(groups, "API group", (*path, "apiGroups"), faults)
    if not versions:
        faults.required((*path, "apiVersions"))
    _alone(versions, "API version", (*path, "apiVersions"), faults)
    for i, version in enumerate(versions):
        if not version:
            faults.required((*path, "apiVersions", i))
    _resources(rule.get("resources") or (), (*path, "resources"), faults)
    scope = rule.get("scope")
    if scope is not None and scope not in SCOPES:
        faults.not_supported((*path, "scope"), scope, SCOPES)


def _resources(resources: Sequence[str], path: Path, faults: Faults) -> None:
    if not resources:
        faults.required(path)
    every_sub: set[str] = set()  # x/*
    every_resource: set[str] = set()  # */x
    plain = False  # the server looks at the last resource without a subresource only
    for i, text in enumerate(resources):
        if not text:
            faults.required((*path, i))
            continue
        resource, slash, sub = text.partition("/")
        if not slash:
            plain = text != "*"
            continue
        if resource in every_sub:
            faults.invalid((*path, i), f"{text} is covered by {resource}/*, which is listed as well")
        if sub in every_resource:
            faults.invalid((*path, i), f"{text} is covered by */{sub}, which is listed as well")
        if sub == "*":
            every_sub.add(resource)
        if resource == "*":
            every_resource.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        faults.invalid(path, "beside '*/*' no other resource may be listed")
    if "*" in resources and plain:
        faults.invalid(path, "beside '*' no resource without subresource may be listed")


def _match_resources(match: Body | None, path: Path, faults: Faults) -> None:
    if match is None:
        return
    for name in ("namespaceSelector", "objectSelector"):
        label_selector(match.get(name), (*path, name), faults)
    for name in ("resourceRules", "excludeResourceRules"):
        for i, rule in enumerate(match.get(name) or ()):
            here = (*path, name, i)
            seen = set()
            for j, text in enumerate(rule.get("resourceNames") or ()):
                for message in path_segment(text):
                    faults.invalid((*here, "resourceNames", j), message)
                if text in seen:
                    faults.duplicate((*here, "resourceNames", j), text)
                seen.add(text)
            _rule(rule, here, faults)


# Expressions ---------------------------------------------------------------------------------------------------------


def _expression(
    text: str, scope: cel.Scope, results: Sequence[str], path: Path, faults: Faults, *, stored: bool = False
) -> None:
    """Blame an expression that does not compile in the scope, or gives another type than it must."""
    for message in cel.check(text, scope, results):
        faults.invalid(path, message)


def _conditions(
    conditions: Sequence[Body] | None, path: Path, faults: Faults, release: Release, *, params: bool = False
) -> None:
    conditions = conditions or ()
    if len(conditions) > MOST_CONDITIONS:
        faults.too_many(path, len(conditions), MOST_CONDITIONS)
    seen = set()
    for i, condition in enumerate(conditions):
        here = (*path, i)
        text, name = condition.get("expression") or "", condition.get("name") or ""
        if _blank(text):
            faults.required((*here, "expression"))
        else:
            scope = cel.admission_scope(params=params, authorizer=True, release=release)
            _expression(text.strip(_SPACE), scope, ("bool",), (*here, "expression"), faults)
        if not name:
            faults.required((*here, "name"))
            continue
        for message in qualified_name(name):
            faults.invalid((*here, "name"), message)
        if name in seen:
            faults.duplicate((*here, "name"), name)
        seen.add(name)


# Webhooks ------------------------------------------------------------------------------------------------------------


class _Old:
    """What a stored configuration had wrong already, and may keep."""

    def __init__(self, old: Body | None, new: Body) -> None:
        hooks = (old or {}).get("webhooks") or []
        self.side_effects = all(h.get("sideEffects") in QUIET for h in hooks)
        self.recognized = all(
            webhooks.knows_review(h.get("admissionReviewVersions")) or not h.get("admissionReviewVersions")
            for h in hooks
        )
        names = [h.get("name") for h in hooks]
        self.unique = len(set(names)) == len(names)
        self.lenient = old is not None and _bad_selector(hooks)
        now = new.get("webhooks") or []
        self.same_conditions = (
            old is not None
            and len(now) == len(hooks)
            and all(same(a.get("matchConditions"), b.get("matchConditions")) for a, b in zip(now, hooks, strict=True))
        )


def _bad_selector(hooks: Sequence[Body]) -> bool:
    found = Faults()
    for hook in hooks:
        label_selector(hook.get("namespaceSelector"), (), found)
        label_selector(hook.get("objectSelector"), (), found)
    return bool(found)


def _webhooks(body: Body, old: Body | None, release: Release, faults: Faults) -> None:
    before = _Old(old, body)
    names = set()
    for i, hook in enumerate(body.get("webhooks") or ()):
        path: Path = ("webhooks", i)
        name = hook.get("name") or ""
        _hook_name(name, (*path, "name"), faults)
        for j, rule in enumerate(hook.get("rules") or ()):
            _rule(rule, (*path, "rules", j), faults)
        effects, allowed = hook.get("sideEffects"), QUIET if before.side_effects else SIDE_EFFECTS
        if effects is None:
            faults.required((*path, "sideEffects"), f"must be one of {', '.join(allowed)}")
        elif effects not in allowed:
            faults.not_supported((*path, "sideEffects"), effects, allowed)
        for field in ("namespaceSelector", "objectSelector"):
            label_selector(hook.get(field), (*path, field), faults, lenient_values=before.lenient)
        webhooks.client(hook.get("clientConfig") or {}, (*path, "clientConfig"), faults)
        if not before.same_conditions:
            _conditions(hook.get("matchConditions"), (*path, "matchConditions"), faults, release)
        webhooks.review_versions(
            hook.get("admissionReviewVersions"),
            (*path, "admissionReviewVersions"),
            faults,
            recognized=before.recognized,
        )
        if before.unique and name:
            if name in names:
                faults.duplicate((*path, "name"), name)
            names.add(name)


def _hook_name(name: str, path: Path, faults: Faults) -> None:
    if not name:
        faults.required(path)
        return
    found = dns_subdomain(name)
    for message in found:
        faults.invalid(path, message)
    if not found and name.count(".") < 2:
        faults.invalid(path, "must have at least three parts, parted by dots")


def _unreserved(body: Body, context: Context, faults: Faults) -> None:
    name = (body.get("metadata") or {}).get("name") or ""
    if name.endswith(STATIC_SUFFIX) and context.enabled("ManifestBasedAdmissionControlConfig"):
        message = f"names that end with {STATIC_SUFFIX} are for files that the server reads, not for the API"
        faults.invalid(("metadata", "name"), message)


def create_webhooks(body: Body, context: Context, faults: Faults) -> None:
    """A ValidatingWebhookConfiguration or MutatingWebhookConfiguration."""
    _unreserved(body, context, faults)
    _webhooks(body, None, context.server.release, faults)


def update_webhooks(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one, but what was wrong before may stay so."""
    _webhooks(new, old, context.server.release, faults)


# Policies ------------------------------------------------------------------------------------------------------------


def _param_kind(kind: Body, path: Path, faults: Faults) -> None:
    text, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    here = (*path, "apiVersion")
    if not text:
        faults.required(here)
    elif text.count("/") > 1:
        faults.invalid(here, f"{text!r} is no API version: [group/]version")
    else:
        group, _, version = text.rpartition("/")
        if group and (found := dns_subdomain(group)):
            faults.invalid(here, "; ".join(found))
        if not version:
            faults.invalid(here, "a version must be named: [group/]version")
        elif found := dns_1035_label(version):
            faults.invalid(here, "; ".join(found))
    if not name:
        faults.required((*path, "kind"))
    elif found := dns_1035_label(name.lower()):
        faults.invalid((*path, "kind"), "; ".join(found))


def _policy_head(spec: Body, same_conditions: bool, faults: Faults) -> None:
    """What both kinds of policies begin with: parameters, constraints, conditions."""
    if spec.get("paramKind") is not None:
        _param_kind(spec["paramKind"], ("spec", "paramKind"), faults)
    match = spec.get("matchConstraints")
    here = ("spec", "matchConstraints")
    if match is None:
        faults.required(here)
    else:
        _match_resources(match, here, faults)
        if not match.get("resourceRules"):
            faults.required((*here, "resourceRules"), "at least one rule must say which resources are meant")


def _policy_conditions(spec: Body, same_conditions: bool, release: Release, faults: Faults) -> None:
    if not same_conditions:
        params = spec.get("paramKind") is not None
        _conditions(spec.get("matchConditions"), ("spec", "matchConditions"), faults, release, params=params)


def _variables(spec: Body, scope: cel.Scope, faults: Faults) -> None:
    """The variables, each of which later expressions may use; they become part of the scope."""
    for i, variable in enumerate(spec.get("variables") or ()):
        path = ("spec", "variables", i)
        name, text = variable.get("name") or "", variable.get("expression") or ""
        if _blank(name):
            faults.required((*path, "name"))
        elif not _IDENTIFIER.fullmatch(name) or name in cel.RESERVED:
            faults.invalid((*path, "name"), f"{name!r} is no identifier of CEL, or a reserved one")
        if _blank(text):
            faults.required((*path, "expression"))
            continue
        messages, type = cel.infer(text, scope)
        for message in messages:
            faults.invalid((*path, "expression"), message)
        if name:
            scope.define(name, type)  # dyn where it does not compile: what uses it is not blamed for that


def _same_conditions(new: Body, old: Body | None) -> bool:
    if old is None:
        return False
    after, before = new.get("spec") or {}, old.get("spec") or {}
    return all(same(after.get(n), before.get(n)) for n in ("paramKind", "matchConditions"))


def _validating_policy(body: Body, old: Body | None, release: Release, faults: Faults) -> None:
    spec = body.get("spec") or {}
    conditions_kept = _same_conditions(body, old)
    _policy_head(spec, conditions_kept, faults)
    _policy_conditions(spec, conditions_kept, release, faults)
    params = spec.get("paramKind") is not None
    scope = cel.admission_scope(params=params, authorizer=True, variables=bool(spec.get("variables")), release=release)
    _variables(spec, scope, faults)
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        for name in ("validations", "auditAnnotations"):
            faults.required(("spec", name), "a policy needs validations or auditAnnotations")
        return
    bare = cel.admission_scope(params=params, authorizer=False, variables=bool(spec.get("variables")), release=release)
    bare.variables = scope.variables
    for i, validation in enumerate(validations):
        _validation(validation, scope, bare, ("spec", "validations", i), faults)
    here = ("spec", "auditAnnotations")
    if len(annotations) > MOST_ANNOTATIONS:
        faults.invalid(here, f"{len(annotations)} annotations, at most {MOST_ANNOTATIONS} are allowed")
    name = str((body.get("metadata") or {}).get("name") or "")
    seen = set()
    for i, annotation in enumerate(annotations):
        _audit_annotation(annotation, name, scope, (*here, i), faults)
        key = annotation.get("key") or ""
        if key in seen:
            faults.duplicate((*here, i, "key"), key)
        seen.add(key)


def _validation(validation: Body, scope: cel.Scope, bare: cel.Scope, path: Path, faults: Faults) -> None:
    text = validation.get("expression") or ""
    if _blank(text):
        faults.required((*path, "expression"))
    else:
        _expression(text, scope, ("bool",), (*path, "expression"), faults)
    words = validation.get("messageExpression") or ""
    if words:
        if _blank(words):
            faults.invalid((*path, "messageExpression"), "must not be blank")
        else:
            _expression(words, bare, ("string",), (*path, "messageExpression"), faults)
    message = validation.get("message") or ""
    if message:
        if _blank(message):
            faults.invalid((*path, "message"), "must not be blank")
        elif _BREAKS.search(message.strip(_SPACE)):
            faults.invalid((*path, "message"), "must not contain line breaks")
    reason = validation.get("reason")
    if reason is not None and reason not in REASONS:
        faults.not_supported((*path, "reason"), reason, REASONS)


def _audit_annotation(annotation: Body, name: str, scope: cel.Scope, path: Path, faults: Faults) -> None:
    key, text = annotation.get("key") or "", annotation.get("valueExpression") or ""
    if name:
        for message in qualified_name(f"{name}/{key}"):
            faults.invalid((*path, "key"), message)
    else:
        faults.invalid((*path, "key"), "the policy needs a name, which becomes part of the key")
    here = (*path, "valueExpression")
    if _blank(text):
        faults.required(here)
    elif len(text.strip(_SPACE).encode("utf-8", "surrogatepass")) > LONGEST_ANNOTATION:
        faults.required(here, f"longer than {LONGEST_ANNOTATION} bytes")
    else:
        _expression(text.strip(_SPACE), scope, ("string", "null_type"), here, faults)


def create_validating_policy(body: Body, context: Context, faults: Faults) -> None:
    """A ValidatingAdmissionPolicy."""
    _unreserved(body, context, faults)
    _validating_policy(body, None, context.server.release, faults)


def update_validating_policy(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; unchanged match conditions are not looked at again."""
    _validating_policy(new, old, context.server.release, faults)


def _mutating_operations(match: Body | None, path: Path, faults: Faults) -> None:
    """A mutating policy cannot act on DELETE; the server blames the operations without an index."""
    for rule in (match or {}).get("resourceRules") or ():
        for operation in rule.get("operations") or ():
            if operation not in MUTATING:
                faults.not_supported((*path, "resourceRules", "operations"), operation, MUTATING)


def _mutating_policy(body: Body, old: Body | None, release: Release, faults: Faults) -> None:
    spec = body.get("spec") or {}
    conditions_kept = _same_conditions(body, old)
    _policy_head(spec, conditions_kept, faults)
    _mutating_operations(spec.get("matchConstraints"), ("spec", "matchConstraints"), faults)
    _policy_conditions(spec, conditions_kept, release, faults)
    params = spec.get("paramKind") is not None
    scope = cel.admission_scope(params=params, authorizer=True, variables=True, release=release)
    _variables(spec, scope, faults)
    scope = scope.with_patches()
    mutations = spec.get("mutations") or ()
    if not mutations:
        faults.required(("spec", "mutations"), "a policy needs at least one mutation")
    for i, mutation in enumerate(mutations):
        _mutation(mutation, scope, ("spec", "mutations", i), faults)


_PATCHES = {
    "JSONPatch": ("jsonPatch", "applyConfiguration", "list(JSONPatch)"),
    "ApplyConfiguration": ("applyConfiguration", "jsonPatch", "Object"),
}


def _mutation(mutation: Body, scope: cel.Scope, path: Path, faults: Faults) -> None:
    kind = mutation.get("patchType") or ""
    if not kind:
        faults.required((*path, "patchType"))
        return
    if kind not in _PATCHES:
        faults.not_supported((*path, "patchType"), kind, _PATCHES)
        return
    field, other, result = _PATCHES[kind]
    patch = mutation.get(field)
    if patch is None:
        faults.required((*path, field), f"must be set for the patch type {kind}")
    else:
        text = patch.get("expression") or ""
        if _blank(text):
            faults.required((*path, field, "expression"))
        else:
            _expression(text.strip(_SPACE), scope, (result,), (*path, field, "expression"), faults)
    if mutation.get(other) is not None:
        faults.invalid((*path, other), f"must not be set for the patch type {kind}")


def create_mutating_policy(body: Body, context: Context, faults: Faults) -> None:
    """A MutatingAdmissionPolicy."""
    _unreserved(body, context, faults)
    _mutating_policy(body, None, context.server.release, faults)


def update_mutating_policy(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; unchanged match conditions are not looked at again."""
    _mutating_policy(new, old, context.server.release, faults)


# Bindings ------------------------------------------------------------------------------------------------------------


def _binding(body: Body, context: Context, faults: Faults) -> None:
    spec = body.get("spec") or {}
    name = spec.get("policyName") or ""
    if not name:
        faults.required(("spec", "policyName"))
    else:
        for message in dns_subdomain(name):
            faults.invalid(("spec", "policyName"), message)
    _param_ref(spec.get("paramRef"), ("spec", "paramRef"), faults)
    # Servers before 1.32 misspell the field.
    named = "matchResources" if context.since(1, 32) else "matchResouces"
    _match_resources(spec.get("matchResources"), ("spec", named), faults)


def _param_ref(ref: Body | None, path: Path, faults: Faults) -> None:
    if ref is None:
        return
    name, selector = ref.get("name") or "", ref.get("selector")
    if name:
        for message in path_segment(name):
            faults.invalid((*path, "name"), message)
        if selector is not None:
            faults.forbidden((*path, "name"), "name and selector exclude each other")
    if selector is not None:
        label_selector(selector, (*path, "selector"), faults)
        if name:
            faults.forbidden((*path, "selector"), "name and selector exclude each other")
    if not name and selector is None:
        faults.required(path, "name or selector must be set")


def create_validating_binding(body: Body, context: Context, faults: Faults) -> None:
    """A ValidatingAdmissionPolicyBinding."""
    _unreserved(body, context, faults)
    _binding(body, context, faults)
    actions = (body.get("spec") or {}).get("validationActions") or ()
    path = ("spec", "validationActions")
    seen = set()
    for i, action in enumerate(actions):
        if action not in ACTIONS:
            faults.not_supported((*path, i), action, ACTIONS)
        if action in seen:
            faults.duplicate((*path, i), action)
        seen.add(action)
    if {"Deny", "Warn"} <= seen:
        faults.invalid(path, "Deny and Warn exclude each other: both would say the same thing twice")
    if not seen:
        faults.required(path, "at least one action must be listed")


def create_mutating_binding(body: Body, context: Context, faults: Faults) -> None:
    """A MutatingAdmissionPolicyBinding."""
    _unreserved(body, context, faults)
    _binding(body, context, faults)
    match = (body.get("spec") or {}).get("matchResources")
    _mutating_operations(match, ("spec", "matchResources"), faults)


CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {
    "ValidatingWebhookConfiguration": create_webhooks,
    "MutatingWebhookConfiguration": create_webhooks,
    "ValidatingAdmissionPolicy": create_validating_policy,
    "ValidatingAdmissionPolicyBinding": create_validating_binding,
    "MutatingAdmissionPolicy": create_mutating_policy,
    "MutatingAdmissionPolicyBinding": create_mutating_binding,
}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {
    "ValidatingWebhookConfiguration": update_webhooks,
    "MutatingWebhookConfiguration": update_webhooks,
    "ValidatingAdmissionPolicy": update_validating_policy,
    "MutatingAdmissionPolicy": update_mutating_policy,
}
