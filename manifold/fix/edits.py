"""Operations done to a text: spans are replaced, and every other byte stays what it was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from manifold.fix.operations import Append, Delete, Insert, Operation, Rename, Replace, Set, Unduplicate
from manifold.fix.render import Style, flow, pair, scalar
from manifold.model import Path
from manifold.read.exact import Node


class Edit(NamedTuple):
    """The characters from `start` to `end` (exclusive) become `text`."""

    start: int
    end: int
    text: str


class ImpossibleError(Exception):
    """The text is written in a way that this operation is not done to: an alias, a merge, a tag."""


_PROPERTIES = re.compile(r"(?:[&!]\S*(?:[ \t]*(?:#[^\n]*)?\r?\n[ \t]*|[ \t]+))+")


class Text:
    """One YAML document, its nodes, and how to edit it."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.root = root
        self.style = self._style()

    # places ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def node(self, path: Path) -> Node:
        """The node at a path, which must be written there itself."""
        node = self.root
        for part in path:
            node = self._child(node, part)[1]
        return node

    def written(self, path: Path) -> str:
        """A scalar as it is written, quotes included; empty where there is none."""
        try:
            node = self.node(path)
        except ImpossibleError:
            return ""
        if node.pairs is not None or node.children is not None:
            return ""
        return self.text[node.start.index : node.end.index]

    def _child(self, node: Node, part: str | int) -> tuple[Node, Node]:
        if node.alias:
            raise ImpossibleError
        if node.pairs is not None and isinstance(part, str):
            index = self._index(node, part)
            return node.pairs[index][1], node.pairs[index][2]
        if node.children is not None and isinstance(part, int) and part < len(node.children):
            return node.children[part], node.children[part]
        raise ImpossibleError

    def _index(self, node: Node, name: str) -> int:
        for i in range(len(node.pairs or ()) - 1, -1, -1):
            found, key, value = (node.pairs or [])[i]
            if found == name:
                if key is value:  # came by a merge
                    raise ImpossibleError
                return i
        raise ImpossibleError

    def _map(self, path: Path) -> Node:
        node = self.node(path)
        if node.pairs is None or node.alias:
            raise ImpossibleError
        return node

    def _first(self, node: Node) -> int:
        """Where a node's own text begins, behind its anchor and tag."""
        match = _PROPERTIES.match(self.text, node.start.index)
        return match.end() if match else node.start.index

    def _flow(self, node: Node) -> bool:
        return self.text[self._first(node) : self._first(node) + 1] in ("{", "[")

    def _end(self, node: Node) -> int:
        """Where a node's own text ends."""
        end = int(node.end.index)
        if node.alias:
            return end
        inner = [v for _, k, v in node.pairs if k is not v] if node.pairs is not None else node.children
        if inner and not self._flow(node):
            return max(map(self._end, inner))
        if inner is None and self.text[self._first(node) : self._first(node) + 1] in ("|", ">"):
            return int(node.start.index) + len(self.text[node.start.index : end].rstrip())
        return end

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """The end of the line's text, its line end not included."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def _past(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def _style(self) -> Style:
        newline = "\r\n" if "\r\n" in self.text else "\n"
        step, dashes = 0, -1
        stack = [self.root]
        while stack and (not step or dashes < 0):
            node = stack.pop()
            if node.alias:
                continue
            for _, key, value in node.pairs or ():
                if key is value or value.alias:
                    continue
                stack.append(value)
                if self._flow(value):
                    continue
                column = value.start.column - key.start.column
                if value.pairs and value.start.line > key.start.line and not step and 1 < column < 9:
                    step = column
                if value.children and dashes < 0 and 0 <= column < 9:
                    dashes = column
            stack += node.children or ()
        return Style(newline, step or 2, max(dashes, 0), self.text.lstrip().startswith("{"))

    # edits ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def edits(self, operations: Iterable[Operation]) -> list[Edit]:
        """The edits that do the operations.

        Raises ImpossibleError where the text does not lend itself to one.
        """
        return [e for operation in operations for e in self._edits(operation)]

    def _edits(self, operation: Operation) -> list[Edit]:
        match operation:
            case Set():
                return [self._set(operation)]
            case Insert():
                return [self._insert(operation)]
            case Rename(path, name):
                parent = self._map(path[:-1])
                key = (parent.pairs or [])[self._index(parent, str(path[-1]))][1]
                text = self.text[key.start.index : key.end.index]
                if text[:1] in ("&", "!", "*", "?"):
                    raise ImpossibleError
                quote = text[0] if text[:1] in ("'", '"') else ""
                return [Edit(key.start.index, key.end.index, scalar(name, quote, as_json=self.style.json))]
            case Delete(path):
                parent = self._map(path[:-1])
                return [self._delete(parent, self._index(parent, str(path[-1])))]
            case Replace():
                return self._replace(operation)
            case Append():
                return [self._append(operation)]
            case Unduplicate(path):
                parent = self._map(path[:-1])
                same = [i for i, (n, k, v) in enumerate(parent.pairs or ()) if n == path[-1] and k is not v]
                return [self._delete(parent, i) for i in same[:-1]]

    def _set(self, operation: Set) -> Edit:
        parent = self.node(operation.path[:-1]) if operation.path else None
        node = self.node(operation.path)
        value = operation.value
        start, end = int(node.start.index), int(node.end.index)
        text = self.text[start:end]
        if text[:1] in ("&", "!", "*") or node.alias or parent is None:
            raise ImpossibleError
        inside = self.style.json or self._flow(parent)
        if node.pairs or node.children:
            raise ImpossibleError
        empty = text in ("", "~", "null", "{}", "[]")
        if isinstance(value, (dict, list)) and value and empty and not inside:
            if parent.pairs is None:
                raise ImpossibleError
            key = parent.pairs[self._index(parent, str(operation.path[-1]))][1]
            if self._line_start(start) != self._line_start(key.start.index):
                raise ImpossibleError
            lines = pair(str(operation.path[-1]), value, self.style)[1:]
            indent = " " * key.start.column
            stop = self._line_end(max(start, end))
            rest = self.text[end:stop].strip()
            if rest and not rest.startswith("#"):
                raise ImpossibleError
            body = self.style.newline.join(indent + line for line in lines)
            comment = f"  {rest}" if rest else ""
            return Edit(int(key.end.index), stop, f":{comment}{self.style.newline}{body}")
        if isinstance(value, (dict, list)):
            return Edit(start, end, (" " if start == end else "") + flow(value, as_json=self.style.json))
        if text[:1] in ("|", ">"):
            raise ImpossibleError
        if isinstance(value, str):
            quote = text[0] if text[:1] in ("'", '"') else ""
            new = scalar(value, quote, as_json=self.style.json)
        else:
            new = scalar(value)
        return Edit(start, end, (" " if start == end else "") + new)

    def _insert(self, operation: Insert) -> Edit:
        parent = self._map(operation.path)
        own = [(n, k, v) for n, k, v in parent.pairs or () if k is not v]
        if not own:
            if parent.pairs:
                raise ImpossibleError
            first, end = self._first(parent), int(parent.end.index)
            return Edit(first, end, flow({operation.key: operation.value}, as_json=self.style.json))
        if operation.after and any(n == operation.after for n, _, _ in own):
            sibling = next(p for p in reversed(own) if p[0] == operation.after)
        else:
            sibling = own[-1]
        if self.style.json or self._flow(parent):
            _, key, value = sibling
            at = self._end(value)
            new = flow({operation.key: operation.value}, as_json=self.style.json)[1:-1]
            start = self._line_start(key.start.index)
            alone = not self.text[start : key.start.index].strip()
            space = self.style.newline + self.text[start : key.start.index] if alone else " "
            return Edit(at, at, f",{space}{new}")
        while self._keeps(sibling[2]):
            index = own.index(sibling)
            if not index:
                raise ImpossibleError
            sibling = own[index - 1]
        at = self._line_end(self._end(sibling[2]))
        indent = " " * sibling[1].start.column
        lines = pair(operation.key, operation.value, self.style)
        return Edit(at, at, "".join(f"{self.style.newline}{indent}{line}" for line in lines))

    def _keeps(self, node: Node) -> bool:
        """Whether a value ends in a block scalar whose line ends behind count: nothing may be put there."""
        while not node.alias and (node.pairs or node.children):
            node = node.pairs[-1][2] if node.pairs else (node.children or [])[-1]
        head = self.text[node.start.index : self._line_end(node.start.index)]
        return not node.alias and head[:1] in ("|", ">") and "+" in head[:4]

    def _delete(self, parent: Node, index: int) -> Edit:
        pairs = [(k, v) for _, k, v in parent.pairs or () if k is not v]
        key, value = (parent.pairs or [])[index][1:]
        place = next(i for i, (k, _) in enumerate(pairs) if k is key)
        start, end = int(key.start.index), self._end(value)
        if self.style.json or self._flow(parent):
            if place:
                return Edit(self._end(pairs[place - 1][1]), end, "")
            if len(pairs) > 1:
                return Edit(start, int(pairs[1][0].start.index), "")
            return Edit(start, end, "")
        if len(pairs) == 1 or self._keeps(value):
            raise ImpossibleError
        line = self._line_start(start)
        rest = self.text[end : self._line_end(end)].strip()
        if rest and not rest.startswith("#"):
            raise ImpossibleError
        if not self.text[line:start].strip():
            if not line:
                return Edit(0, self._past(end), "")
            # The line end before goes, not the one behind: something may be put behind this line.
            line -= 2 if self.text[line - 2 : line] == "\r\n" else 1
            return Edit(line, self._line_end(end), "")
        if place + 1 == len(pairs):
            raise ImpossibleError
        following = int(pairs[place + 1][0].start.index)
        if "#" in self.text[self._past(end) : following]:
            raise ImpossibleError
        return Edit(start, following, "")

    def _replace(self, operation: Replace) -> list[Edit]:
        parent = self._map(operation.path)
        indexes = sorted(self._index(parent, name) for name in operation.old)
        first, *others = [(parent.pairs or [])[i][1:] for i in indexes]
        key, value = first
        start, end = int(key.start.index), self._end(value)
        if self.style.json or self._flow(parent):
            new = flow({operation.key: operation.value}, as_json=self.style.json)[1:-1]
            return [Edit(start, end, new), *(self._delete(parent, i) for i in indexes[1:])]
        indent = self.style.newline + " " * key.start.column
        stop = self._line_end(end)
        lines = pair(operation.key, operation.value, self.style)
        rest = self.text[end:stop].strip()
        if (rest and not rest.startswith("#")) or "\n" in self.text[start:end]:
            raise ImpossibleError
        lines[0] += f"  {rest}" if rest else ""
        out = [Edit(start, stop, indent.join(lines))]
        for other, inner in others:
            begin, close = int(other.start.index), self._line_end(self._end(inner))
            comment = self.text[self._end(inner) : close].strip()
            if self.text[self._line_start(begin) : begin].strip() or "\n" in self.text[begin:close]:
                raise ImpossibleError
            if comment:  # it keeps its line
                out.append(Edit(begin, close, comment))
            else:
                out.append(self._delete(parent, next(i for i in indexes if (parent.pairs or [])[i][1] is other)))
        return out

    def _append(self, operation: Append) -> Edit:
        node = self.node(operation.path)
        if node.children is None or node.alias:
            raise ImpossibleError
        if not node.children:
            first = self._first(node)
            return Edit(first, int(node.end.index), flow([operation.value], as_json=self.style.json))
        last = node.children[-1]
        at = self._end(last)
        if self.style.json or self._flow(node):
            return Edit(at, at, ", " + flow(operation.value, as_json=self.style.json))
        if isinstance(operation.value, (dict, list)) or self._keeps(last):
            raise ImpossibleError
        line = self.text[self._line_start(last.start.index) : last.start.index]
        column = line.rfind("-")
        if column < 0:
            raise ImpossibleError
        stop = self._line_end(at)
        return Edit(stop, stop, f"{self.style.newline}{' ' * column}- {scalar(operation.value)}")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits done.

    Raises ImpossibleError where two of them overlap.
    """
    out: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at:
            raise ImpossibleError
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*out, text[at:]])
