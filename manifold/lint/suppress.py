"""Findings that somebody decided to live with: by a comment at the place, or by an annotation on the object.

`# manifold: ignore[rule, rule] reason` counts on the line of the finding; alone on a line, for the next line and all that is
indented below it (a container, a securityContext); the annotation `manifold-k8s.dev/ignore: "rule: reason; rule: reason"`
for the whole object. Rules may be named as peers name them, and all of a pack by its name. The annotations of kube-linter, kube-score (on Pod templates, too)
and polaris count for our rules that stand for their checks. What the server refuses cannot be waved away, nor can mandatory rules.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from manifold.k8s.pods import template
from manifold.lint.catalogue import Rule, aliases
from manifold.model import Diagnostic, Document, Origin, Severity, Span
from manifold.patterns import late

ANNOTATION = "manifold-k8s.dev/ignore"
_COMMENT = late(r"(?<!\S)#\s*manifold:\s*ignore\[([^\]]*)\]\s*(.*)")
_MEANT = late(r"(?<!\S)#\s*manifold\s*:?\s*ignore\b")
_PEERS = ("kube-linter", "kube-score", "polaris", "pluto")
_USE = "write `# manifold: ignore[RULE] reason`"
_KUBE_LINTER = "ignore-check.kube-linter.io/"
_KUBE_LINTER_ALL = "kube-linter.io/ignore-all"
_KUBE_SCORE = "kube-score/ignore"
_POLARIS_ALL = "polaris.fairwinds.com/exempt"
_POLARIS = late(r"polaris\.fairwinds\.com/(.+)-exempt")


@dataclass(slots=True)
class Comment:
    """One comment: the rules that it names, the lines that it speaks of, and which rules it waved away."""

    line: int
    column: int
    end: int
    rules: frozenset[str]
    reason: str
    first: int
    last: int
    used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Note:
    """One annotation: the rules that it waves away for a whole object, each with its reason, and which it did."""

    document: Document
    rules: Mapping[str, str]
    own: bool
    used: set[str] = field(default_factory=set)

    others: Sequence[Document] = ()
    """Further items of the same List, of the same kind and name."""

    def speaks_of(self, d: Diagnostic) -> bool:
        """Whether the diagnostic is of the annotated object, which may name no namespace where the diagnostic does."""
        key = self.document.key()
        if d.document != self.document.index or key.namespace not in ("", d.object.namespace):
            return False
        start = self.document.locate(()).line
        return all(not start < o.locate(()).line <= d.span.line for o in self.others) and (
            not self.others or d.span.line >= start
        )


READERS = frozenset(("duplicate-key", "lost-document", "invalid-utf8", "placeholder"))
"""What the reader finds, and is no rule of the catalogue."""


@dataclass
class Suppressions:
    """All that is waved away in a run; `known` are the rules that there are."""

    known: Mapping[str, Rule]
    lines: Callable[[str], list[str]]
    _comments: dict[str, list[Comment]] = field(default_factory=dict)
    _notes: list[Note] = field(default_factory=list)
    _misspelled: dict[str, list[Span]] = field(default_factory=dict)

    def comments(self, file: str) -> list[Comment]:
        """The comments of a file."""
        found = self._comments.get(file)
        if found is None:
            found = self._comments[file] = []
            lines = self.lines(file)
            texts: list[Span] | None = None
            for number, text in enumerate(lines, 1):
                if "manifold" not in text:
                    continue
                match = _COMMENT.search(text)
                meant = match or _MEANT.search(text)
                if meant is None:
                    continue
                if texts is None:
                    texts = list(_texts(lines))
                if any(_within(t, number, meant.start() + 1) for t in texts):
                    continue
                end = len(text.rstrip()) + 1
                if match is None:
                    self._misspelled.setdefault(file, []).append(Span(number, meant.start() + 1, number, end))
                    continue
                rules = frozenset(r.strip() for r in match.group(1).split(",") if r.strip())
                alone = not text[: match.start()].strip()
                first, last = _block(lines, number) if alone else (number, number)
                reason = match.group(2).strip()
                found.append(Comment(number, match.start() + 1, end, rules, reason, first, last))
        return found

    def _comment(self, d: Diagnostic) -> bool:
        """Whether a comment waves a diagnostic away, which is then noted on it."""
        if not d.span.line:
            return False
        for comment in self.comments(d.file):
            if comment.first <= d.span.line <= comment.last:
                if names := self._meant(comment.rules, d):
                    comment.used.update(names)
                    return True
        return False

    def _meant(self, names: Iterable[str], d: Diagnostic) -> list[str]:
        """Those of the names that stand for a diagnostic's rule: several may, and then all are of use."""
        return [n for n in names if n == d.rule or d.rule in self._aliases.get(n, ())]

    @cached_property
    def _aliases(self) -> dict[str, list[str]]:
        """What else rules may be called: as peers call them, and by their pack."""
        found = aliases(self.known)
        packs: dict[str, list[str]] = {}
        for rule in self.known.values():
            packs.setdefault(rule.pack, []).append(rule.id)
        return {**{pack: ids for pack, ids in packs.items() if pack not in self.known}, **found}

    def apply(self, found: Iterable[Diagnostic], documents: Iterable[Document]) -> tuple[list[Diagnostic], int]:
        """The diagnostics that remain, with one for each comment that was of no use; and how many were waved away."""
        ignored = self._annotated(documents)
        kept: list[Diagnostic] = []
        count = 0
        for d in found:
            if d.rejects or (d.rule in self.known and self.known[d.rule].mandatory):
                kept.append(d)
                continue
            notes = ignored.get((d.file, d.object.kind, d.object.name), ())
            if self._comment(d) or any(self._noted(note, d) for note in notes):
                count += 1
            else:
                kept.append(d)
        return kept, count

    def _noted(self, note: Note, d: Diagnostic) -> bool:
        """Whether an annotation waves a diagnostic away, which is then noted on it."""
        if not note.speaks_of(d):
            return False
        names = self._meant(note.rules, d)
        note.used.update(names)
        return bool(names)

    def unused(self, files: Iterable[str], ran: Callable[[str], bool] = lambda _: True) -> list[Diagnostic]:
        """A diagnostic for each suppression in these files that waves nothing away, gives no reason, or is none.

        `ran` says whether a rule was looked for at all: what was not cannot be of no use.
        """
        wanted = set(files)
        out = []
        for file in wanted:
            for c in self.comments(file):
                out += self._vain(file, Span(c.line, c.column, c.line, c.end), c.rules - c.used, ran)
                if c.used and not c.reason:
                    out.append(_unreasoned(file, Span(c.line, c.column, c.line, c.end), c.used, "after the bracket"))
            for span in self._misspelled.get(file, ()):
                out.append(_about(file, span, "unused-suppression", "this comment waves nothing away", _USE))
        for note in self._notes:
            if note.own and note.document.source in wanted:
                span = note.document.locate(("metadata", "annotations", ANNOTATION))
                out += self._vain(note.document.source, span, note.rules.keys() - note.used, ran)
                if bare := {name for name in note.used if not note.rules[name]}:
                    out.append(_unreasoned(note.document.source, span, bare, "as in `rule: reason; rule: reason`"))
        return out

    def _vain(self, file: str, span: Span, names: Iterable[str], ran: Callable[[str], bool]) -> list[Diagnostic]:
        """What is to be said of the rules that a suppression names in vain."""
        missing, vain = [], []
        for name in sorted(names):
            ours = self._aliases.get(name, [name])
            if not any(n in self.known or n.startswith(("api/", "yaml/")) or n in READERS for n in ours):
                missing.append(name)
            elif all(map(ran, ours)):
                vain.append(name)
        out = []
        if kept := [
            n for n in vain if any(o in self.known and self.known[o].mandatory for o in self._aliases.get(n, [n]))
        ]:
            vain = [n for n in vain if n not in kept]
            message = f"{', '.join(kept)} cannot be waved away: it is mandatory"
            out.append(_about(file, span, "unused-suppression", message, "mend what it finds, and remove this"))
        if missing:
            message = f"there is no rule {', '.join(missing)}"
            out.append(_about(file, span, "unused-suppression", message, "`manifold rules` lists the rules"))
        if vain:
            message = f"nothing here raises {', '.join(vain)}"
            out.append(_about(file, span, "unused-suppression", message, "remove it"))
        return out

    def _annotated(self, documents: Iterable[Document]) -> dict[tuple[str, str, str], list[Note]]:
        peers = self._aliases
        documents = list(documents)

        def namesakes(of: Document) -> list[Document]:
            same = of.source, of.index, of.kind, of.key().name
            return [d for d in documents if d is not of and (d.source, d.index, d.kind, d.key().name) == same]

        out: dict[tuple[str, str, str], list[Note]] = {}
        for document in documents:
            if not document.mentions("ignore") and not document.mentions("exempt"):
                continue
            meta = document.body.get("metadata")
            if not isinstance(meta, dict):
                continue
            pod = template(document.body)
            of_pod = _annotations(pod[0]) if pod is not None and pod[1] else {}
            for key, value in [
                *_annotations(document.body).items(),
                *((k, of_pod[k]) for k in of_pod if k == _KUBE_SCORE),
            ]:
                rules = _named(key, value if isinstance(value, str) else "", peers)
                if rules:
                    note = Note(document, rules, key == ANNOTATION, others=namesakes(document))
                    self._notes.append(note)
                    out.setdefault((document.source, document.kind, str(meta.get("name") or "")), []).append(note)
        return out


