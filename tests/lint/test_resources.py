"""What Pods ask for: their class, and whether it fits into the quotas beside them."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import api

Resources = dict[str, dict[str, str]]


def deployment(
    *containers: Resources, init: list[dict[str, Any]] | None = None, replicas: int = 1, **pod: Any
) -> dict[str, Any]:
    made = [{"name": f"c{i}", "image": "r.example.com/c:1", "resources": r} for i, r in enumerate(containers)]
    spec = {"containers": made, **({"initContainers": init} if init else {}), **pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec},
        },
    }


def quota(**hard: str) -> dict[str, Any]:
    names = {k.replace("_", "."): v for k, v in hard.items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "shop"},
        "spec": {"hard": names},
    }


def said(rule: str, *objects: dict[str, Any]) -> list[str]:
    return [d.message for d in api.lint(list(objects), select=[rule])]


EQUAL: Resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
LIMITS: Resources = {"limits": {"cpu": "1", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (deployment(EQUAL), ""),
        (deployment(LIMITS), ""),
        (deployment({}), "QoS is BestEffort: no container asks for anything; set a memory request for container `c0`"),
        (deployment({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}), "set limits.cpu to 1"),
        (deployment({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}), "set requests.cpu to 1"),
        (deployment(EQUAL, {}), "container `c1` has no cpu limit and has no memory limit"),
        (deployment(EQUAL, init=[{"name": "i", "image": "r.example.com/i:1"}]), "container `i` has no cpu limit"),
        (deployment({}, resources=EQUAL), ""),
        (deployment(EQUAL, resources={"requests": {"cpu": "2"}}), "the Pod as a whole has no cpu limit"),
    ],
)  # fmt: skip
def test_the_class_its_reason_and_the_way_up(objects: dict[str, Any], words: str) -> None:
    """Limits alone are requests as well; init containers count; the Pod's own resources decide where it has them."""
    found = said("qos-class", objects)
    assert bool(found) == bool(words)
    assert all(words in message for message in found)


def test_a_quota_holds_all_that_is_asked_for() -> None:
    """Replicas, sidecars beside containers, and init containers where they need more than these."""
    sidecar = {
        "name": "s",
        "image": "r.example.com/s:1",
        "restartPolicy": "Always",
        "resources": {"requests": {"cpu": "250m"}},
    }
    init = {"name": "i", "image": "r.example.com/i:1", "resources": {"requests": {"cpu": "3"}}}
    three = deployment({"requests": {"cpu": "750m"}}, init=[sidecar], replicas=3)

    assert said("quota-exceeded", quota(requests_cpu="3"), three) == []
    (found,) = said("quota-exceeded", quota(requests_cpu="2900m"), three)
    assert found == "requests.cpu: 3 are asked for, 2900m are allowed; most by Deployment web: 3 x 1"
    (found,) = said(
        "quota-exceeded", quota(cpu="9"), deployment({"requests": {"cpu": "1"}}, init=[sidecar, init], replicas=3)
    )
    assert "9750m" in found
    assert said("quota-exceeded", quota(pods="2"), three)
    assert said("quota-exceeded", {**quota(pods="2"), "metadata": {"name": "q", "namespace": "test"}}, three) == []


def test_an_autoscaler_at_its_maximum_and_a_rollout_at_its_height() -> None:
    """What fits at the least may not at the most."""
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 8,
        },
    }
    web = deployment({"requests": {"cpu": "1"}})

    assert said("quota-exceeded", quota(requests_cpu="4"), web, scaler) == []
    (found,) = said("quota-short-of-peak", quota(requests_cpu="4"), web, scaler)
    assert "10 x 1" in found
    assert said("quota-short-of-peak", quota(requests_cpu="10"), web, scaler) == []


def test_a_quota_wants_to_be_told() -> None:
    """Unless a LimitRange tells it, or the quota's scope leaves the Pods out."""
    web = deployment({"requests": {"cpu": "1"}})
    ranges = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "r", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", "default": {"memory": "1Gi"}}]},
    }
    scoped = quota(limits_memory="4Gi")
    scoped["spec"]["scopes"] = ["BestEffort"]

    assert said("quota-demands-unmet", quota(limits_memory="4Gi"), web) == [
        "container `c0` must say limits.memory, which the quota q counts"
    ]
    assert said("quota-demands-unmet", quota(limits_memory="4Gi"), ranges, web) == []
    assert said("quota-demands-unmet", scoped, web) == []
    assert said("quota-demands-unmet", quota(requests_cpu="4"), web) == []


def test_whole_cpus_alone_are_a_containers_own() -> None:
    """For Guaranteed Pods, above one CPU."""
    half = {"cpu": "1500m", "memory": "1Gi"}
    assert said("guaranteed-fractional-cpu", deployment({"limits": half}))
    assert said("guaranteed-fractional-cpu", deployment(EQUAL)) == []
    assert said("guaranteed-fractional-cpu", deployment({"requests": {"cpu": "1"}, "limits": half})) == []


def test_limits_far_above_requests() -> None:
    """By resource."""
    (found,) = said(
        "limit-far-above-request",
        deployment({"requests": {"memory": "256Mi", "cpu": "1"}, "limits": {"memory": "1Gi", "cpu": "8"}}),
    )
    assert "4 times the memory" in found


MISSING = [f"{of}{name}-{which}-missing" for of in ("", "init-container-") for name in ("cpu", "memory") for which in ("request", "limit")]  # fmt: skip


def lacking(version: str | None, whole: dict[str, Any]) -> list[str]:
    """The rules on missing amounts that speak of a Deployment whose Pods as a whole say `whole`."""
    init = [{"name": "i", "image": "r.example.com/i:1"}]
    found = api.lint([deployment({}, init=init, resources=whole)], kubernetes=version, select=MISSING)
    return sorted(d.rule for d in found)


def test_containers_need_not_say_what_the_pod_says() -> None:
    """A limit of the Pod is its request as well, a request of the Pod is no limit."""
    assert lacking(None, EQUAL) == []
    assert lacking(None, LIMITS) == []
    assert lacking(None, {"requests": EQUAL["requests"]}) == sorted(m for m in MISSING if "limit" in m)
    assert lacking(None, {"limits": {"cpu": "1"}}) == sorted(m for m in MISSING if "memory" in m)


def test_containers_say_it_themselves_where_the_release_drops_it() -> None:
    """Before 1.34 the server drops the resources of a Pod as a whole."""
    assert lacking("1.33", EQUAL) == sorted(MISSING)
    assert lacking("1.34", EQUAL) == []


@pytest.mark.parametrize("whole", ["1", {"limits": "1"}, {"limits": {"cpu": None, "memory": None}}, {}])
def test_what_says_no_amount_speaks_for_no_container(whole: Any) -> None:
    """Whatever stands there instead of amounts."""
    assert lacking(None, whole) == sorted(MISSING)


def test_no_container_spoils_the_class_that_the_pod_sets() -> None:
    """Where the Pod as a whole asks, its containers do not count; the class itself is still told."""
    made = deployment(EQUAL, resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}})  # fmt: skip

    assert said("guaranteed-missed", made) == []
    assert len(said("guaranteed-missed", deployment(EQUAL, LIMITS, {}))) == 1
    assert "the Pod as a whole requests less cpu" in said("qos-class", made)[0]
