"""How rules are run: over which kinds, over objects as they are kept, and what is made of what they find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from manifold import api
from manifold.lint.catalogue import Rule, rules
from manifold.lint.engine import Bundle, Linter, subject
from manifold.lint.shape import straight
from manifold.model import Diagnostic, Document, Source
from manifold.read import read

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.yaml"))
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
OLD = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n"


def _all(packed: bool) -> list[list[Document]]:
    found = (read(Source(str(f), f.read_bytes()), packed=packed).documents for f in FIXTURES)
    return [[d.opened() for d in documents] for documents in found if documents]


def test_what_is_found_does_not_hang_on_how_objects_are_kept() -> None:
    """Opened documents, which know more of themselves, raise what plain ones raise."""
    linter = Linter([*rules().values()])

    def found(packed: bool) -> list[list[Diagnostic]]:
        out = []
        for documents in _all(packed):
            try:
                out.append([*linter.run(documents, Bundle(documents, version="1.37"))])
            except Exception as error:  # misshapen ones are made straight first
                out.append([type(error)])  # type: ignore[list-item]
        return out

    plain = found(False)
    assert sum(map(len, plain)) > 1000
    assert found(True) == plain


@pytest.mark.parametrize("rule", [r for r in rules().values() if r.uses in ("kind-undefined", "version-gone", "removed-version")], ids=lambda r: r.id)  # fmt: skip
def test_kinds_that_do_not_concern_a_rule_cost_nothing(rule: Rule) -> None:
    """Most kinds come to no end, and are the server's to tell of."""
    (secret,) = read(Source("", SECRET.encode())).documents

    assert Linter([rule])._for(secret).rules == []


def test_a_version_that_is_gone_concerns_its_rules() -> None:
    """By apiVersion and kind together."""
    (old,) = read(Source("", OLD.encode())).documents
    wanted = [rules()[name] for name in ("version-removed", "version-deprecated", "extensions-group")]
    linter = Linter(wanted)

    assert [r.rule.id for r in linter._for(old).rules] == [r.id for r in wanted]
    assert [d.rule for d in linter.run([old], Bundle([old]))] == ["version-removed", "extensions-group"]


def test_a_finding_names_the_release_that_was_asked_for() -> None:
    """From the start, and none where none was."""
    (old,) = read(Source("", OLD.encode())).documents
    linter = Linter([rules()["extensions-group"]])
    (asked,), (unasked,) = linter.run([old], Bundle([old], version="1.30")), linter.run([old], Bundle([old]))

    assert asked.kubernetes == ("1.30",)
    assert unasked == replace(asked, kubernetes=())


@pytest.mark.parametrize(
    ("body", "containers"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, None),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}, []),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": []}}, []),
        ({"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {}}, None),
        ({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{}, "a", {"name": "b"}]}}, [0, 2]),
    ],
)
def test_a_workload_without_a_template_has_an_empty_pod(body: dict[str, object], containers: list[int] | None) -> None:
    """As the API types read it; what has no spec at all, or is of another group, has none."""
    found = subject(Document("", 0, body))

    assert (found.pod is None) == (containers is None)
    assert [path[-1] for _, path in found.containers] == (containers or [])


def test_findings_of_an_object_tell_its_identity() -> None:
    """Once made for all of them."""
    found = api.lint("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{image: x}]}\n")

    assert {(d.object.kind, d.object.namespace, d.object.name) for d in found} == {("Pod", "b", "a")}


@pytest.mark.parametrize("rule", [r for r in rules().values() if r.when], ids=lambda r: r.id)
def test_a_check_finds_nothing_where_it_is_not_asked(rule: Rule) -> None:
    """`when` leaves out what finds nothing: over all examples and fixtures the rule finds the same without it."""
    texts = [t for r in rules().values() for t in (r.good, r.bad)] + [f.read_text() for f in FIXTURES]
    documents = [read(Source(str(n), text.encode())).documents for n, text in enumerate(texts)]

    def found(one: Rule) -> list[Diagnostic]:
        linter = Linter([one])
        return [d for there in documents for d in linter.run(straight(there, api.server()), Bundle(there))]

    assert found(rule) == found(replace(rule, when=()))
    assert found(rule) != []
