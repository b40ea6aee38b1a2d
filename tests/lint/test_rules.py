"""Every rule by itself: its good example is silent, its bad one raises exactly that rule; and the catalogue is in order."""

from __future__ import annotations

import pytest
from manifold.errors import UsageError
from manifold.lint.catalogue import Rule, aliases, choose, resolve, rules
from manifold.lint.engine import Bundle, Linter
from manifold.model import Source
from manifold.read import read

RULES = list(rules().values())


def found(rule: Rule, text: str) -> list[str]:
    reading = read(Source("example.yaml", text.encode()))

    assert reading.diagnostics == []
    return [d.rule for d in Linter([rule]).run(reading.documents, Bundle(reading.documents))]


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_good_example_is_silent(rule: Rule) -> None:
    """The good example raises nothing."""
    assert found(rule, rule.good) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_bad_example_raises_the_rule(rule: Rule) -> None:
    """The bad example raises that rule."""
    assert {rule.id} == set(found(rule, rule.bad))


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_rule_is_complete(rule: Rule) -> None:
    """Reasons and cures are sentences."""
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    assert not rule.summary.endswith(".")


def test_no_two_rules_say_the_same() -> None:
    """Summaries are unique."""
    assert len(RULES) == len({r.summary for r in RULES})


def test_a_peer_alone_stands_for_all_its_checks() -> None:
    """`kube-linter` is every rule with an equivalent there, and what the server says itself."""
    chosen = resolve(["kube-linter"], rules())

    assert {"ssh-port", "image-latest"} <= chosen
    assert {r.id for r in RULES if any(a.startswith("kube-linter:") for a in r.aliases)} <= chosen
    assert not any(rules()[name].aliases == () for name in chosen if name in rules())


@pytest.mark.parametrize("port", [80, "80", {}, {"containerPort": 80}])
def test_only_port_22_is_that_of_ssh(port: object) -> None:
    """What is no port at all is the server's to blame."""
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, ports: [{port!r}]}}]}}\n"

    assert found(rules()["ssh-port"], text) == []


def test_peers_names_select_our_rules() -> None:
    """`--select kube-linter:latest-tag`."""
    chosen = resolve(["kube-linter:latest-tag"], rules())
    assert chosen == {"image-latest", "image-missing", "image-without-tag"}
    assert "kube-linter:privileged-container" in aliases(rules())


def test_unknown_rule_is_named_with_the_nearest() -> None:
    """A typo gets a hint."""
    with pytest.raises(UsageError, match="did you mean image-latest"):
        choose(rules(), select=["image-lates"])


def test_recommended_profile_is_the_default() -> None:
    """Few, sure, useful."""
    assert {r.id for r in choose(rules())} == {r.id for r in RULES if "recommended" in r.profiles}
