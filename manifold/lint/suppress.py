"""Findings that somebody decided to live with: by a comment at the place, or by an annotation on the object.

`# manifold: ignore[rule, rule] reason` counts on the line of the finding, or alone on the line above it; the annotation
`manifold-k8s.dev/ignore: "rule: reason; rule: reason"` for the whole object. The annotations of kube-linter, kube-score and
polaris count for our rules that stand for their checks. What the server refuses cannot be waved away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from manifold.lint.catalogue import Rule, aliases
from manifold.model import Diagnostic, Document, Origin, Severity, Span

ANNOTATION = "manifold-k8s.dev/ignore"
_COMMENT = re.compile(r"#\s*manifold:\s*ignore\[([^\]]*)\]\s*(.*)")
_KUBE_LINTER = "ignore-check.kube-linter.io/"
_KUBE_SCORE = "kube-score/ignore"
_POLARIS = re.compile(r"polaris\.fairwinds\.com/(.+)-exempt")


@dataclass(slots=True)
class Comment:
    """One comment: the rules that it names, whether it stands alone, and whether it was of use."""

    line: int
    column: int
    end: int
    rules: frozenset[str]
    reason: str
    alone: bool
    used: bool = False


@dataclass(slots=True)
class Suppressions:
    """All that is waved away in a run; `known` are the rules that there are."""

    known: Mapping[str, Rule]
    lines: Callable[[str], list[str]]
    _comments: dict[str, dict[int, Comment]] = field(default_factory=dict)

    def comments(self, file: str) -> dict[int, Comment]:
        """The comments of a file, by the line that they speak of."""
        found = self._comments.get(file)
        if found is None:
            found = self._comments[file] = {}
            for number, text in enumerate(self.lines(file), 1):
                if "manifold:" not in text:
                    continue
                match = _COMMENT.search(text)
                if match:
                    rules = frozenset(r.strip() for r in match.group(1).split(",") if r.strip())
                    alone = not text[: match.start()].strip()
                    found[number + alone] = Comment(
                        number, match.start() + 1, len(text) + 1, rules, match.group(2).strip(), alone
                    )
        return found

    def apply(self, found: Iterable[Diagnostic], documents: Iterable[Document]) -> tuple[list[Diagnostic], int]:
        """The diagnostics that remain, with one for each comment that was of no use; and how many were waved away."""
        ignored = self._annotated(documents)
        kept: list[Diagnostic] = []
        count = 0
        for d in found:
            if d.rejects or (d.rule in self.known and self.known[d.rule].mandatory):
                kept.append(d)
                continue
            comment = self.comments(d.file).get(d.span.line) if d.span.line else None
            if comment is not None and d.rule in comment.rules:
                comment.used = True
                count += 1
            elif d.rule in ignored.get((d.file, d.object.kind, d.object.name), ()):
                count += 1
            else:
                kept.append(d)
        return kept, count

    def unused(self, files: Iterable[str]) -> list[Diagnostic]:
        """A diagnostic for each comment of these files that waved nothing away, or gives no reason."""
        out = []
        for file in files:
            for comment in self.comments(file).values():
                names = ", ".join(sorted(comment.rules))
                if not comment.used:
                    out.append(
                        _about(
                            file, comment, "unused-suppression", f"nothing here raises {names}", "remove the comment"
                        )
                    )
                elif not comment.reason:
                    out.append(
                        _about(
                            file,
                            comment,
                            "suppression-without-reason",
                            f"{names} is waved away without a reason",
                            "say why, after the bracket",
                        )
                    )
        return out

    def _annotated(self, documents: Iterable[Document]) -> dict[tuple[str, str, str], set[str]]:
        peers = aliases(self.known)
        out: dict[tuple[str, str, str], set[str]] = {}
        for document in documents:
            meta = document.body.get("metadata")
            annotations: Any = meta.get("annotations") if isinstance(meta, dict) else None
            if not isinstance(annotations, dict):
                continue
            rules: set[str] = set()
            for key, value in annotations.items():
                rules |= _named(key, value if isinstance(value, str) else "", peers)
            if rules and isinstance(meta, dict):
                out[document.source, document.kind, str(meta.get("name") or "")] = rules
        return out


def _named(key: str, value: str, peers: Mapping[str, list[str]]) -> set[str]:
    """The rules that an annotation waves away."""
    if key == ANNOTATION:
        return {part.partition(":")[0].strip() for part in value.replace(",", ";").split(";") if part.strip()}
    if key.startswith(_KUBE_LINTER):
        return set(peers.get(f"kube-linter:{key.removeprefix(_KUBE_LINTER)}", ()))
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


def _about(file: str, comment: Comment, rule: str, message: str, help: str) -> Diagnostic:
    span = Span(comment.line, comment.column, comment.line, comment.end)
    return Diagnostic(Origin.LINT, rule, Severity.INFO, message, file=file, span=span, help=help)
