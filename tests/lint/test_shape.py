"""Objects of the wrong shape: the server says so, and the rules look at what is left of them, and at the others."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from manifold import api

GOOD: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "volumes": [{"name": "v", "configMap": {"name": "c"}}],
                "securityContext": {"runAsUser": 1},
                "containers": [
                    {
                        "name": "web",
                        "image": "web:latest",
                        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                        "ports": [{"containerPort": 80, "name": "http"}],
                        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                        "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}},
                        "readinessProbe": {"httpGet": {"port": "http"}},
                    }
                ],
            },
        },
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in inner for p in ((*path, k), *places(v, (*path, k)))]


@pytest.mark.parametrize("wrong", ["x", 7, [], {}, [None], ["x"], {"x": "y"}, None, True])
def test_no_shape_brings_the_rules_down(wrong: object) -> None:
    """Whatever stands wherever, in either object."""
    for good, other in ((GOOD, SERVICE), (SERVICE, GOOD)):
        for path in places(good):
            if path[0] in ("apiVersion", "kind"):
                continue
            body = copy.deepcopy(good)
            holder: Any = body
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = wrong
            api.check([body, other], profile="all")


def test_others_are_still_looked_at() -> None:
    """One misshapen object does not hide what is wrong with its neighbours."""
    found = api.lint([{**SERVICE, "metadata": "x"}, GOOD], select=["image-latest"])

    assert [d.rule for d in found] == ["image-latest"]
