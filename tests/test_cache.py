"""Runs with a cache find what runs without find, whatever was edited in between."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from manifold import cache, run
from manifold.inputs import Request
from manifold.lint import catalogue
from manifold.model import Report, Source
from manifold.read import read

from tests.definitions import definition

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own, used for small runs as well."""
    monkeypatch.setenv("MANIFOLD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(run, "CACHED_FROM", 0)
    return tmp_path / "cache"


def reported(request: Request) -> tuple[Any, ...]:
    found, incomplete = run.report(request)
    return found.diagnostics, found.skipped, found.summary, found.kubernetes, incomplete


def tree(place: Path, *more: str) -> Path:
    """A folder with what there is to find: applications, mistakes, lists, odd texts."""
    for name in ("shop", "tutorial", *more):
        shutil.copytree(FIXTURES / name, place / name)
    (place / "odd").mkdir()
    (place / "odd" / "list.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: Pod, metadata: {name: A}, spec: {containers: 3}}\n"
    )
    (place / "odd" / "twice.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n")
    (place / "odd" / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: 'correct horse'}\n"
    )
    (place / "odd" / "comment.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec:\n  # manifold: ignore[service-selects-nothing, no-such-rule] elsewhere\n"
        "  selector: {app: nothing}\n  ports: [{port: 80, targetPort: http}]\n"
    )
    return place


Edit = Callable[[str, random.Random], str]


def _number(text: str, chance: random.Random) -> str:
    there = list(re.finditer(r"(?<=: )\d+", text))
    if not there:
        return text
    at = chance.choice(there)
    return text[: at.start()] + str(int(at.group()) + chance.choice((1, 70000))) + text[at.end() :]


def _word(text: str, chance: random.Random) -> str:
    there = list(re.finditer(r"(?<=: )[a-z][a-z-]+$", text, re.MULTILINE))
    if not there:
        return text
    at = chance.choice(there)
    return text[: at.start()] + at.group() + "x" + text[at.end() :]


