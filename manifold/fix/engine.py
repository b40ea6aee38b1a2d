"""Repairs found, done and proven: round after round until nothing is left to do, file by file.

A repair counts only if the edited text, read again, gives the object that the repair's operations give. What cannot be
edited so (aliases, merges, odd layouts) stays as it is and is named.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import Any

from manifold.apiserver.server import Server
from manifold.fix import operations as ops
from manifold.fix import repairs
from manifold.fix.edits import Edit, ImpossibleError, Text, apply
from manifold.fix.judge import worse
from manifold.fix.operations import Operation, Repair
from manifold.fix.subject import Around, Subject
from manifold.fix.texts import read
from manifold.lint.engine import Bundle
from manifold.lint.shape import straight
from manifold.model import Document, ObjectId, Path, Source, Span
from manifold.read import Reading, exact, split
from manifold.read.reader import Exact
from manifold.sops import sealed

ROUNDS = 10
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Done:
    """A repair that was made: where in the text of that moment, of which object, what."""

    rule: str
    description: str
    line: int
    column: int
    path: str
    object: ObjectId


@dataclass(slots=True)
class Mended:
    """A source before and after."""

    name: str
    before: bytes
    after: bytes
    done: list[Done] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Why something could not be mended, or was not looked at."""
    refused: bool = False
    """What could be mended would have been worse, and so all stayed."""

    @property
    def changed(self) -> bool:
        return self.before != self.after


@cache
def modules(unsafe: bool = False) -> tuple[ModuleType, ...]:
    """The kinds of repairs, safe ones first."""
    found = [importlib.import_module(f"{repairs.__name__}.{m.name}") for m in pkgutil.iter_modules(repairs.__path__)]
    return tuple(sorted((m for m in found if m.SAFE or unsafe), key=lambda m: (not m.SAFE, m.ORDER, m.__name__)))


@dataclass(slots=True)
class _Part:
    """One YAML document of a text: where it begins, and its objects."""

    start: int
    text: Text
    value: Any
    subjects: list[Subject]


def mend(
    sources: Sequence[Source],
    server: Callable[[Sequence[Document]], Server],
    *,
    unsafe: bool = False,
    lint: Callable[[Sequence[Document], Server], Callable[[Document], Iterable[Any]]] | None = None,
    wanted: Callable[[Document], bool] = lambda _: True,
    beside: Sequence[Document] = (),
) -> list[Mended]:
    """The sources repaired; their order and number stay.

    `server` gives the API server for the objects at hand (definitions among them are known to it); `lint`, where unsafe
    repairs are wanted, what says the findings of one object among all. Objects that are not `wanted` stay as they are;
    those `beside` are of other files, and only looked at.
    """
    out = [Mended(s.name, s.data, s.data) for s in sources]
    parts = modules(unsafe)
    for turn in range(ROUNDS):
        documents = [d for s, m in zip(sources, out, strict=True) for d in read(replace(s, data=m.after)).documents]
        documents += beside
        judge = server(documents)
        around = Around(judge, Bundle(straight(documents, judge)), lint(documents, judge) if lint and unsafe else None)
        # After the first turn, only what looks at other objects can find anything new.
        active = parts if turn == 0 else tuple(m for m in parts if m.WHOLE)
        if not active:
            break
        changed = False
        for source, one in zip(sources, out, strict=True):
            changed |= _mend(source, one, around, active, parts, wanted)
        if not changed:
            break
    return out


def _mend(
    source: Source,
    one: Mended,
    around: Around,
    first: Sequence[ModuleType],
    all_modules: Sequence[ModuleType],
    wanted: Callable[[Document], bool],
) -> bool:
    bom = _BOM if one.after.startswith(_BOM) else b""
    try:
        text = one.after[len(bom) :].decode("utf-8")
    except UnicodeDecodeError:
        one.left[:] = ["not UTF-8: left as it is"]
        return False
    active = first
    begun, done = text, []
    for _ in range(ROUNDS):
        new, made = _round(replace(source, data=text.encode()), text, one, around, active, wanted)
        if new == text:
            break
        text, active = new, all_modules
        done += made
    if text == begun:
        return False
    if why := _worse(source, begun, text, around.server):
        one.left.append(why)
        one.refused = True
        return False
    one.after = bom + text.encode()
    one.done += done
    return True


def _round(
    source: Source,
    text: str,
    one: Mended,
    around: Around,
    active: Sequence[ModuleType],
    wanted: Callable[[Document], bool],
) -> tuple[str, list[Done]]:
    edits: list[Edit] = []
    done: list[Done] = []
    one.left[:] = []
    for part in _parts(source, text, around):
        found = [
            (s, r)
            for s in part.subjects
            if wanted(s.document) and not _sealed(s.body, one)
            for module in active
            for r in module.find(s)
        ]
        if not found:
            continue
        chosen = _proven(part, found)
        for s, r, made in chosen:
            edits += [Edit(e.start + part.start, e.end + part.start, e.text) for e in made]
            span: Span = s.document.locate(r.path)
            done.append(Done(r.rule, r.description, span.line, span.column, _spell(r.path), ObjectId.of(s.body)))
        kept = {id(r) for _, r, _ in chosen}
        for s, r in found:
            if id(r) not in kept:
                note = f"{s.document.locate(r.path).line}: {r.description}: to be done by hand, the text is written in a way that is not edited"
                if note not in one.left and not any(r.path == k.path for _, k, _ in chosen):
                    one.left.append(note)
    return (apply(text, edits) if edits else text), done


