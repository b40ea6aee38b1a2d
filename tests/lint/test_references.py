"""References: what is missing, and what cannot be known."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api, references
from manifold.k8s import pods
from manifold.lint.catalogue import rules

from tests.definitions import definition

WEB = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}


def obj(kind: str, name: str, version: str = "v1", namespace: str | None = "shop", **fields: Any) -> dict[str, Any]:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **fields}


def pod(name: str = "web", namespace: str | None = "shop", **spec: Any) -> dict[str, Any]:
    return obj(
        "Pod", name, namespace=namespace, spec={"containers": [{"name": "web", "image": "r.example.com/web:1"}], **spec}
    )


def env(kind: str, name: str, key: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "web",
            "image": "r.example.com/web:1",
            "env": [{"name": "A", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}],
        }
    ]


def said(*objects: dict[str, Any], cluster: Any = (), select: str = "references") -> list[tuple[str, str, str]]:
    return [
        (d.rule, d.path, d.message)
        for d in api.lint(list(objects), select=[select], cluster=cluster)
        if d.rule != "reference-unresolved"
    ]


def one(*objects: dict[str, Any], cluster: Any = ()) -> tuple[str, str, str]:
    (found,) = said(*objects, cluster=cluster)
    return found


CONFIG = obj("ConfigMap", "config", data={"url": "a"})
GATEWAY = obj(
    "Gateway", "front", "gateway.networking.k8s.io/v1", spec={"gatewayClassName": "x", "listeners": [{"name": "https", "port": 443, "protocol": "HTTPS"}]}
)  # fmt: skip


def route(**parent: Any) -> dict[str, Any]:
    backend = {"name": "web", "port": 80}
    return obj(
        "HTTPRoute", "web", "gateway.networking.k8s.io/v1",
        spec={"parentRefs": [{"name": "front", **parent}], "rules": [{"backendRefs": [backend]}]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("objects", "rule", "path", "words"),
    [
        ([CONFIG, pod(containers=env("configMap", "confg", "url"))], "reference-missing", ".configMapKeyRef.name", "did you mean config?"),
        ([CONFIG, pod(containers=env("configMap", "config", "uri"))], "reference-key-missing", ".configMapKeyRef.key", "did you mean url?"),
        ([CONFIG, pod(containers=env("secret", "config", "url"))], "reference-missing", ".secretKeyRef.name", "a ConfigMap of that name"),
        ([CONFIG, pod(namespace="test", containers=env("configMap", "config", "url"))], "reference-missing", ".configMapKeyRef.name", "one in namespace shop"),
        ([obj("PersistentVolumeClaim", "date"), pod(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])], "reference-missing", ".claimName", "did you mean date?"),
        ([obj("ServiceAccount", "api"), pod(serviceAccountName="web")], "reference-missing", "spec.serviceAccountName", "ServiceAccount 'web'"),
        ([obj("Role", "reader", "rbac.authorization.k8s.io/v1"), obj("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "reader"})], "reference-missing", "roleRef.name", "a Role of that name"),
        ([obj("StorageClass", "fast-ssd", "storage.k8s.io/v1", None), obj("PersistentVolumeClaim", "d", spec={"storageClassName": "fast-sdd"})], "reference-missing", "spec.storageClassName", "did you mean fast-ssd?"),
        ([obj("PriorityClass", "urgent", "scheduling.k8s.io/v1", None), pod(priorityClassName="urgend")], "reference-missing", "spec.priorityClassName", "did you mean urgent?"),
        ([obj("IngressClass", "public", "networking.k8s.io/v1", None), obj("Ingress", "w", "networking.k8s.io/v1", spec={"ingressClassName": "pubilc"})], "reference-missing", "spec.ingressClassName", "did you mean public?"),
        ([obj("Secret", "mirror"), pod(imagePullSecrets=[{"name": "miror"}])], "reference-missing", "spec.imagePullSecrets[0].name", "did you mean mirror?"),
        ([WEB, obj("Ingress", "w", "networking.k8s.io/v1", spec={"defaultBackend": {"service": {"name": "web", "port": {"name": "https"}}}})], "reference-port-missing", "spec.defaultBackend.service.port", "has http"),
        ([WEB, obj("ValidatingWebhookConfiguration", "w", "admissionregistration.k8s.io/v1", None, webhooks=[{"clientConfig": {"service": {"name": "web", "namespace": "shop"}}}])], "reference-port-missing", "webhooks[0].clientConfig.service.port", "no port 443"),
        ([WEB, obj("APIService", "v1.x", "apiregistration.k8s.io/v1", None, spec={"service": {"name": "web", "namespace": "other"}})], "reference-missing", "spec.service.name", "one in namespace shop"),
        ([WEB, GATEWAY, route(sectionName="http")], "reference-key-missing", "spec.parentRefs[0].sectionName", "no listener 'http'"),
        ([WEB, {**GATEWAY, "metadata": {"name": "frond", "namespace": "shop"}}, route()], "reference-missing", "spec.parentRefs[0].name", "did you mean frond?"),
        ([obj("Deployment", "web", "apps/v1"), obj("VerticalPodAutoscaler", "web", "autoscaling.k8s.io/v1", spec={"targetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}})], "reference-missing", "spec.targetRef.name", "a Deployment of that name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(objects: list[dict[str, Any]], rule: str, path: str, words: str) -> None:
    """The name, the kind, the key, the port or the namespace, with what was likely meant."""
    found = one(*objects)
    assert found[0] == rule
    assert found[1].endswith(path)
    assert words in found[2]


@pytest.mark.parametrize(
    "objects",
    [
        [pod(containers=env("configMap", "config", "url"))],
        [obj("Secret", "other"), pod(imagePullSecrets=[{"name": "mirror"}])],
        [obj("StorageClass", "fast", "storage.k8s.io/v1", None), obj("PersistentVolumeClaim", "d", spec={"storageClassName": "standard"})],
        [obj("ClusterRole", "mine", "rbac.authorization.k8s.io/v1", None), obj("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "view"})],
        [CONFIG, pod(namespace=None, containers=env("configMap", "config", "url"))],
        [obj("ConfigMap", "config", namespace=None, data={"url": "a"}), pod(containers=env("configMap", "config", "url"))],
        [obj("ConfigMap", "config"), pod(containers=env("configMap", "config", "made-by-a-controller"))],
        [CONFIG, pod(volumes=[{"name": "ca", "configMap": {"name": "kube-root-ca.crt"}}])],
        [CONFIG, pod(volumes=[{"name": "c", "configMap": {"name": "confi", "optional": True}}])],
        [WEB, GATEWAY, route(sectionName="https")],
        [WEB, route(name="web", kind="Service", group="")],
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_not_said(objects: list[dict[str, Any]]) -> None:
    """It may come from elsewhere, be made later, or be applied to another namespace."""
    assert said(*objects) == []


def test_with_a_cluster_what_is_nowhere_is_missing() -> None:
    """And what the cluster has is there."""
    wanting = pod(containers=env("configMap", "config", "url"))
    assert one(wanting, cluster=[obj("Namespace", "shop", namespace=None)])[0] == "reference-missing"
    assert said(wanting, cluster=[CONFIG]) == []
    assert one(pod(containers=env("configMap", "config", "uri")), cluster=[CONFIG])[0] == "reference-key-missing"


def test_certificates_that_a_controller_makes_are_not_missed() -> None:
    """An annotation for cert-manager says so."""
    tls = obj("Ingress", "web", "networking.k8s.io/v1", spec={"tls": [{"secretName": "web-tls"}]})
    cluster = [obj("Namespace", "shop", namespace=None)]
    assert one(tls, cluster=cluster)[0] == "reference-missing"
    tls["metadata"]["annotations"] = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert said(tls, cluster=cluster) == []


def test_named_target_ports() -> None:
    """A Service, a policy or a probe that names a port which the containers do not."""
    container = {"name": "web", "image": "r.example.com/web:1", "ports": [{"name": "web", "containerPort": 80}]}
    labelled = pod(containers=[container])
    labelled["metadata"]["labels"] = {"app": "web"}
    assert one(WEB, labelled)[:2] == ("target-port-missing", "spec.ports[0].targetPort")
    container["ports"] = [{"name": "http", "containerPort": 80}]
    assert said(WEB, labelled) == []


def test_rules_look_at_every_kind_of_the_table() -> None:
    """A new line of rules/references.yaml is of no use to a rule that does not look at its kind."""
    table = references.table()
    wanted = {
        "reference-missing": {k for k in table if k != "HorizontalPodAutoscaler"},
        "reference-unresolved": {k for k in table if k != "HorizontalPodAutoscaler"},
        "reference-key-missing": {k for k, lines in table.items() if any(x.key_at or x.items_at for x in lines)},
        "reference-port-missing": {k for k, lines in table.items() if any(x.port_at for x in lines)},
    }
    workloads = pods.holders()
    for rule, kinds in wanted.items():
        looked = set(rules()[rule].kinds)
        assert kinds <= (looked | workloads if "$workload" in looked else looked), rule


def test_two_objects_with_the_last_word() -> None:
    """Two autoscalers of one workload, two budgets over the same Pods."""
    labelled = pod()
    labelled["metadata"]["labels"] = {"app": "web", "tier": "front"}
    one_budget, other = (
        obj("PodDisruptionBudget", name, "policy/v1", spec={"maxUnavailable": 1, "selector": {"matchLabels": labels}})
        for name, labels in (("a", {"app": "web"}), ("b", {"tier": "front"}))
    )
    found = api.lint([labelled, one_budget, other], select=["budgets-overlap"])
    assert [d.object.name for d in found] == ["a", "b"]
    other["metadata"]["namespace"] = "test"
    assert api.lint([labelled, one_budget, other], select=["budgets-overlap"]) == []


def test_selectors_that_contradict_themselves() -> None:
    """In a policy, in the spread of Pods, and between a node selector and node affinity."""
    never = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}
    policy = obj(
        "NetworkPolicy",
        "p",
        "networking.k8s.io/v1",
        spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": never}]}]},
    )
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["hdd"]}]}
    required = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    picky = pod(nodeSelector={"disk": "ssd"}, affinity=required)
    spread = pod(topologySpreadConstraints=[{"topologyKey": "zone", "labelSelector": never}])

    paths = [d.path for d in api.lint([policy, picky, spread], select=["selector-impossible"])]
    assert paths == [
        "spec.ingress[0].from[0].podSelector.matchExpressions",
        "spec.nodeSelector",
        "spec.topologySpreadConstraints[0].labelSelector.matchExpressions",
    ]
    picky["spec"]["nodeSelector"]["disk"] = "hdd"
    assert api.lint([picky], select=["selector-impossible"]) == []


def test_monitors_of_what_is_not_there() -> None:
    """A selector beside Services that none of them has."""
    monitor = obj(
        "ServiceMonitor", "web", "monitoring.coreos.com/v1", spec={"selector": {"matchLabels": {"app": "web"}}}
    )
    service = {**WEB, "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}}}
    assert api.lint([monitor, service], select=["monitor-selects-nothing"]) == []
    service["metadata"]["labels"] = {}
    assert api.lint([monitor, service], select=["monitor-selects-nothing"])
    assert api.lint([monitor], select=["monitor-selects-nothing"]) == []


def test_kinds_that_their_definition_does_not_have() -> None:
    """Once, in place of the warning that no definition is at hand; other kinds of the group may be defined elsewhere."""
    crd = definition(kind="Widget")

    def rules_of(*objects: dict[str, Any]) -> list[str]:
        return [d.rule for d in api.check([crd, *objects])]

    assert rules_of(obj("Widget", "w", "example.com/v1")) == []
    assert rules_of(obj("Widget", "w", "example.com/v1beta1")) == ["kind-undefined"]
    assert rules_of(obj("Widgt", "w", "example.com/v1")) == ["kind-undefined"]
    assert rules_of(obj("Gadget", "w", "example.com/v1")) == ["api/no-such-kind"]
