"""Rules of a user's own: read, checked, tested, in force."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from manifold import assets
from manifold.config import load
from manifold.errors import UsageError
from manifold.inputs import Request
from manifold.lint.catalogue import known, read
from manifold.run import report

from tests.test_cli import manifold

PAGE = Path(__file__).parents[2] / "docs" / "own-rules.md"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: web, image: docker.io/web:1}]\n"
RULE = """id: short-names
summary: long name
why: Screens are small.
fix: Shorten it.
severity: warning
kinds: [$any]
at: $.metadata.name
cel: size(self) <= 3
message: the name {value} is long
examples: {good: 'x', bad: 'y'}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules of the page on own rules."""
    (tmp_path / "rules").mkdir()
    for name, text in re.findall(r"```yaml\n# rules/([a-z-]+\.yaml)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (tmp_path / "rules" / name).write_text(text)
    return tmp_path


def test_the_page_teaches_rules_that_work(folder: Path) -> None:
    """All three, as `manifold rules test` sees them."""
    done = manifold("rules", "test", str(folder / "rules"))

    assert (done.returncode, done.stdout, done.stderr) == (0, "3 rules, 0 failed\n", "")


def test_own_rules_are_in_force_by_the_settings(folder: Path) -> None:
    """Whatever the profile; they can be suppressed and explained."""
    (folder / "manifold.yaml").write_text("rules: [rules/]\nprofile: cost\nparameters: {team-label: {teams: [x]}}\n")
    (folder / "pod.yaml").write_text(POD)
    (folder / "web.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {team: shop}}\n"
    )
    found = manifold("lint", "-o", "jsonl", ".", cwd=folder)
    messages = {d["rule"]: d["message"] for d in map(json.loads, found.stdout.splitlines())}

    assert messages["own-registry"] == "container `web` runs docker.io/web:1, which is not ours"
    assert messages["team-label"] == "the team shop is none of: x"
    assert "A fixed" not in manifold("explain", "own-registry", cwd=folder).stdout
    assert "Mirror the image" in manifold("explain", "own-registry", cwd=folder).stdout
    assert "own-registry" in manifold("rules", "-o", "json", cwd=folder).stdout


def test_what_cannot_be_evaluated_is_said(tmp_path: Path) -> None:
    """Silence would look like consent."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "short-names.yaml").write_text(RULE.replace("$.metadata.name", "$.metadata.nam"))
    (tmp_path / "pod.yaml").write_text(POD)
    made, _ = report(
        Request([tmp_path / "pod.yaml"], validate=False, rules=[tmp_path / "rules"], select=["short-names"])
    )

    assert [d.message for d in made.diagnostics] == [
        "the rule could not be evaluated here: size cannot be done with null: it has no size (1:1)"
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cel: size(self) <= 3", "cel: size(self) <= ", "cel: the expression does not compile"),
        ("cel: size(self) <= 3", "cel: size(self)", "must give bool or string"),
        ("cel: size(self) <= 3", "cel: sizes(self) == 1", "no function 'sizes'"),
        ("cel: size(self) <= 3", "expect: {maxLen: 3}", "8:10: there is no key `maxLen`; did you mean `maxLength`?"),
        (
            "cel: size(self) <= 3",
            "expect: {pattern: '(['}",
            "short-names.yaml:8:1: expect: '([' is no regular expression",
        ),
        ("cel: size(self) <= 3", "expect: {type: text}", "must be object, array, string"),
        ("cel: size(self) <= 3", "cel: 'true'\nexpect: {minimum: 1}", "one of expect, cel, uses, not expect and cel"),
        ("kinds: [$any]", "kinds: [", "the rule is no YAML"),
        ("the name {value} is", "the name {value is", "short-names.yaml:9:10: message: "),
        ("the name {value} is", "the name {values} is", "message: there is no {values}; there are {name} and {value}"),
        ("cel: size(self) <= 3", "uses: nothing", "no check 'nothing'"),
        ("severity: warning", "severity: bad", "short-names.yaml:5:11: severity: must be one of error, warning, info"),
        ("why: Screens", "wy: Screens", "short-names.yaml:3:1: there is no key `wy`; did you mean `why`?"),
        ("at: $.", "at: spec.", "at"),
        ("id: short-names", "id: other", "must be the file's name"),
    ],
)
def test_a_rule_that_is_none_is_named_with_its_fault(tmp_path: Path, old: str, new: str, words: str) -> None:
    """At once, not when it first meets an object."""
    (tmp_path / "short-names.yaml").write_text(RULE.replace(old, new))
    with pytest.raises(UsageError, match=re.escape(words)):
        read(tmp_path)


def test_all_rules_that_are_none_are_named_at_once(tmp_path: Path) -> None:
    """And all rules of a folder are read: those in it, and those in its folders."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "short-names.yaml").write_text(RULE.replace("why", "wy"))
    (tmp_path / "pack" / "long-names.yaml").write_text(RULE.replace("kinds", "kind"))
    with pytest.raises(UsageError) as refused:
        read(tmp_path)

    assert [line.rpartition("/")[2].partition(":")[0] for line in str(refused.value).splitlines()] == [
        "long-names.yaml",
        "short-names.yaml",
    ]


def test_ids_and_kinds_are_looked_at_by_the_test_of_rules(tmp_path: Path) -> None:
    """What would be refused later, and why an example cannot raise its rule."""
    text = RULE.replace("'y'", "'{apiVersion: v1, kind: Pod, metadata: {name: long}}'").replace("$any", "Deploymnt")
    text = text.replace("'x'", "'{apiVersion: v1, kind: Pod, metadata: {name: a}}'")
    (tmp_path / "image-latest.yaml").write_text(text.replace("short-names", "image-latest"))
    done = manifold("rules", "test", str(tmp_path))

    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "image-latest: the bad example does not raise it: it holds no Deploymnt",
            "image-latest: the id is taken by a rule of ours, of pack images",
            "1 rule, 1 failed",
        ],
    )


def test_ids_of_ours_are_taken(tmp_path: Path) -> None:
    """A rule of ours is not replaced in silence."""
    (tmp_path / "image-latest.yaml").write_text(RULE.replace("short-names", "image-latest"))
    with pytest.raises(UsageError, match="is taken"):
        known((tmp_path,))


def test_mandatory_rules_cannot_be_suppressed(tmp_path: Path) -> None:
    """Neither by comment, nor by settings, nor by a baseline."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "short-names.yaml").write_text(RULE.replace("<= 3", "< 3") + "mandatory: true\n")
    (tmp_path / "pod.yaml").write_text(
        "# manifold: ignore[short-names] no\n"
        + POD.replace("{name: web}", "{name: web} # manifold: ignore[short-names] why")
    )
    (tmp_path / "manifold.yaml").write_text(
        "rules: [rules/]\npaths: [{match: ['*'], ignore: [short-names], reason: why}]\n"
    )
    made, _ = report(Request([tmp_path / "pod.yaml"], config=load(tmp_path / "manifold.yaml")))

    assert "short-names" in [d.rule for d in made.diagnostics]
    with pytest.raises(UsageError, match="cannot be ignored"):
        report(Request([tmp_path / "pod.yaml"], rules=[tmp_path / "rules"], ignore=["short-names"]))


def test_our_own_rules_keep_to_the_published_schema() -> None:
    """The same language for both."""
    schema = json.loads((assets.root("schemas") / "manifold" / "rule.json").read_bytes())
    check = jsonschema.Draft202012Validator(schema)

    for folder, name in assets.names():
        if folder == "rules" and "/" in name:
            check.validate(assets.table(folder, name))
