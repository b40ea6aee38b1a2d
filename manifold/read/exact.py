"""The exact path: libyaml's events become values by go-yaml's rules, and positions.

libyaml is the parser that go-yaml was ported from, so both accept the same texts, but for a few that are refused here.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from manifold.model import KEY, NOWHERE, Path, Span
from manifold.read import scalars

# libyaml's parser; the pure Python one, six times as slow, where PyYAML was built without it.
Parser = getattr(yaml.cyaml, "CParser", yaml.SafeLoader) if yaml.__with_libyaml__ else yaml.SafeLoader
DEEPEST = 10_000  # go-yaml's and encoding/json's limit of nesting
# libyaml stops at 1,000 levels. Up to this size PyYAML's own parser, sixty times as slow, goes on where it stopped.
LARGEST_DEEP = 256 * 1024
# go-yaml refuses a document that is mostly aliases (yaml/v2 decode.go: allowedAliasRatio).
ALIAS_FREE, ALIAS_LARGE = 400_000, 4_000_000
MOST_VALUES = 3_000_000  # each takes some 700 bytes; the server takes requests of 3 MiB
MERGE = "tag:yaml.org,2002:merge"
MOST_QUOTES = 1_000
_TAG = "tag:yaml.org,2002:"
_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")  # an escaped slash: libyaml takes it, go-yaml does not
# go-yaml's parseTimestamp (yaml/v2 resolve.go), by its shape
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)


class UnreadableError(Exception):
    """The text is refused; `line` and `column` are 1-based within the piece."""

    def __init__(self, message: str, line: int, column: int, rule: str = "yaml/syntax", help: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.rule, self.help = message, line, column, rule, help


@dataclass(slots=True)
class Node:
    """A value with its place; `pairs` of a map keep duplicates, `children` are a list's items."""

    start: Any
    end: Any
    value: Any = None
    pairs: list[tuple[str, Node, Node]] | None = None
    children: list[Node] | None = None
    size: int = 1
    alias: bool = False


@dataclass(slots=True)
class Parsed:
    """One document: its value, its nodes, the keys that occur twice, and whether text follows that nobody reads."""

    value: Any
    root: Node | None
    duplicates: list[tuple[str, Any]] = field(default_factory=list)
    lost: Any = None


def _fail(message: str, mark: Any, rule: str = "yaml/syntax", help: str = "") -> UnreadableError:
    return UnreadableError(message, mark.line + 1, mark.column + 1, rule, help)


def parse(text: str) -> Parsed:
    """The first document of `text`, as kubectl reads it.

    Raises UnreadableError where kubectl gives up.
    """
    _characters(text)
    for _ in range(MOST_QUOTES):
        try:
            return _parse(text)
        except UnreadableError as error:
            # What go-yaml's scanner learnt since it was ported: an escaped single quote. Places after it on its line
            # are off by one.
            if "unknown escape character" not in error.message:
                raise
            at = _offset(text, error.line, error.column)
            if text[at : at + 2] != "\\'":
                raise
            text = f"{text[:at]}{text[at + 1 :]}"
    raise UnreadableError("too many escaped single quotes", 1, 1)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def _parse(text: str, parser_class: Any = Parser) -> Parsed:
    parser = parser_class(text)
    try:
        return _Builder(parser, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(p for p in (error.context, error.problem) if p)
        if mark is None:
            raise UnreadableError(words, 1, 1) from error
        if "maximum nesting depth" in words:  # libyaml's own bound, a tenth of go-yaml's
            if len(text) <= LARGEST_DEEP:
                return _parse(text, _Deep)
            raise _fail("nested more than 1,000 levels deep, which is not read here", mark, "yaml/depth") from error
        raise _fail(words, mark) from error
    except yaml.reader.ReaderError as error:
        raise UnreadableError(f"a character is not allowed: {error.reason}", 1, 1, "yaml/character") from error
    finally:
        dispose = getattr(parser, "dispose", None)
        if dispose is not None:
            dispose()


class _Deep(yaml.SafeLoader):
    """PyYAML's own parser for deep nesting: its cost at each token must not grow with the depth.

    What may still turn out to be a key is ordered by its level, and so by its age: only the oldest needs a look.
    """

    def stale_possible_simple_keys(self) -> None:
        waiting = self.possible_simple_keys
        while waiting:
            level, key = next(iter(waiting.items()))
            if key.line == self.line and self.index - key.index <= 1024:
                return
            if key.required:
                raise yaml.scanner.ScannerError("while scanning a simple key", key.mark, "could not find expected ':'")
            del waiting[level]

    def next_possible_simple_key(self) -> int | None:
        for key in self.possible_simple_keys.values():
            return int(key.token_number)
        return None


def _characters(text: str) -> None:
    """go-yaml refuses control characters wherever they stand, also in comments."""
    if text.isascii() and text.isprintable():
        return
    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udfff]", text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        raise UnreadableError(
            f"the control character U+{ord(bad.group()):04X} is not allowed in YAML",
            line,
            column,
            "yaml/character",
            "remove it, or escape it in double quotes",
        )


