"""One source to its objects, as kubectl would send them, and what stands in the way."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NoReturn

from manifold import assets
from manifold.model import Diagnostic, Document, ObjectId, Origin, Path, Severity, Skip, Source, Span, describe
from manifold.patterns import late
from manifold.read import deep, split
from manifold.read.recent import Recent

if TYPE_CHECKING:
    from manifold.read.exact import Node

# What YAMLOrJSONDecoder passes over before it turns to YAML: blanks up to the end of their line.
_BLANK_LINE = late(r"[^\S\n]*\n?")
_ENDED = late(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*\.\.\.(?:\s|\Z)")
_SURROGATE = late("[\ud800-\udfff]")


@dataclass(slots=True)
class Reading:
    """What a source holds: objects in order, what is wrong with the text, what was left out, how many pieces it had."""

    documents: list[Document]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    pieces: int = 0
    lists: list[Document] = field(default_factory=list)
    """The lists that were expanded."""


class _StopError(Exception):
    """kubectl reads no further."""


class _Reader:
    def __init__(self, source: Source, fast: bool, packed: bool, marks: list[bytes] | None) -> None:
        self.source = source
        self.fast = fast
        self.packed = packed
        self.marks = marks
        self.out = Reading([])
        self.invalid: list[int] = []
        """Lines with invalid UTF-8 after a byte order mark: kubectl replaces such bytes only where there is none."""

    def say(
        self, rule: str, message: str, span: Span, index: int, *, lint: bool = False, help: str = "", body: Any = None
    ) -> None:
        origin = Origin.LINT if lint else Origin.YAML
        about = ObjectId.of(body) if isinstance(body, dict) else ObjectId()
        self.out.diagnostics.append(
            Diagnostic(
                origin,
                rule,
                Severity.ERROR,
                message,
                file=self.source.name,
                span=span,
                document=index,
                object=about,
                help=help,
            )
        )

    def run(self) -> Reading:
        text, invalid = split.decode(self.source.data)
        self.invalid = invalid if self.source.data.startswith(codecs.BOM_UTF8) else []
        for line in invalid:
            self.say(
                "invalid-utf8",
                "bytes that are no UTF-8: kubectl sends U+FFFD in their place",
                Span(line, 1, line, 1),
                0,
                lint=True,
                help="save the file as UTF-8",
            )
        try:
            if text[:4096].lstrip().startswith("{"):
                self._json(text)
            else:
                self._yaml(text)
        except _StopError:
            pass
        return self.out

    # JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _json(self, text: str) -> None:
        """Read a stream of JSON objects.

        Where JSON ends before the text does, YAML goes on, as in YAMLOrJSONDecoder; but two objects one after the other
        make the whole a stream of JSON for good.
        """
        at = index = 0
        decoder = json.JSONDecoder(parse_constant=_refuse)
        while True:
            end = at
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
            if at >= len(text):
                return
            try:
                try:
                    body, end = decoder.raw_decode(text, at)
                except RecursionError:
                    body, end = deep.decode(text, at, decoder)
            except ValueError as error:
                if index > 1:
                    self._no_json(text, error, at, index)
                blank = _BLANK_LINE.match(text, end)
                at = blank.end() if blank else end
                self._yaml(text[at:], index, text.count("\n", 0, at))
                return
            self.out.pieces += 1
            self._object(_normal(body), index, Late(text[at:end], text.count("\n", 0, at)))
            at = end
            index += 1

    def _no_json(self, text: str, error: ValueError, at: int, index: int) -> NoReturn:
        at = error.pos if isinstance(error, json.JSONDecodeError) else at
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        self.say(
            "yaml/json",
            f"after two JSON objects kubectl reads nothing but JSON, and this is none: {what}",
            Span(line, column, line, column + 1),
            index,
        )
        raise _StopError

    # YAML ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _yaml(self, text: str, first: int = 0, line_before: int = 0) -> None:
        for line in self.invalid:
            if line > line_before:
                message = "bytes that are no UTF-8, after a byte order mark that promises it"
                self.say("yaml/encoding", message, Span(line, 1, line, 2), first, help="save the file as UTF-8")
                raise _StopError
        if not self.fast:
            self._pieces(text, first, line_before, None)
            return
        from manifold.read import fast

        clean = fast.clean(text)

        def parse(chunk: str) -> tuple[dict[str, Any], bytes] | None:
            return fast.value(chunk, clean)

        with fast.hushed():
            self._pieces(text, first, line_before, parse)

    def _pieces(
        self,
        text: str,
        first: int,
        line_before: int,
        parse: Callable[[str], tuple[dict[str, Any], bytes] | None] | None,
    ) -> None:
        plain = self.packed and not first and not line_before
        for index, piece in enumerate(split.pieces(text), first):
            if line_before:
                piece = piece._replace(line=piece.line + line_before)
            self.out.pieces += 1
            if piece.bad:
                line = piece.line + piece.text.count("\n") + 1
                self.say(
                    "yaml/separator",
                    f"`{piece.bad[:40]}` is no document separator: only a comment may follow `---`, and the document before it is lost as well",
                    Span(line, 1, line, len(piece.bad) + 1),
                    index,
                    help="put what follows on a line of its own",
                )
                raise _StopError
            chunk = piece.text.removeprefix("\ufeff")
            if piece.marked and _ENDED.match(chunk):
                chunk, piece = f"---\n{chunk}", piece._replace(line=piece.line - 1)  # an empty document, and its end
            if not chunk.strip(" \r\n"):
                continue
            # In a run over much the text is cut anew where a place is asked for, and not kept a second time.
            kept = (self.source, index) if plain and chunk is piece.text else chunk
            whole = chunk if chunk.endswith("\n") else chunk + "\n"
            if parse is not None:
                found = parse(whole)
                if found is not None:
                    self._object(found[0], index, Late(kept, piece.line), found[1])
                    continue
                from manifold.read import fast

                if fast.nothing(whole):
                    continue
            from manifold.read import exact

            try:
                parsed = exact.parse(whole)
            except exact.UnreadableError as error:
                line = error.line + piece.line
                self.say(
                    error.rule, error.message, Span(line, error.column, line, error.column + 1), index, help=error.help
                )
                raise _StopError from None
            more = len(parsed.duplicates) - MOST_DUPLICATES
            for nth, (name, mark) in enumerate(parsed.duplicates[:MOST_DUPLICATES], 1):
                line = mark.line + 1 + piece.line
                others = f" (and {more} more keys)" if more > 0 and nth == MOST_DUPLICATES else ""
                self.say(
                    "duplicate-key",
                    f"the key `{name}` stands here twice{others}; kubectl takes the last one and says nothing",
                    Span(line, mark.column + 1, line, mark.column + 1 + len(name)),
                    index,
                    lint=True,
                    help="remove one of them",
                    body=parsed.value,
                )
            if parsed.lost is not None:
                line = parsed.lost.line + 1 + piece.line
                self.say(
                    "lost-document",
                    "kubectl reads no further than `...`: what follows is lost without a word",
                    Span(line, 1, line, 2),
                    index,
                    lint=True,
                    help="begin the next document with `---`",
                )
            if parsed.value is None:
                continue
            root = None if self.packed else parsed.root
            self._object(parsed.value, index, Exact(kept, piece.line, root))

    # objects ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _keep(self, body: dict[str, Any], index: int, locate: Callable[[Path], Span], json: bytes | None) -> None:
        name, named = self.source.name, self.source.named
        if not self.packed:
            self.out.documents.append(Document(name, index, body, locate, named))
            return
        from manifold.read.packed import Packed, pack

        document = pack(name, index, body, locate, named, json)
        self.out.documents.append(document)
        if self.marks is not None and isinstance(document, Packed):
            self.marks.append(document.mark(body))

    def _object(self, body: Any, index: int, locate: Callable[[Path], Span], json: bytes | None = None) -> None:
        if body is None:
            return
        if not isinstance(body, dict):
            self.say("yaml/no-object", f"a manifest is an object, this is {describe(body)}", locate(()), index)
            raise _StopError
        if "items" in body:
            self._list(body, index, locate)
            return
        if self._headless(body, index, locate):
            if not body:
                raise _StopError
            return
        if not self.source.named and (why := local(body)):
            self.out.skipped.append(Skip(self.source.name, index, why))
            return
        self._metadata(body, index, locate)
        self._keep(body, index, locate, json)

    def _headless(self, body: dict[str, Any], index: int, locate: Callable[[Path], Span]) -> bool:
        """Whether `kind` or `apiVersion` is missing, said or skipped."""
        api_version, kind = body.get("apiVersion"), body.get("kind")
        missing = []
        if not isinstance(api_version, str) or not api_version.strip():
            missing.append("apiVersion")
        if not isinstance(kind, str) or not kind.strip():
            missing.append("kind")
        if not missing:
            return False
        if (not self.source.named and "apiVersion" not in body) or (not self.source.named and "kind" not in body):
            self.out.skipped.append(Skip(self.source.name, index, "not a manifest: no apiVersion and kind"))
            return True
        near = {k.lower(): k for k in body}
        name = missing[0]
        help = (
            f"`{near[name.lower()]}` is spelled {name}" if name.lower() in near and near[name.lower()] != name else ""
        )
        self.say(
            "yaml/no-kind",
            f"`{name}` is not set: kubectl cannot tell what this is",
            locate((name,)),
            index,
            help=help,
            body=body,
        )
        return True

    def _list(self, body: dict[str, Any], index: int, locate: Callable[[Path], Span]) -> None:
        if self._headless(body, index, locate):
            return
        items = body["items"]
        kind, api_version = str(body["kind"]), str(body["apiVersion"])
        plain = (api_version, kind) == ("v1", "List")
        self.out.lists.append(Document(self.source.name, index, body, locate, self.source.named))
        if items is None and not plain and (kind == "List" or not kind.endswith("List")):
            return
        if not isinstance(items, list):
            self.say(
                "yaml/list",
                f"`items` makes this a list to kubectl, and it is {describe(items)}",
                locate(("items",)),
                index,
                body=body,
            )
            return
        for i, item in enumerate(items):
            inner = partial(_below, locate, ("items", i))
            if not isinstance(item, dict):
                self.say(
                    "yaml/list",
                    f"an item of a list must be an object, this is {describe(item)}",
                    inner(()),
                    index,
                    body=body,
                )
                continue
            if not plain and not item.get("kind") and not item.get("apiVersion"):
                # Bare items get the list's kind (unstructuredJSONScheme.decodeToList).
                item = {**item, "apiVersion": api_version, "kind": kind.removesuffix("List")}
            if isinstance(item.get("items"), list):
                self.say(
                    "yaml/list", "a List inside of a List: kubectl does not go that deep", inner(()), index, body=item
                )
                continue
            if self._headless(item, index, inner):
                continue
            self._metadata(item, index, inner)
            self._keep(item, index, inner, None)

    def _metadata(self, body: dict[str, Any], index: int, locate: Callable[[Path], Span]) -> None:
        """kubectl itself refuses metadata of a wrong type."""
        meta = body.get("metadata")
        if meta is None:
            return
        if not isinstance(meta, dict):
            self.say(
                "yaml/metadata",
                f"`metadata` must be an object, not {describe(meta)}",
                locate(("metadata",)),
                index,
                body=body,
            )
            return
        for name in ("labels", "annotations"):
            entries = meta.get(name)
            if entries is None:
                continue
            if not isinstance(entries, dict):
                self.say(
                    "yaml/metadata",
                    f"`{name}` must be an object, not {describe(entries)}",
                    locate(("metadata", name)),
                    index,
                    body=body,
                )
                continue
            for key, value in entries.items():
                if value is not None and not isinstance(value, str):
                    self.say(
                        "yaml/metadata",
                        f"the value of `{key}` must be a text, not {describe(value)}",
                        locate(("metadata", name, key)),
                        index,
                        help=f'quote it: "{_quoted(value)}"',
                        body=body,
                    )


@cache
def _local_kinds() -> dict[tuple[str, str], str]:
    data = assets.table("rules", "local-kinds.yaml")
    return {(line["group"], line["kind"]): line["reason"] for line in data["kinds"]}


# Groups that Kubernetes serves, or that a look into the table is not worth for.
_SERVED = frozenset(
    ("apps/v1", "v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1", "policy/v1", "autoscaling/v2")
)


def local(body: dict[str, Any]) -> str:
    """Why a document is for a local tool and no API server, empty when it is not."""
    api_version, kind = body["apiVersion"], body["kind"]
    if api_version in _SERVED and kind != "Config":
        return ""
    table = _local_kinds()
    group = api_version.partition("/")[0] if "/" in api_version else ""
    return table.get((group, kind)) or (table.get((group, "*"), "") if group else "")


def _quoted(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _normal(value: Any) -> Any:
    """Numbers of a JSON text as they arrive at the server."""
    from manifold.read.scalars import as_json

    def leaf(value: Any) -> Any:
        if value.__class__ is str and not value.isascii():
            return _SURROGATE.sub("\ufffd", value)  # Go has no half of a pair
        return as_json(value) if value.__class__ in (int, float) else value

    if not isinstance(value, (dict, list)):
        return leaf(value)
    stack: list[Any] = [value]  # no recursion: a text may be nested ten times as deep as Python goes
    while stack:
        one = stack.pop()
        for key, inner in one.items() if one.__class__ is dict else enumerate(one):
            if inner.__class__ is dict or inner.__class__ is list:
                stack.append(inner)
            elif inner.__class__ is not bool and inner is not None:
                one[key] = leaf(inner)
    return value


def _below(locate: Callable[[Path], Span], prefix: Path, path: Path) -> Span:
    return locate(prefix + path)


Text = str | tuple[Source, int]
"""The text of a document, or where it is: its source, and its number in there."""


def _text(text: Text) -> str:
    if isinstance(text, str):
        return text
    source, number = text
    return _cut(source.data)[number].text


@lru_cache(maxsize=1)
def _cut(data: bytes) -> Sequence[split.Piece]:
    """The pieces of a source, kept while it is the one that is asked about: a file may have thousands."""
    return split.pieces(split.decode(data)[0])


class Exact:
    """The way from a path to its place in a text of the exact path, whose nodes are made again where they are needed."""

    __slots__ = ("_line", "_root", "_text")

    def __init__(self, text: Text, line: int, root: Any) -> None:
        self._text, self._line, self._root = text, line, root

    @property
    def root(self) -> Node | None:
        """The document's nodes; None where they were not kept."""
        found: Node | None = self._root
        return found

    def __call__(self, path: Path) -> Span:
        from manifold.read import exact

        if self._root is None:
            text = _text(self._text)
            found = _located(text, True, path, self._line)
            if found is not None:
                return found
            self._root = exact.parse(_ended(text)).root
        return exact.locate(self._root, path, self._line)