def _block(lines: list[str], number: int) -> tuple[int, int]:
    """The lines that a comment alone on line `number` speaks of: the next one and what is indented below it."""
    first = number
    while first < len(lines) and lines[first].strip()[:1] in ("", "#"):
        first += 1  # comments below comments speak of the same line, and an empty line has nothing to speak of
    if first >= len(lines):
        return number + 1, number + 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = first
    for i in range(first + 1, len(lines)):
        text = lines[i].strip()
        if text and not text.startswith("#"):
            if len(lines[i]) - len(lines[i].lstrip()) <= indent or text.startswith("---"):
                break
            last = i
    return first + 1, last + 1


def _texts(lines: list[str]) -> Iterator[Span]:
    """Where scalars are, in which a `#` begins no comment; of a text that is no YAML, those before it ceases to be any."""
    import yaml

    loader = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
    with contextlib.suppress(yaml.YAMLError):
        for token in yaml.scan("\n".join(lines), Loader=loader):
            if isinstance(token, yaml.ScalarToken):
                start, end = token.start_mark, token.end_mark
                # what stands behind the `|` of a block is a comment still
                line, column = (start.line + 2, 1) if token.style in ("|", ">") else (start.line + 1, start.column + 1)
                yield Span(line, column, end.line + 1, end.column + 1)


