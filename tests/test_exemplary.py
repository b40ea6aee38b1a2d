"""The exemplary manifests: nothing to say of them, whoever looks."""

from __future__ import annotations

from pathlib import Path

from manifold import api
from manifold.fix.files import run
from manifold.inputs import Request
from manifold.model import Source
from manifold.read import read
from manifold.run import report

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "exemplary"


def texts() -> list[tuple[Path, bytes]]:
    return [(f, f.read_bytes()) for f in sorted(FOLDER.rglob("*.yaml"))]


def test_there_are_enough_of_all_kinds() -> None:
    """Some thirty files with the kinds that people write."""
    found = [d for f, text in texts() for d in read(Source(str(f), text)).documents]
    assert len(texts()) >= 30
    assert len({d.kind for d in found}) >= 35


def test_the_default_profile_is_silent_on_the_folder() -> None:
    """Neither the server nor a rule says anything, errors and warnings alike, and nothing is left unread."""
    said, incomplete = report(Request([FOLDER]))
    assert tuple(said.diagnostics) == ()
    assert tuple(said.skipped) == ()
    assert not incomplete


def test_the_default_profile_is_silent_on_each_file() -> None:
    """A file says nothing of what it does not hold; the definitions of custom resources are known."""
    crds = [d.body for f, text in texts() for d in read(Source(str(f), text)).documents if api.is_crd(d.body)]
    for _, text in texts():
        assert api.check(text, crds=crds) == []


def test_the_default_profile_is_silent_with_a_cluster_of_these_objects() -> None:
    """What refers to one another finds it among the stored objects."""
    whole = b"---\n".join(text for _, text in texts())
    stored = api.preview(whole)
    plain = [o for o in stored if o["kind"] not in ("ResourceQuota", "LimitRange")]
    plain += [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
        for namespace in ("bookstore", "logging")
    ]
    said = api.check(whole, cluster=plain)
    assert [(d.rule, d.object.kind, d.message) for d in said if d.rule != "reference-missing"] == []
    assert {d.path for d in said} <= {"spec.tls[0].secretName"}


def test_they_can_be_planned() -> None:
    """The plan has no problems, and every object its place."""
    whole = b"---\n".join(text for _, text in texts())
    plan = api.plan(whole)
    assert plan.problems == ()
    assert sum(len(wave) for wave in plan.waves) == len(api.read(whole))


def test_fix_finds_nothing_to_mend() -> None:
    """Not a byte changes."""
    done = run(Request([FOLDER]))
    assert done.unreadable == []
    assert [m.name for m in done.mended if m.after != m.before] == []