class Late:
    """The way from a path to its place in a clean text, gone only when a place is asked for."""

    __slots__ = ("_line", "_root", "_text")

    def __init__(self, text: Text, line: int) -> None:
        self._text, self._line = text, line
        self._root: Any = None

    @property
    def place(self) -> tuple[int, int] | None:
        """Where in its source the text is, and the lines before it; None where it keeps a text of its own."""
        return None if isinstance(self._text, str) else (self._text[1], self._line)

    def __call__(self, path: Path) -> Span:
        if self._root is None:
            text = _text(self._text)
            found = _located(text, False, path, self._line)
            if found is not None:
                return found
        from manifold.read import exact

        if self._root is None:
            self._root = exact.compose(_ended(text))
        return exact.locate_composed(self._root, path, self._line)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


_indexes: Recent[tuple[str, bool], Any] = Recent(1024 * 1024)
"""Indexes of places, for texts of so many characters together, so that each is made once while it is looked at."""


def _located(text: str, exact: bool, path: Path, line: int) -> Span | None:
    """A place by the index of its document; None where libyaml must be asked."""
    index = _indexes.of((text, exact), len(text), partial(_index, text, exact))
    return None if index is None else index.locate(path, line)


def _index(text: str, exact: bool) -> Any:
    from manifold.read import places

    return places.index(_ended(text), exact)


MOST_DUPLICATES = 100  # of one document: nobody mends more, and a hostile one has a million


def read(source: Source, *, fast: bool = True, packed: bool = False, marks: list[bytes] | None = None) -> Reading:
    """The objects of a source in order, Lists expanded; diagnostics of what kubectl cannot read, or loses.

    `fast`: clean text is read by the fast path, which is at hand sooner than libyaml and reads fifty times as fast.
    `packed`: documents that take little room, for runs over many; of these, `marks` is filled with digests of what others
    see of each.
    """
    return _Reader(source, fast, packed, marks).run()