def _within(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _annotations(body: Any) -> dict[str, Any]:
    meta = body.get("metadata") if isinstance(body, dict) else None
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    return annotations if isinstance(annotations, dict) else {}


def _named(key: str, value: str, peers: Mapping[str, list[str]]) -> dict[str, str]:
    """The rules that an annotation waves away, with the reason that it gives for each."""
    if key == ANNOTATION:
        return _reasons(value)
    names: Iterable[str] = ()
    if key.startswith(_KUBE_LINTER):
        names = (f"kube-linter:{key.removeprefix(_KUBE_LINTER)}",)
    elif key == _KUBE_LINTER_ALL:
        names = (name for name in peers if name.startswith("kube-linter:"))
    elif key == _POLARIS_ALL and value == "true":
        names = (name for name in peers if name.startswith("polaris:"))
    elif key == _KUBE_SCORE:
        named = {name.strip() for name in value.split(",")}
        if "container-resources" in named:  # kube-score then leaves that out as well (v1.20.0 scorecard/scorecard.go)
            named.add("container-ephemeral-storage-request-and-limit")
        names = (f"kube-score:{name}" for name in named)
    elif (match := _POLARIS.fullmatch(key)) and value == "true":
        wanted = f"polaris:{match.group(1).replace('-', '').lower()}"
        names = (name for name in peers if name.lower() == wanted)
    return {rule: value for name in names for rule in peers.get(name, ())}


def _reasons(value: str) -> dict[str, str]:
    """`rule, rule: reason; rule: reason` in its parts; a rule may be named as a peer names it, with a colon."""
    out: dict[str, str] = {}
    for part in value.split(";"):
        head, _, reason = part.partition(":")
        if head.rpartition(",")[2].strip() in _PEERS:
            check, _, reason = reason.partition(":")
            head = f"{head}:{check}"
        out |= {name.strip(): reason.strip() for name in head.split(",") if name.strip()}
    return out


def _unreasoned(file: str, span: Span, names: Iterable[str], where: str) -> Diagnostic:
    message = f"{', '.join(sorted(names))} is waved away without a reason"
    return _about(file, span, "suppression-without-reason", message, f"say why, {where}")


def _about(file: str, span: Span, rule: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(Origin.LINT, rule, Severity.INFO, message, file=file, span=span, help=help)


def unused(file: str, what: str) -> Diagnostic:
    """What is said of settings that leave something out in vain."""
    return _about(
        file, Span(0, 0, 0, 0), "unused-suppression", f"nothing here raises {what}", "remove it from the settings"
    )
