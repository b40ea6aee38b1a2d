"""`manifold explain`: a page for everything that a report can name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from manifold import assets
from manifold.apiserver.schema import load
from manifold.cli.explain import reading
from manifold.lint.catalogue import rules

from tests.test_cli import manifold

PACKAGE = Path(__file__).parents[2] / "manifold"


def test_page_of_a_rule_is_whole() -> None:
    """Why, how to mend, parameters, examples, equivalents, references, how to suppress."""
    page = manifold("explain", "kube-linter:run-as-non-root").stdout

    for part in ("**Why**", "**Mend it**", "fix --unsafe", "**Bad**", "**Good**", "**Equivalents**", "**References**"):
        assert part in page
    assert "# manifold: ignore[run-as-root] reason" in page
    parameters = manifold("explain", "cpu-request-missing").stdout + manifold("explain", "sysctl-unsafe").stdout
    assert "parameters:" in parameters


@pytest.mark.parametrize("rule", rules().values(), ids=lambda r: r.id)
def test_each_rule_leads_further(rule: object) -> None:
    """To the documentation at least."""
    assert all(link.startswith("https://") for link in reading(rule))
    assert reading(rule)


def test_topics_name_rules_that_exist() -> None:
    """A rule that was renamed would lose its references."""
    table = assets.table("rules", "reading.yaml")
    repairs = assets.table("rules", "repairs.yaml")

    assert {n for topic in table["topics"] for n in topic["rules"]} <= set(rules())
    assert {n for lines in repairs.values() for line in lines for n in line["rules"]} <= set(rules())


def test_all_that_server_and_kubectl_say_has_a_page() -> None:
    """Every id that the code can put in a report."""
    answers = assets.table("rules", "answers.yaml")["answers"]
    named = {
        name
        for file in PACKAGE.rglob("*.py")
        for name in re.findall(r'"((?:api|yaml)/[a-z][a-z-]+)"', file.read_text(encoding="utf-8"))
    }

    assert named <= set(answers)
    assert "said by the API server" in manifold("explain", "api/unknown-field").stdout
    assert manifold("explain", "api/nothing").returncode == 2


def test_a_field_says_what_it_must_be_and_whether_it_can_change() -> None:
    """Constraints of the tables, the server's default, and that a field is immutable in the release asked for."""
    page = manifold("explain", "flowschema.spec.matchingPrecedence").stdout
    assert "range: 1 to 10000" in page
    assert "default: 1000" in page
    assert "changes: never" in manifold("explain", "statefulset.spec.serviceName", "-k", "1.33").stdout
    assert "changes:" not in manifold("explain", "statefulset.spec.replicas", "-k", "1.33").stdout
    assert "default" not in manifold("explain", "service.spec.ports.port").stdout.partition("\n\n")[0]


def test_a_kind_without_a_version_is_the_preferred_one() -> None:
    """The newest stable one, of the core group where two have it; another where it is named."""
    assert "autoscaling/v2 Hor" in manifold("explain", "HorizontalPodAutoscaler.spec.metrics").stdout
    assert "autoscaling/v1 Hor" in manifold("explain", "autoscaling/v1/HorizontalPodAutoscaler.spec").stdout
    assert manifold("explain", "Event").stdout.startswith("v1 Event\n")
    done = manifold("explain", "apps/v2/Deployment")
    assert (done.returncode, done.stdout) == (2, "")
    assert "1.37 has it in apps/v1" in done.stderr


@pytest.mark.parametrize("path", ["deploy", "deployments", "apps/v1/Deployment"])
def test_paths_are_taken_as_reports_print_them(path: str) -> None:
    """With short names, indexes, and keys of maps: of those the map is told."""
    image = manifold("explain", f"{path}.spec.template.spec.containers[0].image").stdout
    assert image.startswith("apps/v1 Deployment  spec.template.spec.containers.image\ntype: string\n")
    for key in (".memory", "[memory]"):
        page = manifold("explain", f"{path}.spec.template.spec.containers[0].resources.limits{key}").stdout
        assert "type: map of quantity\n" in page
        assert "memory" in page.splitlines()[2]
    assert "neither a list nor a map" in manifold("explain", f"{path}.spec[0]").stderr
    assert "is no path" in manifold("explain", f"{path}.spec..x").stderr


def test_short_names_stand_for_kinds_that_exist() -> None:
    """Each leads to one that the newest release serves."""
    served = {kind.kind for kind in load().kinds()}

    assert set(assets.table("schemas", "short-names.yaml")["short-names"].values()) <= served


def test_near_names_are_proposed() -> None:
    """Of rules and of what the server says; of kinds where a path is asked for."""
    for asked, meant in (
        ("image-latst", "image-latest"),
        ("api/unknwn-field", "api/unknown-field"),
        ("deploymnt.spec", "Deployment"),
    ):
        assert f"did you mean {meant}?" in manifold("explain", asked).stderr
    assert "did you mean" not in manifold("explain", "qqqqqqqq").stderr
