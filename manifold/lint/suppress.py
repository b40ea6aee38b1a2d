"""Findings that somebody decided to live with: by a comment at the place, or by an annotation on the object.

`# manifold: ignore[rule, rule] reason` counts on the line of the finding; alone on a line, for the next line and all that is
indented below it (a container, a securityContext); the annotation `manifold-k8s.dev/ignore: "rule: reason; rule: reason"`
for the whole object. Rules may be named as peers name them. The annotations of kube-linter, kube-score and polaris count
for our rules that stand for their checks. What the server refuses cannot be waved away, nor can mandatory rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from manifold.lint.catalogue import Rule, aliases
from manifold.model import Diagnostic, Document, Origin, Severity, Span

ANNOTATION = "manifold-k8s.dev/ignore"
_COMMENT = re.compile(r"#\s*manifold:\s*ignore\[([^\]]*)\]\s*(.*)")
_KUBE_LINTER = "ignore-check.kube-linter.io/"
_KUBE_LINTER_ALL = "kube-linter.io/ignore-all"
_KUBE_SCORE = "kube-score/ignore"
_POLARIS_ALL = "polaris.fairwinds.com/exempt"
_POLARIS = re.compile(r"polaris\.fairwinds\.com/(.+)-exempt")


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
    """One annotation: the rules that it waves away for a whole object, and which it did."""

    document: Document
    rules: frozenset[str]
    own: bool
    used: set[str] = field(default_factory=set)


READERS = frozenset(("duplicate-key", "lost-document", "invalid-utf8", "placeholder"))
"""What the reader finds, and is no rule of the catalogue."""


@dataclass
class Suppressions:
    """All that is waved away in a run; `known` are the rules that there are."""

    known: Mapping[str, Rule]
    lines: Callable[[str], list[str]]
    _comments: dict[str, list[Comment]] = field(default_factory=dict)
    _notes: list[Note] = field(default_factory=list)

    def comments(self, file: str) -> list[Comment]:
        """The comments of a file."""
        found = self._comments.get(file)
        if found is None:
            found = self._comments[file] = []
            lines = self.lines(file)
            for number, text in enumerate(lines, 1):
                if "manifold:" not in text:
                    continue
                match = _COMMENT.search(text)
                if match:
                    rules = frozenset(r.strip() for r in match.group(1).split(",") if r.strip())
                    alone = not text[: match.start()].strip()
                    first, last = _block(lines, number) if alone else (number, number)
                    end = len(text.rstrip()) + 1
                    reason = match.group(2).strip()
                    found.append(Comment(number, match.start() + 1, end, rules, reason, first, last))
        return found

    def _comment(self, d: Diagnostic) -> bool:
        """Whether a comment waves a diagnostic away, which is then noted on it."""
        if not d.span.line:
            return False
        for comment in self.comments(d.file):
            if comment.first <= d.span.line <= comment.last:
                for name in comment.rules:
                    if name == d.rule or d.rule in self._aliases.get(name, ()):
                        comment.used.add(name)
                        return True
        return False

    @cached_property
    def _aliases(self) -> dict[str, list[str]]:
        return aliases(self.known)

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
            if self._comment(d):
                count += 1
            elif hit := next((n for n in notes if d.rule in n.rules), None):
                hit.used.add(d.rule)
                count += 1
            else:
                kept.append(d)
        return kept, count

    def unused(self, files: Iterable[str], ran: Callable[[str], bool] = lambda _: True) -> list[Diagnostic]:
        """A diagnostic for each suppression in these files that waves nothing away, or gives no reason.

        `ran` says whether a rule was looked for at all: what was not cannot be of no use.
        """
        wanted = set(files)
        out = []
        for file in wanted:
            for c in self.comments(file):
                out += self._vain(file, Span(c.line, c.column, c.line, c.end), c.rules - c.used, ran)
                if c.used and not c.reason:
                    names = ", ".join(sorted(c.used))
                    span = Span(c.line, c.column, c.line, c.end)
                    message = f"{names} is waved away without a reason"
                    out.append(_about(file, span, "suppression-without-reason", message, "say why, after the bracket"))
        for note in self._notes:
            if note.own and note.document.source in wanted:
                span = note.document.locate(("metadata", "annotations", ANNOTATION))
                out += self._vain(note.document.source, span, note.rules - note.used, ran)
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
        out: dict[tuple[str, str, str], list[Note]] = {}
        for document in documents:
            if not document.mentions("ignore") and not document.mentions("exempt"):
                continue
            meta = document.body.get("metadata")
            annotations: Any = meta.get("annotations") if isinstance(meta, dict) else None
            if not isinstance(annotations, dict) or not isinstance(meta, dict):
                continue
            for key, value in annotations.items():
                rules = _named(key, value if isinstance(value, str) else "", peers)
                if rules:
                    note = Note(document, frozenset(rules), key == ANNOTATION)
                    self._notes.append(note)
                    out.setdefault((document.source, document.kind, str(meta.get("name") or "")), []).append(note)
        return out


def _block(lines: list[str], number: int) -> tuple[int, int]:
    """The lines that a comment alone on line `number` speaks of: the next one and what is indented below it."""
    first = number
    while first < len(lines) and lines[first].lstrip().startswith("#"):
        first += 1  # comments below comments speak of the same line
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


def _named(key: str, value: str, peers: Mapping[str, list[str]]) -> set[str]:
    """The rules that an annotation waves away."""
    if key == ANNOTATION:
        return {part.partition(":")[0].strip() for part in value.replace(",", ";").split(";") if part.strip()}
    if key.startswith(_KUBE_LINTER):
        return set(peers.get(f"kube-linter:{key.removeprefix(_KUBE_LINTER)}", ()))
    for whole, peer in ((_KUBE_LINTER_ALL, "kube-linter:"), (_POLARIS_ALL, "polaris:")):
        if key == whole and (value == "true" or whole == _KUBE_LINTER_ALL):
            return {rule for name, rules in peers.items() if name.startswith(peer) for rule in rules}
    if key == _KUBE_SCORE:
        return {rule for name in value.split(",") for rule in peers.get(f"kube-score:{name.strip()}", ())}
    match = _POLARIS.fullmatch(key)
    if match and value == "true":
        wanted = match.group(1).replace("-", "").lower()
        return {
            rule
            for peer, rules in peers.items()
            if peer.startswith("polaris:") and peer[8:].lower() == wanted
            for rule in rules
        }
    return set()


def _about(file: str, span: Span, rule: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(Origin.LINT, rule, Severity.INFO, message, file=file, span=span, help=help)


def unused(file: str, what: str) -> Diagnostic:
    """What is said of settings that leave something out in vain."""
    return _about(
        file, Span(0, 0, 0, 0), "unused-suppression", f"nothing here raises {what}", "remove it from the settings"
    )