class _Builder:
    """Builds values and nodes out of events without recursion, so that depth is bounded by a rule and not by a crash."""

    def __init__(self, parser: Any, text: str) -> None:
        self.text = text
        self.slashes = "\\/" in text
        self.next = parser.get_event
        self.peek = parser.peek_event
        self.anchors: dict[str, Node] = {}
        self.open: set[str] = set()
        self.duplicates: list[tuple[str, Any]] = []
        self.aliased = 0
        self.total = 0

    def document(self) -> Parsed:
        self.next()  # stream start
        event = self.next()
        if isinstance(event, yaml.StreamEndEvent):
            return Parsed(None, None)
        if event.version is not None and event.version != (1, 1):
            raise _fail(
                f"the directive %YAML {event.version[0]}.{event.version[1]} is not supported: kubectl reads YAML 1.1",
                event.start_mark,
                "yaml/directive",
            )
        root = self._node()
        self.next()  # document end
        lost = None
        try:
            following = self.peek()
            if not isinstance(following, yaml.StreamEndEvent):
                lost = following.start_mark
        except yaml.YAMLError as error:
            lost = getattr(error, "problem_mark", None)
        return Parsed(root.value, root, self.duplicates, lost)

    def _node(self) -> Node:
        # stack of (node, anchor, pending key)
        stack: list[list[Any]] = []
        next_event, scalar, put = self.next, self._scalar, self._put
        while True:
            event = next_event()
            self.total += 1
            if self.total > MOST_VALUES:
                message = f"a document of more than {MOST_VALUES:,} values, which is not read here"
                raise _fail(message, event.start_mark, "yaml/too-large", "split it into documents of fewer objects")
            kind = event.__class__  # events are of these classes themselves, and most are scalars
            if kind is ScalarEvent:
                done = scalar(event)
                if event.anchor:
                    self.anchors[event.anchor] = done
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(stack) >= DEEPEST:
                    raise _fail(f"nested more than {DEEPEST} levels deep", event.start_mark, "yaml/depth")
                if kind is MappingStartEvent:
                    node = Node(event.start_mark, event.end_mark, {}, [])
                else:
                    node = Node(event.start_mark, event.end_mark, [], None, [])
                if event.anchor:
                    self.anchors[event.anchor] = node
                    self.open.add(event.anchor)
                stack.append([node, event.anchor, None])
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                done, anchor, _ = stack.pop()
                done.end = event.end_mark
                if anchor:
                    self.open.discard(anchor)
            elif kind is AliasEvent:
                done = self._alias(event)
            elif kind is DocumentEndEvent:
                raise _fail("the document ends in the middle", event.start_mark)
            else:
                raise _fail("unexpected content", event.start_mark)
            if not stack:
                return done
            frame = stack[-1]
            parent: Node = frame[0]
            parent.size += done.size
            if parent.children is not None:
                parent.children.append(done)
                value = done.value
                parent.value.append(value if value.__class__ is str else _value(done))
            elif frame[2] is None:
                frame[2] = done
            else:
                key, frame[2] = frame[2], None
                put(parent, key, done)

    def _alias(self, event: Any) -> Node:
        name = event.anchor
        found = self.anchors.get(name)
        if found is None:
            raise _fail(f"the alias *{name} refers to an anchor that is not there", event.start_mark, "yaml/alias")
        if name in self.open:
            raise _fail(f"the anchor &{name} contains itself", event.start_mark, "yaml/alias")
        self.aliased += found.size
        self.total += found.size
        if self.aliased > 100 and self.total > 1000 and self.aliased / self.total > _ratio(self.total):
            raise _fail("the document consists mostly of aliases (an alias bomb)", event.start_mark, "yaml/alias")
        return Node(event.start_mark, event.end_mark, found.value, found.pairs, found.children, found.size, True)

    def _scalar(self, event: Any) -> Node:
        text = event.value
        tag = event.tag
        style = event.style
        if self.slashes and style == '"' and _SLASH.search(self.text, event.start_mark.index, event.end_mark.index):
            raise _fail("the escape `\\/` is JSON's, and no YAML 1.1", event.start_mark, help="write / alone")
        value: Any = text
        if not tag:
            if not style:
                value = _MERGE_KEY if text == "<<" else scalars.plain(text) if event.implicit[0] else text
        elif tag != "!":
            value = _MERGE_KEY if tag == MERGE and text == "<<" else _tagged(tag, text, event)
        return Node(event.start_mark, event.end_mark, value)

    def _put(self, parent: Node, key: Node, value: Node) -> None:
        name = key.value
        if name.__class__ is not str:
            if name is _MERGE_KEY:
                self._merge(parent, value)
                return
            name = self._key(key)
        assert parent.pairs is not None
        if name in parent.value:
            self.duplicates.append((name, key.start))
        parent.pairs.append((name, key, value))
        inner = value.value
        parent.value[name] = inner if inner.__class__ is str else _value(value)

    def _key(self, key: Node) -> str:
        """What is no text as a key."""
        container = key.pairs is not None or key.children is not None
        name = None if container else scalars.key(key.value)
        if name is None:
            what = "null" if key.value is None else "a list or a map" if container else "this number"
            raise _fail(f"{what} cannot be a key: keys are texts", key.start, "yaml/key", "quote the key")
        return name

    def _merge(self, parent: Node, value: Node) -> None:
        sources = [value] if value.pairs is not None else None if value.alias else value.children
        if sources is None or any(s.pairs is None for s in sources):
            raise _fail("a merge key takes a map, or a list of maps", value.start, "yaml/merge")
        assert parent.pairs is not None
        for source in reversed(sources):  # in a list the earlier wins
            for name, key, inner in source.pairs or ():
                parent.pairs.append((name, inner, inner))  # the place of a merged key is that of its value
                parent.value[name] = _value(inner)
                del key


