"""One object as repairs see it: its values, its text, what the API server says of it, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Field, Type
from manifold.apiserver.server import Server
from manifold.fix.edits import Text
from manifold.fix.operations import Operation, applied
from manifold.lint.engine import Bundle
from manifold.model import Diagnostic, Document, Path


@dataclass(frozen=True, slots=True)
class Around:
    """What all subjects of a run share: the server that judges, the objects at hand, and the lint rules in force."""

    server: Server
    bundle: Bundle
    lint: Any = None
    """A function from a document to its lint diagnostics; None where only safe repairs are wanted."""


@dataclass
class Subject:
    """An object of a text. Paths are the object's; `prefix` leads to it within its YAML document."""

    document: Document
    text: Text
    prefix: Path
    around: Around
    duplicates: Sequence[tuple[Path, int]] = field(default_factory=list)
    """The fields that stand twice or more: path, and how often."""

    @property
    def body(self) -> dict[str, Any]:
        return self.document.body

    @cached_property
    def faults(self) -> Faults:
        """What a create of the object gets."""
        return self.around.server.create(self.body).faults

    @cached_property
    def findings(self) -> list[Diagnostic]:
        """What the lint rules in force say of the object."""
        return list(self.around.lint(self.document)) if self.around.lint is not None else []

    @property
    def found(self) -> set[tuple[str, str]]:
        """Rule and path of the findings."""
        return {(d.rule, d.path) for d in self.findings}

    def written(self, path: Path) -> str:
        """The scalar at a path as it is written, quotes included."""
        return self.text.written(self.prefix + path)

    def after(self, operations: Iterable[Operation]) -> Faults:
        """What a create would get with these operations done."""
        return self.around.server.create(applied(self.body, operations)).faults

    @cached_property
    def type(self) -> Type | None:
        """The type of the object's kind; None where it is not known."""
        kind = self.around.server.kind(self.document.api_version, self.document.kind)
        return kind.type if kind is not None else None

    def type_at(self, path: Path) -> Type | None:
        """The type of the value at a path, None where the schema does not tell."""
        here = self.type
        for part in path:
            if here is None:
                return None
            if here.shape in ("list", "map"):
                here = here.items
            else:
                found: Field | None = here.fields.get(str(part))
                here = found.type if found is not None else None
        return here


def walk(value: Any, path: Path = ()) -> Iterable[tuple[Path, Mapping[str, Any]]]:
    """All objects within a value, with their paths, outer ones first."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            if isinstance(inner, (dict, list)):
                yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            if isinstance(inner, (dict, list)):
                yield from walk(inner, (*path, i))