def _line(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return "".join(lines)


def _comment(text: str, chance: random.Random) -> str:
    return f"# looked at {chance.random()}\n{text}"


EDITS: tuple[Edit, ...] = (_number, _word, _line, _comment)


@pytest.mark.parametrize(
    ("seed", "rounds", "more"),
    [(1, 8, ()), (2, 8, ()), pytest.param(3, 6, ("sinks", "exemplary"), marks=pytest.mark.slow)],
)
def test_edits_change_what_they_change_without_a_cache(
    tmp_path: Path, seed: int, rounds: int, more: tuple[str, ...]
) -> None:
    """Numbers, words and lines of some files, files that come, go and move: the same reports, from all rules."""
    folder = tree(tmp_path / "tree", *more)
    chance = random.Random(seed)
    asked = {"jobs": 1, "profile": "all"}
    for _ in range(rounds):
        cold = reported(Request([folder], **asked))  # type: ignore[arg-type]
        assert reported(Request([folder], cache=True, **asked)) == cold  # type: ignore[arg-type]
        assert reported(Request([folder], cache=True, **asked)) == cold  # type: ignore[arg-type]
        files = sorted(f for f in folder.rglob("*.yaml"))
        for file in chance.sample(files, chance.choice((1, 1, 3))):
            what = chance.random()
            if what < 0.1:
                file.unlink()
            elif what < 0.2:
                file.rename(file.with_name(f"moved-{file.name}"))
            elif what < 0.3:
                shutil.copy(file, file.with_name(f"again-{file.name}"))
            else:
                file.write_text(chance.choice(EDITS)(file.read_text(), chance))
    assert len(cold[0]) > 20


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the objects that are looked at from now on."""
    seen: list[str] = []
    work = run.Work.part

    def part(self: run.Work, start: int) -> Any:
        seen.extend(d.key().name for d in self.documents[start : start + run.CHUNK])
        return work(self, start)

    monkeypatch.setattr(run.Work, "part", part)
    return seen


WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{name: http, containerPort: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data: {colour: red}
"""


def test_only_what_was_edited_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as others see nothing of the edit; where they do, all are."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(WORKLOAD.replace("NAME", name))
    asked = Request([tmp_path], cache=True)
    seen = counted(monkeypatch)

    def again() -> list[str]:
        seen.clear()
        run.report(asked)
        return sorted(set(seen))

    def edit(old: str, new: str) -> None:
        file = tmp_path / "a.yaml"
        file.write_text(file.read_text().replace(old, new))

    assert again() == ["a", "b", "c"]
    assert again() == []
    edit("web:1", "web:2")
    edit("red", "blue")
    assert again() == ["a"]
    edit("name: http", "name: https")
    assert again() == ["a", "b", "c"]
    edit("colour", "color")
    assert again() == ["a", "b", "c"]
    assert again() == []


def test_another_question_has_another_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other rules, releases, settings and definitions are not answered from the cache of these."""
    (tmp_path / "a.yaml").write_text(WORKLOAD)
    seen = counted(monkeypatch)
    plain = Request([tmp_path / "a.yaml"], cache=True)
    run.report(plain)
    for other in (
        Request([tmp_path / "a.yaml"], cache=True, profile="strict"),
        Request([tmp_path / "a.yaml"], cache=True, versions=["1.33"]),
        Request([tmp_path / "a.yaml"], cache=True, lint=False),
        Request([tmp_path / "a.yaml"], cache=True, ignore=["image-latest"]),
        Request([tmp_path / "a.yaml"], cache=True, namespace="test"),
    ):
        seen.clear()
        assert run.report(other)[0].diagnostics == run.report(_without(other))[0].diagnostics
        assert seen
    seen.clear()
    run.report(plain)
    assert not seen


ODD = """apiVersion: v1
kind: ConfigMap
metadata: {name: d}
data: {k: 5, z: x}
"""
READS = """apiVersion: v1
kind: Pod
metadata: {name: b}
spec: {containers: [{name: a, image: 'a:1', env: [{name: A, valueFrom: {configMapKeyRef: {name: d, key: k}}}]}]}
"""
CROOKED = """apiVersion: apps/v1
kind: Deployment
metadata: {name: m}
spec: {template: {spec: {containers: [{name: a, env: [5], volumeMounts: 5, ports: [5], resources: {limits: 5}}]}}}
"""


def test_what_is_said_does_not_hang_on_those_that_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misshapen object among others, looked at together with them and apart; and after an edit of one alone."""
    for name, text in (("d", ODD), ("b", READS), ("m", CROOKED)):
        (tmp_path / f"{name}.yaml").write_text(text)
    asked = Request([tmp_path], cache=True, profile="all")
    together = reported(asked)
    monkeypatch.setattr(run, "CHUNK", 1)
    assert reported(_without(asked)) == together
    (tmp_path / "b.yaml").write_text(READS + "# edited\n")
    assert reported(asked) == reported(_without(asked))


def test_definitions_and_rules_are_part_of_the_question(tmp_path: Path) -> None:
    """What --schema and --rules hold, wherever it is linked from, and not what they are called."""
    import yaml

    crd = definition({"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}}, kind="A")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.yaml").write_text(
        "apiVersion: example.com/v1\nkind: A\nmetadata: {name: a}\nspec: {n: 7}\n---\n"
        + WORKLOAD.replace("NAME", "web")
    )
    (tmp_path / "real" / "own").mkdir(parents=True)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own").symlink_to(tmp_path / "real" / "own")
    schema = tmp_path / "schema.yaml"
    rule = tmp_path / "real" / "own" / "two.yaml"
    asked = Request([tmp_path / "m"], cache=True, schemas=[schema], rules=[tmp_path / "rules"])
    counts = []
    for most, least in ((5, 2), (9, 2), (9, 3)):
        text = yaml.safe_dump(crd).replace("maximum: 5", f"maximum: {most}")
        schema.write_text(text)
        rule.write_text(
            f"id: two\nsummary: a\nwhy: b\nfix: c\nseverity: warning\nmessage: d\nkinds: [Deployment]\n"
            f"at: $.spec.replicas\nexpect: {{minimum: {least}}}\n"
            "examples:\n  good: |\n    apiVersion: apps/v1\n    kind: Deployment\n    spec: {replicas: 9}\n"
            "  bad: |\n    apiVersion: apps/v1\n    kind: Deployment\n    spec: {replicas: 1}\n"
        )
        catalogue.known.cache_clear()  # as in another process
        found = reported(asked)
        assert found == reported(_without(asked))
        counts.append(sum(d.rejects or d.rule == "two" for d in found[0]))
    assert counts == [1, 0, 1]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half cache, no temporary file, and the report as ever."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.yaml").write_text(WORKLOAD)
    monkeypatch.setattr(Path, "replace", fail)

    assert reported(Request([tmp_path / "a.yaml"], cache=True)) == reported(Request([tmp_path / "a.yaml"]))
    assert list(kept.iterdir()) == []


def _without(request: Request) -> Request:
    from dataclasses import replace

    return replace(request, cache=False)


def test_a_damaged_cache_is_not_used(tmp_path: Path, kept: Path) -> None:
    """Cut off, scribbled over, or no cache at all: the run takes its time and mends it."""
    (tmp_path / "a.yaml").write_text(WORKLOAD.replace("80", "800000"))
    asked = Request([tmp_path / "a.yaml"], cache=True)
    first = reported(asked)
    (file,) = kept.glob("*.bin")
    whole = file.read_bytes()
    for damage in (b"", whole[:40], whole[:-1], whole[:60] + b"\xff" + whole[61:], b"nonsense" * 9):
        file.write_bytes(damage)
        assert reported(asked) == first
        assert file.read_bytes() == whole


def test_a_folder_that_nobody_may_write_to(tmp_path: Path, kept: Path) -> None:
    """No cache then, and no complaint."""
    (tmp_path / "a.yaml").write_text(WORKLOAD)
    kept.write_text("this is a file")

    assert reported(Request([tmp_path / "a.yaml"], cache=True)) == reported(Request([tmp_path / "a.yaml"]))


def test_nothing_of_values_is_kept(tmp_path: Path, kept: Path) -> None:
    """Neither those of a Secret, nor what is said of them, nor texts; and the file is its owner's alone."""
    (tmp_path / "a.yaml").write_text(
        WORKLOAD + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
        "data: {key: 'correct horse'}\nstringData: {other: battery}\n"
    )
    said = reported(Request([tmp_path / "a.yaml"], cache=True))[0]
    (file,) = kept.glob("*.bin")
    data = file.read_bytes()

    assert any(d.object.kind == "Secret" for d in said)
    for word in (b"horse", b"battery", b"red", b"web:1"):
        assert word not in data
    assert file.stat().st_mode & 0o077 == 0
    assert reported(Request([tmp_path / "a.yaml"], cache=True))[0] == said


def test_old_answers_go(tmp_path: Path, kept: Path) -> None:
    """Only so many questions are remembered."""
    (tmp_path / "a.yaml").write_text(WORKLOAD)
    for n in range(cache.MOST_FILES + 3):
        run.report(Request([tmp_path / "a.yaml"], cache=True, namespace=f"n{n}"))

    assert len(list(kept.glob("*"))) == cache.MOST_FILES


def test_recalled_documents_are_those_that_were_read(tmp_path: Path) -> None:
    """Identity, value, places and what others see of every fixture's documents."""
    first = cache.Cache(tmp_path / "a.bin")
    sources = [Source(str(f), f.read_bytes()) for f in sorted(FIXTURES.rglob("*.yaml"))]
    marks: dict[str, list[bytes]] = {s.name: [] for s in sources}
    readings = {s.name: read(s, packed=True, marks=marks[s.name]) for s in sources}
    for s in sources:
        if (entry := cache.entry(s, readings[s.name], marks[s.name])) is not None:
            first.note(s, tuple(entry))
    first.save(b"context", {}, lambda _: True)
    second = cache.Cache(tmp_path / "a.bin")
    seen = 0
    for s in sources:
        found = second.recall(s)
        if found is None:
            assert readings[s.name].diagnostics or readings[s.name].skipped or readings[s.name].lists
            continue
        assert found.pieces == readings[s.name].pieces
        for a, b in zip(readings[s.name].documents, found.documents, strict=True):
            seen += 1
            assert (a.source, a.index, a.named, a.api_version, a.kind) == (
                b.source, b.index, b.named, b.api_version, b.kind,
            )  # fmt: skip
            assert (a.key(), a.key("x"), a.glance) == (b.key(), b.key("x"), b.glance)
            assert a.body == b.body == b.opened().body
            assert a.mentions("metadata") == b.mentions("metadata")
            assert a.locate(("metadata", "name")) == b.locate(("metadata", "name"))
    assert seen > 20
    assert second.recall(Source(sources[0].name, sources[0].data + b"\n")) is None


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"MANIFOLD_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/manifold/runs")),
        ({"XDG_CACHE_HOME": "not/absolute"}, Path.home() / ".cache" / "manifold" / "runs"),
        ({}, Path.home() / ".cache" / "manifold" / "runs"),
    ],
)
def test_where_the_cache_is(environment: dict[str, str], place: Path) -> None:
    """Where one says, or where the XDG base directories say."""
    assert cache.folder(environment) == place


def test_reports_quote_lines_of_recalled_files(tmp_path: Path) -> None:
    """Lines, and the hiding of Secrets in them, are there as in a run that read everything."""
    folder = tree(tmp_path / "tree")

    def shown(report: Report) -> list[list[str]]:
        return [report.quoted(d.file)[d.span.line - 1 : d.span.line] for d in report.diagnostics if d.file]

    first = shown(run.report(Request([folder], cache=True))[0])
    assert shown(run.report(Request([folder], cache=True))[0]) == first
    assert shown(run.report(Request([folder]))[0]) == first
