"""Where rules draw the line: what an API server or a runtime makes of the edge decides, as other linters on changed manifests showed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from manifold import api

Body = dict[str, Any]


def pod(**container: Any) -> Body:
    """A Pod of one container."""
    spec = {"containers": [{"name": "web", "image": "web:1", **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec}


def of(version: str, kind: str, **rest: Any) -> Body:
    """An object named web."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, **rest}


def role(resource: str) -> Body:
    """A Role that may create something."""
    rule = {"apiGroups": [""], "resources": [resource], "verbs": ["create"]}
    return of("rbac.authorization.k8s.io/v1", "Role", rules=[rule])


def binding(kind: str, name: str) -> Body:
    """A RoleBinding to a role that is not at hand."""
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    return of("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef=ref)


def service(port: Any) -> Body:
    """A Service with a target port."""
    return of("v1", "Service", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": port}]})


def probes(ready: Body, live: Body) -> Body:
    """A Pod that asks for both."""
    return pod(readinessProbe=ready, livenessProbe=live)


def configured(**spec: Any) -> Body:
    """A DeploymentConfig of OpenShift."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod()["spec"]}
    return of("apps.openshift.io/v1", "DeploymentConfig", spec={"template": template, **spec})


NO_SELECTOR = of("networking.k8s.io/v1", "NetworkPolicy", spec={"ingress": [{}]})


@pytest.mark.parametrize(
    ("rule", "found", "bodies"),
    [
        ("exec-allowed", True, [role("pods/exec")]),
        ("exec-allowed", True, [role("*/exec")]),
        ("exec-allowed", False, [role("pods/*")]),  # RBAC knows no such pattern
        ("exec-bound-by-role", True, [binding("Role", "view")]),  # a ClusterRole of that name is there, but no Role
        ("exec-bound-by-cluster-role", False, [binding("ClusterRole", "view")]),
        ("all-allowed-by-role", True, [binding("Role", "view")]),
        ("target-port-impossible", False, [service(0)]),  # stands for the port itself
        ("target-port-impossible", False, [service("http")]),
        ("policy-pods-elsewhere", True, [NO_SELECTOR]),
        ("policy-pods-elsewhere", False, [NO_SELECTOR, pod()]),
        ("pod-not-isolated", False, [NO_SELECTOR, pod()]),
        ("memory-request-off-limit", False, [pod(resources={"requests": {"memory": "0"}})]),
        ("memory-request-off-limit", True, [pod(resources={"requests": {"memory": "1Gi"}})]),
        ("cpu-request-zero", True, [pod(resources={"requests": {"cpu": "0m"}})]),
        ("cpu-request-zero", False, [pod(resources={"requests": {"cpu": "1m"}})]),
        ("cpu-request-zero", False, [pod()]),
        ("secret-in-variable", True, [pod(env=[{"name": "DB_PASSWORD", "value": "x"}])]),
        ("secret-in-variable", False, [pod(env=[{"name": "DB_PASSWORD", "value": ""}])]),
        ("hardening-missing", True, [pod(securityContext={"appArmorProfile": {"type": "Unconfined"}})]),
        ("hardening-missing", False, [pod(securityContext={"appArmorProfile": {"type": "RuntimeDefault"}})]),
        ("identical-probes", True, [probes({"tcpSocket": {"port": 80}}, {"tcpSocket": {"port": 80}})]),
        ("identical-probes", False, [probes({"tcpSocket": {"port": 80}}, {"tcpSocket": {"port": 81}})]),
        ("selector-mismatch", True, [configured(selector={"app": "api"})]),
        ("selector-mismatch", False, [configured(selector={"app": "web"})]),
        ("fewer-than-three-replicas", True, [configured(replicas=2)]),
        ("fewer-than-three-replicas", False, [configured(replicas=3)]),
    ],
)
def test_a_rule_draws_the_line_where_the_cluster_does(rule: str, found: bool, bodies: list[Body]) -> None:
    """On either side of it."""
    said = {d.rule for d in api.lint(bodies, profile="all")}

    assert (rule in said) is found, json.dumps(bodies)
