"""Which findings of a report `manifold fix` can mend: said in the report itself.

What a safe repair mends is told by its effect: the files with findings that may have one are repaired in memory and looked
at again, and what is gone is marked. What `--unsafe` would put in is put into the objects alone and not into their texts, for
there is much of it, and it must be quick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from manifold import api, assets
from manifold.baseline import stable
from manifold.fix.judge import judge, unreadable, worse
from manifold.fix.operations import Repair, applied
from manifold.fix.texts import read
from manifold.inputs import Request
from manifold.model import Diagnostic, Document, Fix, ObjectId, Origin, Report, Source, spell
from manifold.read import Reading
from manifold.run import linter
from manifold.sops import sealed

if TYPE_CHECKING:
    from manifold.fix import opinions
    from manifold.fix.engine import Done

MENDABLE = frozenset(
    (
        "api/unknown-field", "api/type", "api/not-supported", "api/no-such-kind", "api/deprecated", "api/invalid",
        "api/warning", "yaml/metadata", "duplicate-key", "service-account-field-old", "selector-mismatch",
        "service-account-field-twice", "service-selects-nothing", "extensions-group", "beta-version-replaced",
        "missing-protocol",
    )
)  # fmt: skip
"""Rules some of whose findings have a safe repair; only files with one of these are read again."""
MOST = 50
"""Files that are read again at most: a mark is worth some time, but not any."""

LARGEST = 256 * 1024
"""Of more bytes no file is read again: repairs are looked for with a cost that grows faster than the text."""

ROUNDS = 5  # an opinion may call for another, hardly ever a third

BESIDE = 500
"""Where a run has no more files than this, all are read again: what a selector means is told by the other objects."""


def marked(report: Report, request: Request) -> Report:
    """The report of a request with a fix on each diagnostic that has a repair."""
    marks, refused = _safe(report, request)
    marks |= {i: fix for i, fix in _opinions(report, request, refused) if i not in marks}
    if not marks:
        return report
    found = tuple(
        report.hide(replace(d, fix=marks[i])) if i in marks and d.fix is None else d
        for i, d in enumerate(report.diagnostics)
    )
    return replace(report, diagnostics=found)


def _sources(report: Report, names: Iterable[str]) -> list[Source]:
    texts = ((name, "\n".join(report.lines(name)).encode("utf-8", "surrogatepass")) for name in names)
    return [Source(name, text) for name, text in texts if len(text) <= LARGEST]


def _readable(report: Report, names: Iterable[str]) -> list[tuple[Source, Reading]]:
    """The sources that were read to their end: of others `fix` leaves all as it is."""
    readings = ((s, read(s)) for s in _sources(report, names))
    return [(s, reading) for s, reading in readings if not unreadable(reading.diagnostics)]


def _beside(report: Report, names: Collection[str]) -> list[Document]:
    """The objects of the other files, where there are not too many."""
    if len(report.files) > BESIDE:
        return []
    return [d for s in _sources(report, (n for n in report.files if n not in names)) for d in read(s).documents]


def _files(report: Report, rules: frozenset[str]) -> list[str]:
    """The first files with a finding of these rules."""
    return list(dict.fromkeys(d.file for d in report.diagnostics if d.file and d.rule in rules))[:MOST]


# ── safe repairs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _safe(report: Report, request: Request) -> tuple[dict[int, Fix], set[str]]:
    """The safe fixes of a report's diagnostics, by number; and the files that stay as they are, for repairs would be worse."""
    names = _files(report, MENDABLE)
    if not names:
        return {}, set()
    from manifold.fix.files import repaired

    sources = [s for s, _ in _readable(report, names)]
    beside = _beside(report, names)
    mended = repaired(sources, request, beside=beside)
    refused = {m.name for m in mended if m.refused}
    made = [m for m in mended if m.changed]
    if not made:
        return {}, refused
    changed = {m.name: m for m in made}
    whole = [s for s in sources if s.name not in changed]
    beside += [d for s in whole for d in read(s).documents]
    before = [read(Source(m.name, m.before)) for m in made]
    after = [read(Source(m.name, m.after)) for m in made]
    objects = _Objects(before)
    first = _said(before, beside, request, [objects])
    # A repair may make a text of a name, and of that of a container: then only the place tells them.
    then = _said(after, beside, request, [_Objects(after), objects])
    gone: dict[tuple[str, int, int, str], set[str]] = {}
    for key in first.keys() - then.keys():
        gone.setdefault(key[:4], set()).update(first[key])
    out = {}
    for i, d in enumerate(report.diagnostics):
        if d.path in gone.get((d.file, d.document, objects.number(d), d.rule), ()):
            out[i] = Fix(_description(d, changed[d.file].done), True)
    return out, refused


Known = tuple[str, int, int, str, str]
"""A diagnostic as it is known again in another text: file, document, which object of it, rule, path by names."""