def _spell(path: Path) -> str:
    from manifold.model import spell

    return spell(path)


def _sealed(body: dict[str, Any], one: Mended) -> bool:
    """Whether an object carries a checksum over itself: an edit would break it."""
    if sealed(body):
        note = "encrypted by SOPS: left as it is"
        if note not in one.left:
            one.left.append(note)
        return True
    return False


def _proven(part: _Part, found: list[tuple[Subject, Repair]]) -> list[tuple[Subject, Repair, list[Edit]]]:
    """The repairs that can be done together in one round, each with its edits."""
    candidates: list[tuple[Subject, Repair, list[Edit]]] = []
    taken: list[Edit] = []
    paths: set[Path] = set()
    for s, r in found:
        where = s.prefix + r.path
        if where in paths:
            continue  # another repair of the same place: the next round asks again
        try:
            made = part.text.edits(_below(s.prefix, r.operations))
            apply(part.text.text, [*taken, *made])
        except ImpossibleError:
            continue
        candidates.append((s, r, made))
        taken += made
        paths.add(where)
    if _holds(part, candidates):
        return candidates
    alone: list[tuple[Subject, Repair, list[Edit]]] = []
    for candidate in candidates:
        if _holds(part, [*alone, candidate]):
            alone.append(candidate)
    return alone


def _below(prefix: Path, operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        yield replace(operation, path=prefix + operation.path) if prefix else operation


def _holds(part: _Part, chosen: Sequence[tuple[Subject, Repair, list[Edit]]]) -> bool:
    """Whether the edited text gives what the operations give."""
    try:
        expected = part.value
        for s, r, _ in chosen:
            expected = ops.applied(expected, _below(s.prefix, r.operations))
        text = apply(part.text.text, [e for _, _, made in chosen for e in made])
        got = exact.parse(text if text.endswith("\n") else text + "\n")
    except (ImpossibleError, exact.UnreadableError, KeyError, IndexError, TypeError):
        return False
    return ops.same(got.value, expected) and got.lost is None


def _parts(source: Source, text: str, around: Around) -> Iterator[_Part]:
    """The documents of a text that hold objects which kubectl would send."""
    reading = read(source, fast=False)
    by_index: dict[int, list[Document]] = {}
    for document in reading.documents:
        by_index.setdefault(document.index, []).append(document)
    starts = [0]
    for i, character in enumerate(text):
        if character == "\n":
            starts.append(i + 1)
    for index, piece in enumerate(split.pieces(text)):
        documents = by_index.get(index)
        if not documents or piece.bad or "\\'" in piece.text:
            continue
        chunk = piece.text.removeprefix("\ufeff")
        start = starts[piece.line] + len(piece.text) - len(chunk)
        root = _root(reading, index, documents, chunk)
        if root is None:
            continue
        body = Text(chunk, root)
        duplicates = _duplicates(root)
        subjects = []
        for prefix, document in _objects(root.value, documents):
            twice = [
                (path[len(prefix) :], n)
                for path, n in duplicates
                if path[: len(prefix)] == prefix and len(path) > len(prefix)
            ]
            subjects.append(Subject(document, body, prefix, around, twice))
        yield _Part(start, body, root.value, subjects)


def _root(reading: Reading, index: int, documents: Sequence[Document], text: str) -> exact.Node | None:
    """The nodes of a document, those that it was read by where they are at hand; None where it is not read to its end."""
    if any(d.rule == "lost-document" and d.document == index for d in reading.diagnostics):
        return None
    for document in (*(d for d in reading.lists if d.index == index), *documents):
        if isinstance(document.locate, Exact) and document.locate.root is not None:
            return document.locate.root
    try:
        parsed = exact.parse(text if text.endswith("\n") else text + "\n")
    except exact.UnreadableError:
        return None
    return parsed.root if parsed.lost is None else None


def _objects(value: Any, documents: Sequence[Document]) -> list[tuple[Path, Document]]:
    """Where each document of a piece stands in it: at its root, or among a List's items."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        left = list(documents)
        out: list[tuple[Path, Document]] = []
        for i, item in enumerate(value["items"]):
            if left and isinstance(item, dict) and {**left[0].body, **item} == left[0].body:
                # An item of a typed list is its own text only where it says what it is.
                if "kind" in item and "apiVersion" in item:
                    out.append((("items", i), left[0]))
                left.pop(0)
        return out
    return [((), documents[0])] if len(documents) == 1 and documents[0].body == value else []


def _duplicates(root: exact.Node) -> list[tuple[Path, int]]:
    out: list[tuple[Path, int]] = []
    stack: list[tuple[Path, exact.Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if node.alias:
            continue
        count: dict[str, int] = {}
        for name, key, value in node.pairs or ():
            if key is not value:
                count[name] = count.get(name, 0) + 1
                stack.append(((*path, name), value))
        out += [((*path, name), n) for name, n in count.items() if n > 1]
        stack += [((*path, i), child) for i, child in enumerate(node.children or ())]
    return out


def _worse(source: Source, before: str, after: str, server: Server) -> str:
    """Why the repaired text may not replace the old one; empty when it may."""
    old = read(replace(source, data=before.encode()))
    new = read(replace(source, data=after.encode()))
    if len(old.documents) != len(new.documents) or sum(d.rejects for d in new.diagnostics) > sum(
        d.rejects for d in old.diagnostics
    ):
        return "the repaired text would not read as the same objects: left as it is"
    for was, now in zip(old.documents, new.documents, strict=True):
        if was.body != now.body and (why := worse(was, now, server)):
            return why
    return ""
