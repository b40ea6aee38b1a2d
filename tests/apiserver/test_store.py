"""Objects as they are stored."""

from typing import Any

import pytest
from manifold import api

from tests.definitions import definition


def stored(text: str) -> dict[str, Any]:
    """The one object of `text` as the server stores it."""
    (body,) = api.preview(text)
    return body


def test_an_empty_list_that_is_not_left_out_is_null() -> None:
    """Storage does not tell an empty list from none."""
    body = stored("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: []}")
    assert body["rules"] is None


def test_times_are_in_utc() -> None:
    """A Lease keeps microseconds, and no zones."""
    body = stored(
        "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a},"
        " spec: {holderIdentity: node, leaseDurationSeconds: 4, renewTime: '2026-03-01T12:00:00.500000+02:00'}}"
    )
    assert body["spec"]["renewTime"] == "2026-03-01T10:00:00.500000Z"


def test_amounts_are_rounded_up_to_thousandths() -> None:
    """`100u` of a processor is a thousandth."""
    body = stored(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i,"
        " resources: {requests: {cpu: 100u, memory: 1024Mi}}}]}}"
    )
    assert body["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1m", "memory": "1Gi"}


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {%s}
spec:
  template:
    %s
    spec: {restartPolicy: Never, containers: [{name: c, image: i}]}
"""


@pytest.mark.parametrize(
    ("metadata", "template", "shown"),
    [
        ("name: a", "metadata: {labels: {app: x}}", True),
        ("name: a", "metadata: {}", True),
        ("generateName: a-", "metadata: {}", True),
        ("generateName: a-", "metadata: {labels: {app: x}}", False),
        ("name: a, labels: {own: x}", "metadata: {}", False),
    ],
)
def test_labels_of_a_job_are_those_of_its_template(metadata: str, template: str, shown: bool) -> None:
    """A Job without labels gets its template's, with what the server adds there; but for a name still to be made."""
    labels = stored(JOB % (metadata, template))["metadata"]["labels"]
    assert ("batch.kubernetes.io/controller-uid" in labels) is shown


def test_status_of_an_autoscaler_in_annotations_is_dropped() -> None:
    """autoscaling/v1 keeps metrics in an annotation, and no conditions on create."""
    body = stored(
        "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: a\n  annotations:\n"
        '    autoscaling.alpha.kubernetes.io/conditions: \'[{"type":"AbleToScale"}]\'\n'
        '    autoscaling.alpha.kubernetes.io/metrics: \'[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":60}}]\'\n'
        "spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}\n"
    )
    assert set(body["metadata"]["annotations"]) == {"autoscaling.alpha.kubernetes.io/metrics"}
    assert "targetCPUUtilizationPercentage" not in body["spec"]


NOTES = "autoscaling.alpha.kubernetes.io/"


def test_an_autoscaler_of_v1_is_read_back_with_the_defaults_of_v2() -> None:
    """Its annotations are read as Go reads them, in any case, and written anew: canonical amounts, rules of both ways."""
    body = stored(
        "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: a\n  annotations:\n"
        f'    {NOTES}behavior: \'{{"scaleUP":{{"policies":[{{"type":"Pods","value":1,"periodSeconds":9}}],"tolerance":"0.2"}}}}\'\n'
        f'    {NOTES}metrics: \'[{{"type":"Pods","pods":{{"METRICNAME":"a<b","targetAverageValue":"1000m"}}}}]\'\n'
        "spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}\n"
    )
    notes = body["metadata"]["annotations"]

    assert notes[f"{NOTES}metrics"] == ('[{"type":"Pods","pods":{"metricName":"a\\u003cb","targetAverageValue":"1"}}]')
    assert notes[f"{NOTES}behavior"] == (
        '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max",'
        '"Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":9}],"Tolerance":"200m"},'
        '"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max",'
        '"Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}'
    )


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        ("{type: OnDelete, rollingUpdate: {maxUnavailable: 20%}}", {"maxUnavailable": "20%", "maxSurge": 0}),
        ("{type: OnDelete, rollingUpdate: {}}", {"maxUnavailable": 0, "maxSurge": 0}),
        ("{type: OnDelete}", None),
    ],
)
def test_limits_of_a_daemon_set_that_updates_on_delete(strategy: str, kept: Any) -> None:
    """They are kept though they do not matter, and are zero where they are not written."""
    body = stored(
        f"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: a}}\nspec:\n  updateStrategy: {strategy}\n"
        "  selector: {matchLabels: {a: b}}\n"
        "  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n"
    )
    assert body["spec"]["updateStrategy"].get("rollingUpdate") == kept


def test_what_asks_is_written_by_the_server() -> None:
    """Deletion is not for a create to say, and owners count once."""
    owner = "{apiVersion: v1, kind: Node, name: node, uid: u}"
    body = stored(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, deletionGracePeriodSeconds: 3,"
        f" ownerReferences: [{owner}, {owner}]}}}}"
    )
    assert "deletionGracePeriodSeconds" not in body["metadata"]
    assert len(body["metadata"]["ownerReferences"]) == 1


def test_a_new_node_is_not_ready() -> None:
    """Its taint comes from admission, its ranges follow one another."""
    body = stored("{apiVersion: v1, kind: Node, metadata: {name: node}, spec: {podCIDR: 10.0.0.0/24}}")
    assert body["spec"]["podCIDRs"] == ["10.0.0.0/24"]
    assert body["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def test_empty_metadata_of_a_custom_resource_is_left_out() -> None:
    """The server reads and writes it as that of any kind; all else stays as it is."""
    crd = definition(kind="Tin", group="x.io", **{"x-kubernetes-preserve-unknown-fields": True})
    meta = {"name": "a", "labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []}
    body = {"apiVersion": "x.io/v1", "kind": "Tin", "metadata": meta, "spec": {"labels": {}}}
    found = api.preview([body], crds=[crd])[0]

    assert found["metadata"] == {"name": "a", "namespace": "default"}
    assert found["spec"] == {"labels": {}}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("kind: CSIDriver\napiVersion: storage.k8s.io/v1\nspec: {volumeLifecycleModes: []}", ("spec", "volumeLifecycleModes"), ["Persistent"]),
        ("kind: Node\napiVersion: v1\nstatus: {capacity: {cpu: 2}, config: {error: x}}", ("status", "allocatable"), {"cpu": "2"}),
        ("kind: Node\napiVersion: v1\nstatus: {config: {error: x}}", ("status", "config"), None),
        ("kind: Service\napiVersion: v1\nspec: {clusterIP: None, ipFamilies: [IPv6], ports: [{port: 80}]}", ("spec", "ipFamilies"), ["IPv6", "IPv4"]),
    ],
)  # fmt: skip
def test_what_is_filled_in(text: str, path: tuple[str, str], value: Any) -> None:
    """An empty list gets its default; all of a Node may be allocated; nobody knows of Pods that are not selected."""
    found = stored(text + "\nmetadata: {name: a}\n")

    assert found[path[0]].get(path[1]) == value
