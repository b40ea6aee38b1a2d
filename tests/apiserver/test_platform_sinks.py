"""What a real server said to the sinks of platform kinds: refused custom resources, their updates, and single probes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manifold import api

Body = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "sinks" / "platform"
CRDS = [body for file in sorted(FOLDER.glob("crd-*.yaml")) for body in api.read(file.read_text())]
PROBES = [
    probe
    for line in (FOLDER / "probes.jsonl").read_text().splitlines()
    if "post-to" not in line and (probe := json.loads(line))  # no bodies for subresources
]


def pieces(file: str) -> Iterator[tuple[dict[str, list[str]], Body, str]]:
    """Each document with the `# word: text` comments before it, and as it is written."""
    for text in re.split(r"(?m)^---\n", (FOLDER / file).read_text()):
        notes: dict[str, list[str]] = {}
        for word, said in re.findall(r"(?m)^# (rule|expect|pair): (.*)$", text):
            notes.setdefault(word, []).append(said)
        bodies = api.read(text)
        if bodies:
            yield notes, bodies[0], text


def blamed(expected: list[str]) -> tuple[int, set[str]]:
    """The status code and the fields of `CODE FIELD: MESSAGE` lines; of a strict error, the fields that it names."""
    code = int(expected[0][:3])
    if code == 400:
        return code, set(re.findall(r'unknown field "([^"]*)"', expected[0]))
    return code, {line[4:].partition(": ")[0] for line in expected if ": " in line} if code == 422 else set()


def said(found: list[api.Diagnostic]) -> set[str]:
    return {d.path for d in found if d.rejects}


INVALID = list(pieces("cr-invalid.yaml"))
UPDATES = list(pieces("cr-updates.yaml"))
PAIRS = [
    (first[0]["pair"][0], first[1], second[0]["expect"], second[1])
    for first, second in zip(UPDATES[::2], UPDATES[1::2], strict=True)
]


@pytest.mark.parametrize(("notes", "text"), [(n, t) for n, _, t in INVALID], ids=[n["rule"][0] for n, _, _ in INVALID])
def test_custom_resources_are_refused_where_the_server_refuses_them(notes: dict[str, list[str]], text: str) -> None:
    """The same fields are blamed, and no others."""
    code, fields = blamed(notes["expect"])
    found = api.validate(text, crds=CRDS)
    if "already set in map" in notes["expect"][0]:  # kubectl sends the last of them, and we say so
        assert {d.rule for d in found} == {"duplicate-key"}
        return
    if code == 404:
        assert {d.rule for d in found} == {"api/no-such-kind"}
        return
    assert any(d.rejects for d in found)
    if code == 400:
        assert {d.path for d in found if d.rule == "api/unknown-field"} == fields
    else:
        assert said(found) == fields


@pytest.mark.parametrize(("old", "expected", "new"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_updates_of_custom_resources(old: Body, expected: list[str], new: Body) -> None:
    """Transition rules, and what was wrong before and may stay so."""
    code, fields = blamed(expected)
    refused = said(api.update(old, new, crds=CRDS))
    assert bool(refused) == (code >= 400)
    assert refused == fields or code == 400  # of which the server names no field


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all plain values; keys with dots or slashes in brackets."""
    if isinstance(value, dict):
        for key, inner in value.items():
            dotted = f".{key}" if path else key
            yield from leaves(inner, f"{path}{f'[{key}]' if re.search('[./]', key) else dotted}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{i}]")
    elif value is not None:
        yield path


@pytest.mark.parametrize("probe", PROBES, ids=[p["name"] for p in PROBES])
def test_probes(probe: Body) -> None:
    """One object each with the server's answer: the fields blamed, warnings, and what is dropped of what was sent."""
    found = api.validate([probe["object"]], crds=CRDS)
    if probe["code"] >= 300:
        assert said(found) == {c["field"] for c in probe["causes"]}
        return
    assert said(found) == set()
    assert bool(probe.get("warnings")) == any(d.origin == "apiserver" for d in found)
    (stored,) = api.preview([probe["object"]], crds=CRDS)
    dropped = set(leaves(probe["object"])) - set(leaves(stored))
    assert {p for p in dropped if not p.endswith("namespace")} == set(probe.get("dropped") or ())
