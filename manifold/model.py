"""The nouns: frozen, complete at birth, without behaviour that needs a cluster, a disk or a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, NamedTuple

JSON = Any
"""A JSON value: dict with string keys, list, str, int, float, bool or None."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


INTERNAL_ERROR = "internal-error"
"""The rule that is named where a rule fails itself: the run is incomplete then."""


class Origin(StrEnum):
    """Who speaks: see the contract's table of a diagnostic."""

    YAML = "yaml"
    APISERVER = "apiserver"
    LINT = "lint"
    REFERENCE = "reference"


class MapKey(str):
    """A path element that is a key of a free map: the server writes it in brackets, `limits[cpu]`."""

    __slots__ = ()


KEY = MapKey("\0key")
"""As the last part of a path that is looked for in a text: the place of the key itself, not that of its value."""

Path = tuple[str | int, ...]
"""Where in an object: field names, list indexes, `MapKey`s. `("spec", "containers", 1, "image")`."""


def spell(path: Path) -> str:
    """The server's spelling of `path`: `spec.containers[1].resources.limits[cpu]`.

    Kubernetes' own `field.Path.String()`: children joined by dots, indexes and map keys in brackets.
    """
    out: list[str] = []
    for part in path:
        if isinstance(part, int) or type(part) is MapKey:
            out.append(f"[{part}]")
        elif out:
            out.append(f".{part}")
        else:
            out.append(part)
    return "".join(out)


class Span(NamedTuple):
    """A place in a text, 1-based; the end is exclusive in its column. All zero: no text."""

    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


NOWHERE = Span()


def _nowhere(_: Path) -> Span:
    return NOWHERE


class Key(NamedTuple):
    """The identity of an object in a cluster; it has no version, which may change while the object stays."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, api_version: str, kind: str, meta: Any, default_namespace: str = "") -> Key:
        """The key of an object with this `metadata`, as written; `default_namespace` where it names none."""
        meta = meta if isinstance(meta, dict) else {}
        group = api_version.rpartition("/")[0]
        return cls(group, kind, str(meta.get("namespace") or default_namespace), str(meta.get("name") or ""))


class Glance(NamedTuple):
    """What others ask of an object: whether it has a Pod spec, the labels of its Pods, the names of their ports.

    The labels are None where they are no object. Of a CustomResourceDefinition it is the group and the kind that it defines.
    """

    pod: bool
    labels: dict[str, Any] | None
    ports: tuple[str, ...] = ()
    defines: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One text: a file, stdin, or what the library was given (name empty)."""

    name: str
    data: bytes
    named: bool = True
    """Named on the command line (or given to the library), so it gets the full verdict, partial or not."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object as kubectl would send it, and the way back to its text.

    `index` is the number of the YAML document in its file, counted as kubectl's splitter cuts it, from 0.
    `locate(path)` gives the span of the key or scalar at `path`, or of its nearest present ancestor; with `KEY` as the
    last part that of the key, also where its value is a scalar.
    """

    source: str
    index: int
    body: dict[str, Any]
    locate: Callable[[Path], Span] = field(default=_nowhere, repr=False, compare=False)
    named: bool = True

    @property
    def api_version(self) -> str:
        value = self.body.get("apiVersion")
        return value if isinstance(value, str) else ""

    @property
    def kind(self) -> str:
        value = self.body.get("kind")
        return value if isinstance(value, str) else ""

    def key(self, default_namespace: str = "") -> Key:
        """Group, kind, namespace and name as written; `default_namespace` where it names none."""
        return Key.of(self.api_version, self.kind, self.body.get("metadata"), default_namespace)

    def with_body(self, body: dict[str, Any]) -> Document:
        """The same document with another value."""
        return Document(self.source, self.index, body, self.locate, self.named)

    def opened(self) -> Document:
        """The document with its value at hand, for several looks at it."""
        return self

    @property
    def glance(self) -> Glance | None:
        """What `others.glance` sees in it, noted when it was read; None where nothing was noted."""
        return None

    def mentions(self, word: str) -> bool:
        """Whether a word of plain ASCII may occur in the value; False only where it surely does not."""
        return True


class ObjectId(NamedTuple):
    """What a report says of the object that a diagnostic is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ObjectId:
        meta = body.get("metadata")
        meta = meta if isinstance(meta, Mapping) else {}

        def text(value: object) -> str:
            return value if isinstance(value, str) else ""

        return cls(*map(text, (body.get("apiVersion"), body.get("kind"), meta.get("namespace"), meta.get("name"))))

    def to_dict(self) -> dict[str, str]:
        return {"apiVersion": self.api_version, "kind": self.kind, "namespace": self.namespace, "name": self.name}


NO_OBJECT = ObjectId()


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair: `edits` replace spans of the text with new text. `safe` repairs change no meaning."""

    description: str
    safe: bool
    edits: tuple[tuple[Path, str, JSON], ...] = ()
    """(path, "set" | "delete" | "rename", value): applied to the text by `manifold.lint.fix`."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong, or worth saying, and where. The fields are the contract's."""

    origin: Origin
    rule: str
    severity: Severity
    message: str
    reason: str = ""
    path: str = ""
    file: str = ""
    span: Span = NOWHERE
    document: int = 0
    object: ObjectId = NO_OBJECT
    kubernetes: tuple[str, ...] = ()
    help: str = ""
    fix: Fix | None = None
    fingerprint: str = ""

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column

    @property
    def end_line(self) -> int:
        return self.span.end_line

    @property
    def end_column(self) -> int:
        return self.span.end_column

    @property
    def rejects(self) -> bool:
        """True when kubectl or the API server would refuse because of this."""
        return self.severity is Severity.ERROR and self.origin in (Origin.YAML, Origin.APISERVER)

    def fingerprinted(self, fingerprint: str) -> Diagnostic:
        """The same with its fingerprint. Written out: `replace` takes twice as long, and a run may find a hundred thousand."""
        return Diagnostic(
            self.origin, self.rule, self.severity, self.message, self.reason, self.path, self.file, self.span,
            self.document, self.object, self.kubernetes, self.help, self.fix, fingerprint,
        )  # fmt: skip

    def as_note(self, rule: str, message: str, help: str) -> Diagnostic:
        """A note in the place of this, which is not blamed: at the same place of the same object."""
        return replace(
            self,
            origin=Origin.LINT,
            rule=rule,
            severity=Severity.INFO,
            reason="",
            message=message,
            help=help,
            fix=None,
        )


