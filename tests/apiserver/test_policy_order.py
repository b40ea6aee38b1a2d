"""Policies among the inputs see what mutating plug-ins made of an object."""

from __future__ import annotations

from manifold import api

POLICY = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: tolerations}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "object.spec.tolerations.exists(t, t.key == 'node.kubernetes.io/not-ready')"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: tolerations}
spec: {policyName: tolerations, validationActions: [Deny]}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: "b:1"}]}
"""


def test_a_policy_sees_the_tolerations_that_every_pod_gets() -> None:
    """A field that no manifest has is there, as on a server: its absence is no error of the expression."""
    assert [d.message for d in api.validate(POLICY) if d.rejects] == []
    assert [d.rule for d in api.validate(POLICY.replace("not-ready", "other")) if d.rejects] == ["api/policy"]
