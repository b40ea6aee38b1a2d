"""Objects of the wrong shape: the server says so, and the rules look at what is left of them, and at the others."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
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


def test_a_kind_of_another_version_is_looked_at_in_the_shape_of_the_served_one() -> None:
    """What is misshapen in it is left out, and the rest of it is still looked at."""
    spec = {"template": {"metadata": {"labels": "a"}, "spec": GOOD["spec"]["template"]["spec"]}}
    for version in ("apps/v1beta1", "extensions/v1beta1"):
        body = {**GOOD, "apiVersion": version, "metadata": {"name": "x", "labels": "a"}, "spec": spec}
        found = api.lint([body, GOOD], profile="all")

        assert [d.object.api_version for d in found if d.rule == "image-latest"] == [version, "apps/v1"]


def test_random_shapes_of_all_kinds_bring_nothing_down() -> None:
    """Values of other types anywhere in the exemplary objects, also in versions that no server has."""
    folder = Path(__file__).parents[2] / "fixtures" / "exemplary"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.yaml"))]
    bodies = [b for text in texts for b in yaml.load_all(text, loader) if isinstance(b, dict)]
    assert len(bodies) > 50
    wrong = ["a", 7, [], {}, [None], ["x"], [{"name": "x"}], {"x": "y"}, {"x": ["y"]}, None, True, 1.5, [["a"]]]
    dice = random.Random(20261126)
    for _ in range(300):
        group = [copy.deepcopy(dice.choice(bodies)) for _ in range(4)]
        for body in group:
            for _ in range(dice.randint(0, 2)):
                path = dice.choice([p for p in places(body) if p[0] not in ("apiVersion", "kind")] or [("spec",)])
                holder: Any = body
                for part in path[:-1]:
                    holder = holder[part]
                holder[path[-1]] = copy.deepcopy(dice.choice(wrong))
            if dice.random() < 0.6:
                body["apiVersion"] = dice.choice(["apps/v1beta1", "extensions/v1beta1", "example.com/v1", "v1"])

        assert "internal-error" not in {d.rule for d in api.check(group, profile="all")}


def test_a_check_that_raises_is_an_error_of_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the rule and the object, and what other rules find is said as well."""
    from manifold.lint.checks import port_names

    def broken(*_: object) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(port_names, "check", broken)
    found = api.lint([SERVICE, GOOD], select=["port-impossible", "image-latest"])

    failed = [d for d in found if d.rule == "internal-error"]
    assert {(d.object.name, "port-impossible" in d.message, d.severity) for d in failed} == {("web", True, "error")}
    assert "image-latest" in {d.rule for d in found}