class _Objects:
    """The objects of texts, each with its number in its document, for a repair may change its name."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._bodies: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self._numbers: dict[tuple[str, int, str], int] = {}
        for document in (d for r in readings for d in r.documents):
            there = self._bodies.setdefault((document.source, document.index), [])
            self._numbers.setdefault((document.source, document.index, ObjectId.of(document.body).name), len(there))
            there.append(document.body)

    def number(self, d: Diagnostic) -> int:
        """Which object of its document a diagnostic is of; -1 where it is of none."""
        return self._numbers.get((d.file, d.document, d.object.name), -1)

    def path(self, d: Diagnostic, number: int) -> str:
        """The path of a diagnostic by names, as the object of that number has them."""
        there = self._bodies.get((d.file, d.document), [])
        return stable(d.path, there[number] if 0 <= number < len(there) else None)


def _said(
    readings: Sequence[Reading], beside: Sequence[Document], request: Request, objects: Sequence[_Objects]
) -> dict[Known, set[str]]:
    """What is said of these texts, with the paths as they are written.

    The first of `objects` are theirs; by the names of each of them the paths are told.
    """
    documents = [d for r in readings for d in r.documents]
    asked = judge(request, [*documents, *beside])
    found = [d for r in readings for d in r.diagnostics]
    if request.validate:
        found += api.verdict(documents, asked)
    if request.lint:
        found = api.once(found, linter(request, [*documents, *beside], asked.version)(documents))
    out: dict[Known, set[str]] = {}
    for d in found:
        number = objects[0].number(d)
        for there in objects:
            out.setdefault((d.file, d.document, number, d.rule, there.path(d, number)), set()).add(d.path)
    return out


def _description(d: Diagnostic, done: Sequence[Done]) -> str:
    """What is said of the repair that mends a diagnostic: the one that is nearest to it."""

    def far(one: Done) -> tuple[bool, bool, bool, int, int]:
        related = d.path.startswith(one.path) or one.path.startswith(d.path)
        away = abs(one.line - d.line), abs(one.column - d.column)
        return one.object.name != d.object.name, not related, one.rule != d.rule, *away

    return min(done, key=far).description


# ── opinions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def opinionated() -> frozenset[str]:
    """The rules for which `fix --unsafe` puts something in."""
    chapters = assets.table("rules", "repairs.yaml").values()
    return frozenset(rule for chapter in chapters for line in chapter for rule in line["rules"])


def _opinions(report: Report, request: Request, refused: Collection[str]) -> Iterator[tuple[int, Fix]]:
    """What `fix --unsafe` would do, by the diagnostics' numbers; to files that are `refused` it does nothing."""
    names = _files(report, opinionated())
    if not names:
        return
    readings = [reading for s, reading in _readable(report, names) if s.name not in refused]
    documents = [d for reading in readings for d in reading.documents]
    wanted: dict[tuple[str, int, str], list[tuple[int, Diagnostic]]] = {}
    for i, d in enumerate(report.diagnostics):
        if d.origin is Origin.LINT:
            wanted.setdefault((d.file, d.document, d.object.name), []).append((i, d))
    asked = judge(request, documents)
    look = linter(request, [*documents, *_beside(report, names)], asked.version)
    for reading in readings:
        fixes: list[tuple[int, Fix]] = []
        for document in reading.documents:
            here = wanted.get((document.source, document.index, document.key().name), [])
            if sealed(document.body) or not any(d.rule in opinionated() for _, d in here):
                continue
            found = {(d.rule, d.path) for _, d in here}
            now, made, left = _put(document, found, look)
            if made and worse(document, now, asked):
                break  # the whole file stays
            gone = {(d.rule, d.path) for d in look([document])} - left if made else set()
            fixes += [(i, Fix(_nearest(d, made), False)) for i, d in here if (d.rule, d.path) in gone]
        else:
            yield from fixes


def _put(
    document: Document, found: set[opinions.Finding], look: Callable[[Sequence[Document]], list[Diagnostic]]
) -> tuple[Document, list[Repair], set[opinions.Finding]]:
    """An object with the opinions put in, round after round, beginning with what is found now; they; and what is found then."""
    from manifold.fix import opinions

    made: list[Repair] = []
    for _ in range(ROUNDS):
        repairs = [
            r for chapter in assets.table("rules", "repairs.yaml") for r in opinions.find(document, found, chapter)
        ]
        if not repairs:
            break
        for repair in repairs:
            document = document.with_body(applied(document.body, repair.operations))
        made += repairs
        found = {(d.rule, d.path) for d in look([document])}
    return document, made, found


def _nearest(d: Diagnostic, made: Sequence[Repair]) -> str:
    """What is said of the opinion that is for a finding, or else of the nearest to it."""
    return min(made, key=lambda r: (not d.path.startswith(spell(r.path)), r.rule != d.rule)).description
