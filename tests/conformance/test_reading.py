"""Our reading beside kubectl's: numbers and words by the thousand, and whole texts with traps in their structure.

MANIFOLD_SEED chooses other cases than those that every run in CI looks at.
"""

from __future__ import annotations

import codecs
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manifold import api
from manifold.errors import ReadError

from tests.conformance.chance import seeded
from tests.conformance.controlplane import LOOKS_ELSEWHERE, ControlPlane, MissingError, programs

HEAD = "apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: %s}\nrevision: 1\ndata:\n"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A server of our own: others put webhooks into theirs, which are called for a dry run as well."""
    try:
        programs()
    except MissingError as reason:
        pytest.skip(str(reason))
    with ControlPlane(tmp_path_factory.mktemp("bare"), disable=LOOKS_ELSEWHERE) as plane:
        yield plane


def created(bare: ControlPlane, place: Path) -> tuple[list[Any], str]:
    """The objects that kubectl creates of a file or a folder, and what it complains about; empty where it is content."""
    done = bare.kubectl("create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", str(place))
    objects: list[Any] = []
    decoder, at, text = json.JSONDecoder(), 0, done.stdout
    while text[at:].strip():
        body, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        objects += body["items"] if body["kind"] == "List" else [body]
    return objects, done.stderr if done.returncode else ""


def scalar(chance: random.Random) -> str:
    """A plain scalar that looks like a number or a word of YAML 1.1, and often is none."""
    sign = chance.choice(["", "+", "-"])
    form = chance.randrange(5)
    if form == 0:
        return "".join(chance.choices("0123456789_.+-eExXoObB:", k=chance.randint(1, 9)))
    if form == 1:
        base = chance.choice(["0x", "0X", "0b", "0o", "0O", "0", ""])
        return sign + base + "".join(chance.choices("01234567_89abF", k=chance.randint(1, 20)))
    if form == 2:
        return sign + str(chance.random() * 10.0 ** chance.randint(-30, 30)) + chance.choice(["", "_", "e5", "E-9"])
    if form == 3:
        return sign + str(chance.getrandbits(chance.randint(1, 80))) + chance.choice(["", "_", ".", "e2", ".0"])
    return "".join(chance.choices("yYnNesoEfStrueTRUElsaNULl~", k=chance.randint(1, 5)))


def scalars(chance: random.Random, count: int) -> Iterator[str]:
    """Scalars that can stand behind a key without breaking the line."""
    while count:
        text = scalar(chance)
        special = "inf" in text.lower() or "nan" in text.lower()  # JSON has neither: kubectl refuses the document
        if not special and text[0] != ":" and text[-1] != ":" and text != "-":
            count -= 1
            yield text


def test_plain_scalars_are_read_as_kubectl_reads_them(bare: ControlPlane, tmp_path: Path) -> None:
    """Values and types of 3,000 scalars."""
    chance = seeded("scalars")
    texts = {
        f"d{i}": HEAD % f"d{i}" + "".join(f"  k{j}: {v}\n" for j, v in enumerate(scalars(chance, 300)))
        for i in range(10)
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    objects, complaint = created(bare, tmp_path)

    assert complaint == ""
    assert len(objects) == len(texts)
    for body in objects:
        text = texts[body["metadata"]["name"]]
        lines = dict(
            line.strip().split(": ", 1) for line in text.removeprefix(HEAD % body["metadata"]["name"]).splitlines()
        )
        ours = api.read(text)[0]["data"]
        wrong = {lines[k]: (v, ours[k]) for k, v in body["data"].items() if json.dumps(v) != json.dumps(ours[k])}
        assert not wrong


class Texts:
    """Texts of several documents, lists and JSON objects, joined in ways that kubectl takes, refuses or loses."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.made = 0

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def block(self) -> str:
        head = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {self.name()}}}\n"
        pick = self.chance.choice
        return pick(
            [
                head + "data:\n  a: b\n",
                head + "data:\n  a: |\n    x\n    ---\n    y\n",
                head + "data:\n  a: |\n    x\n---\n    y\n",
                head + f"items: {pick(['[]', 'null', 'x', '{}', '[a]'])}\n",
                head + pick(["dat: {}\n", "data: {a: 1}\n", "data: {a: null}\n", "data: null\n", "immutable: y\n"]),
                head.replace("apiVersion: v1\n", ""),
                head.replace("ConfigMap", "Nothing"),
                f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {self.name()}}}}}\n",
            ]
        )

    def json(self) -> str:
        head = f'{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{self.name()}"}}'
        return head + self.chance.choice(
            ["}", ', "data": {"a": "b"}}', ', "data": {"a": 1}}', ', "data": {"a": "b",}}']
        )

    def list(self) -> str:
        version, kind = self.chance.choice(
            [("v1", "List")] * 4
            + [("v1", "ConfigMapList")] * 3
            + [("apps/v1", "List"), ("v1", "ThingList"), ("v1", "ConfigMap"), ("v2", "List"), ("v1", "Lists")]
        )
        out = f"apiVersion: {version}\nkind: {kind}\n"
        out += self.chance.choice(["", "", "", "metadata: {}\n", "metadata: {name: x}\n", "extra: 1\n"])
        if self.chance.random() < 0.2:
            return out + f"items: {self.chance.choice(['[]', 'null', '', '{}', 'x', '[null]', '[a]', '[{}]'])}\n"
        out += "items:\n"
        for _ in range(self.chance.randint(1, 3)):
            item = f"metadata: {{name: {self.name()}}}\n" if self.chance.random() < 0.3 else self.block()
            lines = item.replace("\n---", "").rstrip("\n").split("\n")
            out += f"- {lines[0]}\n" + "".join(f"  {line}\n" for line in lines[1:])
        return out

    def text(self) -> bytes:
        pick = self.chance.choice
        if self.chance.random() < 0.3:
            parts = [
                pick([self.json, self.json, lambda: "{}", lambda: "null", lambda: "# c", self.block])()
                for _ in range(3)
            ]
            text = (
                pick(["", "", "\ufeff", "\n", "---\n"])
                + pick(["\n", " ", "", "\n---\n"]).join(parts)
                + pick(["", "\n"])
            )
        else:
            odd = ["", "# c\n", "{}\n", "[]\n", "null\n", "text\n", "5\n", "\t\n", "...\n", "%YAML 1.1\n", "- a\n"]
            joints = ["---\n"] * 6 + [
                "--- # c\n",
                "--- x\n",
                "----\n",
                "...\n---\n",
                "---\r\n",
                " ---\n",
                "\n",
                "# ---\n",
            ]
            text = pick(["", "", "---\n", "\ufeff"])
            for i in range(self.chance.randint(1, 4)):
                text += pick(joints) if i else ""
                text += pick([self.block, self.block, self.list, lambda: pick(odd)])()
        encoded = text.encode()
        return pick(
            [encoded] * 8
            + [encoded.replace(b"\n", b"\r\n"), codecs.BOM_UTF16_LE + text.lstrip("\ufeff").encode("utf-16-le")]
            + [encoded.replace(b"b", b"\xff", 1)]
        )


def test_texts_are_taken_or_refused_as_kubectl_does(bare: ControlPlane, tmp_path: Path) -> None:
    """150 texts; where kubectl is content, the same objects are read."""
    texts = Texts(seeded("texts"))
    wrong: list[str] = []
    for _ in range(150):
        text = texts.text()
        (tmp_path / "a.yaml").write_bytes(text)
        objects, complaint = created(bare, tmp_path / "a.yaml")
        content = not complaint
        ours = not any(d.rejects for d in api.validate(text))
        try:
            names = [(o.get("metadata") or {}).get("name") for o in api.read(text)]
        except ReadError:
            names = []
        if content != ours or (content and names != [o["metadata"]["name"] for o in objects]):
            wrong.append(f"kubectl is {'' if content else 'not '}content with {text!r}, and we read {names}")

    assert not wrong, "\n\n".join(wrong)
