"""ValidatingAdmissionPolicy: policies among the inputs or in the cluster, held against the other objects.

Source: k8s.io/apiserver v0.37.2 pkg/admission/plugin/policy/validating. The server names the first refusal alone; here
each is said. What is only to be audited is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver import policies
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.policies import Bound, Request
from manifold.k8s.cel.syntax import CelError

NAME = "ValidatingAdmissionPolicy"
LONGEST = 5 * 1024
"""The bytes of what a messageExpression may give."""


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Hold an object against the policies that match it."""
    installed = policies.bound(NAME, context)
    if not installed:
        return
    request = Request(body, context)
    for found in installed:
        if request.matched(found.spec.get("matchConstraints") or {}) and request.matched(
            (found.binding.get("spec") or {}).get("matchResources") or {}
        ):
            for params in policies.parameters(found, request, faults):
                _hold(found, request.names(params), faults)


def _hold(found: Bound, names: dict[str, Any], faults: Faults) -> None:
    try:
        if not policies.conditions(found, names):
            return
    except CelError as error:
        found.fail(f"a match condition fails: {error}", faults)
        return
    known = policies.with_variables(found.spec.get("variables") or (), names)
    for validation in found.spec.get("validations") or ():
        try:
            if policies.evaluate(validation.get("expression") or "", known) is True:
                continue
            said = _message(validation, known)
        except CelError as error:
            if not found.fails:
                continue
            said = f"cannot be evaluated, and its failurePolicy is Fail: {error}"
        actions = (found.binding.get("spec") or {}).get("validationActions") or ()
        if "Deny" in actions:
            found.say(said, faults)
        if "Warn" in actions:
            found.say(said, faults, warning=True)
    for annotation in found.spec.get("auditAnnotations") or ():
        try:
            policies.evaluate(annotation.get("valueExpression") or "", known)
        except CelError as error:
            found.fail(f"the audit annotation {annotation.get('key')} fails: {error}", faults)


def _message(validation: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """What a validation that does not hold says: what its expression gives, its message, or the expression itself."""
    words: Any = None
    if validation.get("messageExpression"):
        try:
            words = policies.evaluate(validation["messageExpression"], names)
        except CelError:
            words = None  # the server takes the plain message then
    if isinstance(words, str) and words.strip() and "\n" not in words.strip() and len(words.encode()) <= LONGEST:
        return words.strip()
    plain = (validation.get("message") or "").strip()
    return plain or f"does not keep {(validation.get('expression') or '').strip()}"
