"""Texts made to take all time or room end in a diagnostic."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest
from manifold.model import Source
from manifold.read import read, walk
from manifold.read.reader import MOST_DUPLICATES

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize("fast", [True, False])
def test_a_key_that_stands_there_many_times(fast: bool) -> None:
    """So many diagnostics are said that people can read, and the last says how many more there were."""
    text = HEAD + "data:\n" + "  a: b\n" * (MOST_DUPLICATES * 30)
    found = read(Source("f", text.encode()), fast=fast)
    assert len(found.diagnostics) == MOST_DUPLICATES
    assert f"{MOST_DUPLICATES * 29 - 1} more keys" in found.diagnostics[-1].message
    assert found.documents[0].body["data"] == {"a": "b"}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("nested", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000, "[" * 20_000 + "]" * 20_000])
def test_deep_nesting(nested: str, fast: bool) -> None:
    """Brackets and dashes without end are refused, and nothing overflows."""
    found = read(Source("f", f"{HEAD}data: {nested}\n".encode()), fast=fast)
    assert [d.rejects for d in found.diagnostics] == [True]


@pytest.mark.parametrize("fast", [True, False])
def test_alias_bomb(fast: bool) -> None:
    """Aliases that multiply are refused before they do."""
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    text = HEAD + "a0: &a0 [x, x]\n" + "\n".join(lines) + "\n"
    found = read(Source("f", text.encode()), fast=fast)
    assert [d.rule for d in found.diagnostics] == ["yaml/alias"]


def test_more_than_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a stream of more bytes than any manifest has is named, and not read."""
    monkeypatch.setattr(walk, "LARGEST", 100)
    (tmp_path / "large.yaml").write_bytes(b"x" * 101)
    stream = io.TextIOWrapper(io.BytesIO(b"x" * 5_000))
    monkeypatch.setattr(sys, "stdin", stream)
    found = walk.walk([tmp_path, Path("-")])
    assert [d.rule for d in found.diagnostics] == ["yaml/unreadable"] * 2
    assert not found.sources
    assert stream.buffer.tell() <= 101


def test_pipes_and_devices_in_a_folder_are_skipped(tmp_path: Path) -> None:
    """To open them would take for ever, or all room; what is named as skipped can be named on the command line."""
    (tmp_path / "a.yaml").write_text(HEAD)
    for name in (".gitignore", "kustomization.yaml", "x.yaml"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "kustomization.yaml").symlink_to("/dev/zero")
    found = walk.walk([tmp_path])

    assert [Path(s.name).name for s in found.sources] == ["a.yaml"]
    skipped = ["kustomization.yaml", "x.yaml", "zero.yaml", "kustomization.yaml"]
    assert [Path(s.file).name for s in found.skipped] == skipped
    assert {s.why for s in found.skipped} == {"no regular file: name it to have it read"}
    assert not found.diagnostics


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    """As shells make them: `manifold check <(kustomize build)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(HEAD,))
    writer.start()
    found = walk.walk([pipe])
    writer.join()

    assert [s.data for s in found.sources] == [HEAD.encode()]


def test_a_named_device_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no size is read up to the bound."""
    monkeypatch.setattr(walk, "LARGEST", 100)
    found = walk.walk([Path("/dev/zero")])

    assert [(d.rule, "is larger than" in d.message) for d in found.diagnostics] == [("yaml/unreadable", True)]
    assert not found.sources


def test_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no stream where the shell has closed it."""
    monkeypatch.setattr(sys, "stdin", None)

    assert [(d.rule, d.message) for d in walk.walk([Path("-")]).diagnostics] == [("yaml/unreadable", "is closed")]


@pytest.mark.parametrize(
    "text",
    [
        "resources: 5\npatches: 5\nconfigMapGenerator: 5\nsecretGenerator: {a: b}\ncomponents: x\n",
        'resources: ["a\\0b", loop, loop/x]\n',
        'patches: [{path: "\\0"}, {path: loop}, {path: loop/x}]\n',
        "patches: [{path: [a]}, {path: 5}, 5, null]\npatchesStrategicMerge: {a: b}\n",
        "a: &a [*a]\nresources: [a.yaml]\n",
        "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 12)),
        "5\n",
    ],
)
def test_kustomizations_of_odd_shapes(tmp_path: Path, text: str) -> None:
    """They list and change nothing that could be told, and the files beside them are read."""
    (tmp_path / "a.yaml").write_text(HEAD)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    (tmp_path / "kustomization.yaml").write_text(text)
    found = walk.walk([tmp_path])

    assert [Path(s.name).name for s in found.sources] == ["a.yaml", "kustomization.yaml"]
    assert [(Path(d.file).name, d.rule) for d in found.diagnostics] == [("round.yaml", "yaml/unreadable")]
    assert not any(k.generated or k.members for k in found.kustomizations)


def test_links_out_of_what_was_named_are_not_followed(tmp_path: Path) -> None:
    """Whoever can put a link into a folder could have any file of the machine told of, or all of its disk walked."""
    for name in ("tree", "tree/inner", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "tree" / "file.yaml").symlink_to("/etc/passwd")
    (tmp_path / "tree" / "folder").symlink_to("../other")
    (tmp_path / "tree" / "inside.yaml").symlink_to("inner/a.yaml")
    alone = walk.walk([tmp_path / "tree"])
    both = walk.walk([tmp_path / "tree", tmp_path / "other"])
    named = walk.walk([tmp_path / "tree" / "file.yaml"])

    assert [Path(s.name).name for s in alone.sources] == ["a.yaml", "inside.yaml"]
    assert {Path(s.file).name: s.why for s in alone.skipped} == dict.fromkeys(("file.yaml", "folder"), walk.ELSEWHERE)
    assert len(both.sources) == 3
    assert len(named.sources) == 1