def _ratio(total: int) -> float:
    if total <= ALIAS_FREE:
        return 0.99
    if total >= ALIAS_LARGE:
        return 0.10
    return 0.99 - 0.89 * (total - ALIAS_FREE) / (ALIAS_LARGE - ALIAS_FREE)


class _MergeKey:
    pass


_MERGE_KEY = _MergeKey()


def _value(node: Node) -> Any:
    value = node.value
    if value.__class__ is float:
        if math.isnan(value) or math.isinf(value):
            raise _fail("JSON has no infinity and no NaN", node.start, "yaml/number", "quote it")
        return scalars.as_json(value)
    if value.__class__ is int:
        return scalars.as_json(value)
    if value is _MERGE_KEY:
        return "<<"
    return value


def _tagged(tag: str, text: str, event: Any) -> Any:
    name = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    if name == "binary":
        try:
            return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise _fail("!!binary is no base64", event.start_mark, "yaml/tag") from error
    if name in ("int", "bool", "float", "null"):
        value = scalars.plain(text)
        kind = {"int": int, "bool": bool, "float": float, "null": type(None)}[name]
        if name == "float" and value.__class__ is int:
            return float(value)
        if value.__class__ is not kind:
            raise _fail(f"{text!r} is no !!{name}", event.start_mark, "yaml/tag")
        return value
    if name == "timestamp" and not _TIMESTAMP.fullmatch(text):
        raise _fail(f"{text!r} is no !!timestamp", event.start_mark, "yaml/tag")
    return text


def locate(root: Node | None, path: Path, line: int) -> Span:
    """The span of the scalar, or of the key of the container, at `path`; of the nearest one above where it is missing."""
    if root is None:
        return NOWHERE
    node, shown = root, root
    key = root
    for part in path:
        if part is KEY:
            shown = key
        elif node.pairs is not None and isinstance(part, str):
            found = next(((k, v) for n, k, v in reversed(node.pairs) if n == part), None)
            if found is None:
                break
            key, node = found
            shown = node if node.pairs is None and node.children is None else key
        elif node.children is not None and isinstance(part, int) and 0 <= part < len(node.children):
            key = node = shown = node.children[part]
        else:
            break
    start, end = shown.start, shown.end
    if shown is node and (node.pairs is not None or node.children is not None):
        end = start  # a container by itself: its first place, not the whole of it
        return Span(start.line + 1 + line, start.column + 1, start.line + 1 + line, start.column + 2)
    return Span(start.line + 1 + line, start.column + 1, end.line + 1 + line, end.column + 1)


def compose(text: str) -> Any:
    """libyaml's own nodes of a clean document, four times as fast as ours: enough to find places in.

    False for a text that has none.
    """
    loader = yaml.CSafeLoader(text) if yaml.__with_libyaml__ else yaml.SafeLoader(text)
    try:
        return loader.get_single_node() or False
    except yaml.YAMLError:  # JSON that is no YAML: its first line must do
        return False
    finally:
        loader.dispose()


def locate_composed(root: Any, path: Path, line: int) -> Span:
    """As `locate`, in nodes that `compose` made."""
    if root is False:
        return Span(line + 1, 1, line + 1, 2)
    key = node = shown = root
    for part in path:
        if part is KEY:
            shown = key
        elif isinstance(node, yaml.MappingNode) and isinstance(part, str):
            found = next(((k, v) for k, v in reversed(node.value) if k.value == part), None)
            if found is None:
                break
            key, node = found
            shown = node if isinstance(node, yaml.ScalarNode) else key
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
            key = node = shown = node.value[part]
        else:
            break
    start, end = shown.start_mark, shown.end_mark
    if shown is node and not isinstance(node, yaml.ScalarNode):
        return Span(start.line + 1 + line, start.column + 1, start.line + 1 + line, start.column + 2)
    return Span(start.line + 1 + line, start.column + 1, end.line + 1 + line, end.column + 1)
