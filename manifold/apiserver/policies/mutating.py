"""MutatingAdmissionPolicy: policies among the inputs or in the cluster, changing the other objects.

Source: k8s.io/apiserver v0.37.2 pkg/admission/plugin/policy/mutating: apply configurations are merged as a server-side
apply merges, without ownership; JSON patches are applied to the object as it is written. Where anything was changed, the
other plug-ins run once more, and after them the policies whose reinvocationPolicy is IfNeeded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver import admission, policies
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.patch import jsonpatch, merge
from manifold.apiserver.patch.fieldset import child, is_atomic
from manifold.apiserver.policies import Bound, Request
from manifold.apiserver.schema import Type
from manifold.k8s.cel.evaluate import program
from manifold.k8s.cel.syntax import CelError, Node

NAME = "MutatingAdmissionPolicy"
Body = dict[str, Any]


def mutate(body: Body, context: Context, faults: Faults) -> None:
    """Change an object in place as the policies that match it say."""
    installed = policies.bound(NAME, context)
    if not installed:
        return
    invoked = [pair for found in installed for pair in _invoked(found, body, context, faults)]
    again = [(found, params) for found, params in invoked if found.spec.get("reinvocationPolicy") == "IfNeeded"]
    done = [_mutate(found, params, body, context, faults) for found, params in invoked]
    if not any(done):
        return
    for name, step in admission.steps("mutate", context.kind.group, context.kind.kind, context.alone):
        if name != NAME:
            step(body, context, faults)
    for found, params in again:
        _mutate(found, params, body, context, faults)


def _invoked(found: Bound, body: Body, context: Context, faults: Faults) -> list[tuple[Bound, Any]]:
    request = Request(body, context)
    binding = found.binding.get("spec") or {}
    if not request.matched(found.spec.get("matchConstraints") or {}) or not request.matched(
        binding.get("matchResources") or {}
    ):
        return []
    return [(found, params) for params in policies.parameters(found, request, faults)]


def _mutate(found: Bound, params: Any, body: Body, context: Context, faults: Faults) -> bool:
    """Do a policy's mutations; whether any was done."""
    request = Request(body, context)
    try:
        if not policies.conditions(found, request.names(params)):
            return False
    except CelError as error:
        found.fail(f"a match condition fails: {error}", faults)
        return False
    done = False
    for mutation in found.spec.get("mutations") or ():
        names = policies.with_variables(found.spec.get("variables") or (), request.names(params))
        try:
            if mutation.get("patchType") == "JSONPatch":
                made = _patched(mutation, names, body, context)
            else:
                made = _merged(mutation, names, body, context)
        except (CelError, jsonpatch.PatchError) as error:
            found.fail(str(error), faults)
            continue
        strict = Faults()
        decoded = context.server.read(made, context.kind, strict)
        if strict.refused:
            found.fail(f"what it makes is no {context.kind.kind}: {strict[0].message}", faults)
            continue
        context.server.default(decoded, context)
        body.clear()
        body.update(decoded)
        done = True
    return done


def _patched(mutation: Mapping[str, Any], names: Mapping[str, Any], body: Body, context: Context) -> Body:
    operations = policies.evaluate((mutation.get("jsonPatch") or {}).get("expression") or "", names)
    if not isinstance(operations, list):
        raise CelError("the expression gives no list of JSON patches")
    whole = policies.shown(body, context.kind)
    try:
        made = jsonpatch.apply(whole, [policies.plain(o) for o in operations])
    except jsonpatch.TestFailedError:
        return whole  # a test that does not hold leaves the object as it was
    if not isinstance(made, dict):
        raise jsonpatch.PatchError("the patch leaves no object")
    return made


def _merged(mutation: Mapping[str, Any], names: Mapping[str, Any], body: Body, context: Context) -> Body:
    text = (mutation.get("applyConfiguration") or {}).get("expression") or ""
    wrong = _misnamed(program(text.strip()).root)
    if wrong:
        raise CelError(wrong)
    said = policies.plain(policies.evaluate(text, names))
    if not isinstance(said, dict):
        raise CelError("the expression gives no Object")
    kind = context.kind
    whole = sorted(_atomic(said, kind.type, ""))
    if whole:
        raise CelError(f"an apply configuration may not set what is replaced as a whole: {', '.join(whole)}")
    said = {**said, "apiVersion": kind.api_version, "kind": kind.kind}
    return dict(merge.merge(policies.shown(body, kind), said, kind.type))


def _misnamed(node: Node) -> str:
    """Where an expression puts an object of another type than its field's: `Object.spec` within `Object.status`."""
    if node.op == "object" and str(node.value).startswith("Object"):
        for key, arg in zip(node.keys, node.args, strict=True):
            wanted = f"{node.value}.{key}"
            for inner in arg.args if arg.op == "list" else [arg]:
                if inner.op == "object" and str(inner.value).startswith("Object") and inner.value != wanted:
                    return f"field {key} must be of type {wanted}, not {inner.value}"
    children = [*node.args, *([node.target] if node.target is not None else [])]
    return next((found for one in children if (found := _misnamed(one))), "")


def _atomic(value: Any, type: Type, path: str) -> list[str]:
    """The lists and maps within an apply configuration that would be replaced as a whole."""
    found = [path] if path and isinstance(value, (dict, list)) and is_atomic(type, value) else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += _atomic(inner, child(type, name), f"{path}.{name}")
    elif isinstance(value, list) and type.items is not None:
        for i, inner in enumerate(value):
            found += _atomic(inner, type.items, f"{path}[{i}]")
    return found