@dataclass(frozen=True, slots=True)
class Kustomization:
    """What a kustomization lists, all by real path, and the (kind, name) of what it generates."""

    folder: str
    members: tuple[str, ...] = ()
    generated: tuple[tuple[str, str], ...] = ()
    changes: bool = False
    """It patches or relabels what it lists, so that the files alone do not tell what is applied."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was not looked at, and why: nothing is skipped without one."""

    file: str
    document: int
    why: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a report."""

    files: int = 0
    documents: int = 0
    objects: int = 0
    errors: int = 0
    warnings: int = 0
    infos: int = 0
    skipped: int = 0
    suppressed: int = 0


def _no_text(_: str) -> list[str]:
    return []


class Page(NamedTuple):
    """What is known of a rule, for formats that carry it along."""

    summary: str = ""
    why: str = ""
    fix: str = ""


def _no_page(_: str) -> Page:
    return Page()


def _as_it_is(found: Diagnostic) -> Diagnostic:
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found, complete and in order: by file, position and rule."""

    diagnostics: tuple[Diagnostic, ...]
    skipped: tuple[Skip, ...]
    summary: Summary
    kubernetes: tuple[str, ...]
    manifold: str
    lines: Callable[[str], list[str]] = field(default=_no_text, repr=False, compare=False)
    """The lines of a file as they are, to look for repairs in; empty where there is no text."""
    quoted: Callable[[str], list[str]] = field(default=_no_text, repr=False, compare=False)
    """The lines of a file for formats that quote them: without the values of Secrets."""
    hide: Callable[[Diagnostic], Diagnostic] = field(default=_as_it_is, repr=False, compare=False)
    """A diagnostic without the values of Secrets, for what is added to one later."""
    about: Callable[[str], Page] = field(default=_no_page, repr=False, compare=False)
    """What is known of a rule by its id."""
    files: tuple[str, ...] = ()
    """The names of all texts that were read."""
    notes: tuple[str, ...] = ()
    """What limits the answer: a version that gets schema checks only, CEL rules that could not be evaluated."""


class Change(NamedTuple):
    """One difference; `before` or `after` is None where the field came or went."""

    path: str
    before: Any
    after: Any
    parts: tuple[str | int, ...] = ()
    """The path by positions in the new object (in the old one for what went): to find the line."""


Verb = Literal["create", "update", "unchanged", "replace", "refused", "conflict", "gone"]
"""What an apply does to an object; `gone` is live and no longer among the manifests."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One object: what happens to it, its changes, and what is worth knowing of them."""

    key: Key
    verb: Verb
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    theirs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Manager -> the fields that it set and that the manifest says nothing of: an apply leaves them alone."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "key": self.key._asdict(),
            "verb": self.verb,
            "changes": [{"path": c.path, "before": c.before, "after": c.after} for c in self.changes],
            "notes": list(self.notes),
            "theirs": {manager: list(paths) for manager, paths in self.theirs.items()},
            "diagnostics": [
                {"path": d.path, "message": d.message, "severity": d.severity.value} for d in self.diagnostics
            ],
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One object's turn."""

    verb: Verb
    key: Key
    because: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    """What it does, a line each: values before and after, how Pods are replaced."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "verb": self.verb,
            "key": self.key._asdict(),
            "because": list(self.because),
            "waits": list(self.waits),
            "risks": list(self.risks),
            "changes": list(self.changes),
            "summary": list(self.summary),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The waves, what is pruned after them, and what stands in the way."""

    waves: tuple[tuple[Step, ...], ...]
    unchanged: tuple[Step, ...] = ()
    pruned: tuple[Key, ...] = ()
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What `plan -o json` prints."""
        steps = [s for wave in self.waves for s in wave]
        verbs = sorted({s.verb for s in steps})
        return {
            "version": 1,
            "summary": {
                "waves": len(self.waves),
                **{v: sum(1 for s in steps if s.verb == v) for v in verbs},
                "unchanged": len(self.unchanged),
                "prune": len(self.pruned),
            },
            "waves": [[s.to_dict() for s in wave] for wave in self.waves],
            "unchanged": [s.to_dict() for s in self.unchanged],
            "pruned": [k._asdict() for k in self.pruned],
            "problems": list(self.problems),
        }


def describe(value: Any) -> str:
    """What a JSON value is called in a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return "a list" if isinstance(value, list) else "an object"
