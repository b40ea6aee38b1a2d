"""Waves, circles, pruning."""

from __future__ import annotations

from typing import Any

import pytest
from manifold import assets, plan
from manifold.errors import UsageError
from manifold.model import Key
from manifold.plan import Edge, Prune, Turn


def thing(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> tuple[Key, dict[str, Any]]:
    meta: dict[str, Any] = {"name": name, **body.pop("metadata", {})}
    if namespace:
        meta["namespace"] = namespace
    return Key(api_version.rpartition("/")[0], kind, namespace, name), {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": meta,
        **body,
    }


def names(made: Any) -> list[list[str]]:
    return [[f"{s.key.kind}/{s.key.name}" for s in wave] for wave in made.waves]


NAMESPACE = thing("v1", "Namespace", "shop")
CONFIG = thing("v1", "ConfigMap", "config", "shop")
WEB = thing("apps/v1", "Deployment", "web", "shop")
HOOK = thing("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "hook")
CRD = thing(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "widgets.example.com",
    spec={"group": "example.com", "names": {"kind": "Widget"}},
)
WIDGET = thing("example.com/v1", "Widget", "w", "shop")


def test_namespace_comes_before_its_content_and_webhooks_last() -> None:
    """Structure alone orders a bundle."""
    made = plan.make([Turn(*t, "create") for t in (HOOK, WEB, CONFIG, NAMESPACE, CRD, WIDGET)])

    assert names(made) == [
        ["Namespace/shop", "CustomResourceDefinition/widgets.example.com"],
        ["ConfigMap/config", "Deployment/web", "Widget/w"],
        ["ValidatingWebhookConfiguration/hook"],
    ]


def test_reference_parts_waves_and_says_why() -> None:
    """A must-edge makes a wave, and its reason stands with the step."""
    made = plan.make(
        [Turn(*WEB, "create"), Turn(*CONFIG, "create")],
        [Edge(CONFIG[0], WEB[0], "after ConfigMap shop/config, which it reads")],
    )

    assert names(made) == [["ConfigMap/config"], ["Deployment/web"]]
    assert made.waves[1][0].because == ("after ConfigMap shop/config, which it reads",)


def test_step_that_others_need_says_what_is_waited_for() -> None:
    """The namespace must be active before its content."""
    made = plan.make([Turn(*NAMESPACE, "create"), Turn(*CONFIG, "create")])

    assert made.waves[0][0].waits == ("Namespace shop: phase Active",)


def test_circle_is_named_and_cut() -> None:
    """A circle of must-edges does not stop the plan."""
    edges = [Edge(CONFIG[0], WEB[0], "x"), Edge(WEB[0], CONFIG[0], "y")]
    made = plan.make([Turn(*WEB, "create"), Turn(*CONFIG, "create")], edges)

    assert len(made.waves) == 2
    assert "ConfigMap shop/config" in made.problems[0]


def test_wish_that_would_close_a_circle_is_dropped() -> None:
    """Wishes never make problems."""
    edges = [Edge(CONFIG[0], WEB[0], "x"), Edge(WEB[0], CONFIG[0], "y", must=False)]
    made = plan.make([Turn(*WEB, "create"), Turn(*CONFIG, "create")], edges)

    assert (names(made), made.problems) == ([["ConfigMap/config"], ["Deployment/web"]], ())


def test_unchanged_objects_stand_in_no_wave() -> None:
    """They are counted, and nobody waits for them."""
    made = plan.make([Turn(*NAMESPACE, "unchanged"), Turn(*CONFIG, "update")])

    assert (names(made), [s.key.name for s in made.unchanged]) == ([["ConfigMap/config"]], ["shop"])


def test_order_gives_each_line_a_reason() -> None:
    """rules/order.yaml is facts with reasons."""
    for part, word in (("ranks", "reason"), ("last", "reason"), ("waits", "until")):
        assert all(line[word] for line in plan.order()[part])
    assert (assets.root("rules") / "order.yaml").exists()


APPLIED = {"annotations": {plan.LAST_APPLIED: "{}"}, "labels": {"set": "one"}}
SPACES = {("", "Namespace"): False, ("", "PersistentVolume"): False}


def live(kind: str, name: str, namespace: str = "default", **meta: Any) -> dict[str, Any]:
    return thing("v1", kind, name, namespace, metadata={**APPLIED, **meta})[1]


def test_prune_takes_what_was_applied_and_is_no_longer_named() -> None:
    """Objects made otherwise, in other namespaces or of other kinds stay."""
    there = [
        live("ConfigMap", "a"),
        live("ConfigMap", "b"),
        live("ConfigMap", "c", annotations={}),
        live("ConfigMap", "d", "other"),
        live("ServiceAccount", "e"),
        live("ConfigMap", "f", labels={"set": "two"}),
    ]
    desired = [thing("v1", "ConfigMap", "a", metadata={"labels": {"set": "one"}})[1]]

    assert [k.name for k in plan.prune(Prune("set=one"), desired, there, SPACES)] == ["b"]


def test_prune_heeds_the_allowlist() -> None:
    """An allowlist takes the place of kubectl's own."""
    there = [live("ServiceAccount", "e"), live("ConfigMap", "b")]
    desired = [thing("v1", "ConfigMap", "a", metadata={"labels": {"set": "one"}})[1]]

    assert [
        k.name for k in plan.prune(Prune("set=one", allowlist=("core/v1/ServiceAccount",)), desired, there, SPACES)
    ] == ["e"]


def test_prune_by_apply_set_takes_its_members() -> None:
    """The id is that of KEP-3659."""
    part = {"applyset.kubernetes.io/part-of": plan.applyset_id("parent", "default", "Secret", "")}
    there = [live("ConfigMap", "a", labels=part), live("Role", "r", labels=part), live("ConfigMap", "x")]
    desired = [thing("v1", "ConfigMap", "a")[1]]

    assert [k.name for k in plan.prune(Prune(applyset="secret/parent"), desired, there, SPACES)] == ["r"]
    assert part["applyset.kubernetes.io/part-of"] == "applyset-U1TCi0es86qwLVp-cTu7fFV-MM-L1Apt3hh9CAT7CTM-v1"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Prune(), "say what"),
        (Prune("a=b", all=True), "not both"),
        (Prune("a=b", allowlist=("ConfigMap",)), "group/version/Kind"),
        (Prune("a=c"), "nothing would be left"),
        (Prune("a b"), "no requirement"),
    ],
)
def test_prune_refuses_what_cannot_be_meant(asked: Prune, message: str) -> None:
    """An odd selection deletes nothing."""
    desired = [thing("v1", "ConfigMap", "a", metadata={"labels": {"a": "b"}})[1]]
    with pytest.raises(UsageError, match=message):
        plan.prune(asked, desired, [], SPACES)


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("a=1", True),
        ("a==1,b!=2", True),
        ("a in (1,2)", True),
        ("a notin (1)", False),
        ("!c", True),
        ("a", True),
        ("c", False),
        ("c notin (x),a=1", True),
    ],
)
def test_selector_in_kubectls_notation(selector: str, matches: bool) -> None:
    """Equality, sets and existence."""
    assert matches is plan.selects(selector, {"a": "1", "b": "3"})
