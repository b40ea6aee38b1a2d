"""Where a value of a clean document stands, found by indentation: a hundredth of the time that libyaml's nodes take.

Only the plainest YAML is known here: block maps and lists, one-line quotes and flow collections. At anything else
`locate` gives up with None, and libyaml has the word. A test holds every place of every fixture against libyaml's.
The texts are those that the fast path has read: without tabs, anchors, tags and whatever else its gate holds back.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from manifold.model import KEY, Path, Span

_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'")
_END = re.compile(r" *(?: #[^\n]*)?$", re.M)
_PLAIN = re.compile(r"(?:(?! #|: |:$)[^\n])+", re.M)
_KEY = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`][^\s:]*|\"[^\"\\\n]*\"|'[^'\n]*'):(?=[ \n])")
_BRACKET = re.compile(r"[\[{]")
_NEXT = re.compile(r"(?: *(?:#[^\n]*)?\n)*( *)(?=[^\s#])")
_TOKEN = r"(?:^|[\s\[{,:-])"
_OPEN = rf"(?m){_TOKEN}(?:\"(?:[^\"\\\n]|\\.)*|'(?:[^'\n]|'')*)$"


@cache
def _open() -> Any:
    """RE2, for it looks at each character once."""
    from manifold.k8s import regexes

    return regexes.compiled(_OPEN)


@cache
def _dedent(column: int) -> re.Pattern[str]:
    """The first line that stands further left than `column`."""
    return re.compile(rf"\n {{0,{column - 1}}}+[^\s#]")


def _holds(text: str, column: int, start: int, end: int) -> bool:
    """Whether no line in between stands further left than `column`."""
    return not column or _dedent(column).search(text, start, end) is None


def plain(text: str) -> bool:
    """Whether quotes and flow collections all end on their line, so that indentation alone tells what belongs where."""
    if ('"' in text or "'" in text) and _open().search(text) is not None:
        return False
    found = _BRACKET.search(text)
    while found is not None:
        at = found.start()
        before = text[text.rfind("\n", 0, at) + 1 : at].rstrip(" ")
        end = at + 1
        if not before or before[-1] in ":-":
            end = text.find("\n", at)
            if _flow(text[at:end]) is None:
                return False
        found = _BRACKET.search(text, end)
    return True


def _flow(text: str) -> str | None:
    """The flow collection that a line's rest is, but for a comment; None where it does not plainly end there."""
    bare = text
    if '"' in text or "'" in text:
        bare = _QUOTED.sub(lambda m: "q" * len(m.group()), text)
        if '"' in bare or "'" in bare:
            return None
    bare = bare.partition(" #")[0].rstrip(" ")
    if bare[-1] != ("}" if bare[0] == "{" else "]"):
        return None
    if bare.count("{") + bare.count("[") > 1:
        depth = 0
        for i, c in enumerate(bare):
            if c in "{[":
                depth += 1
            elif c in "}]":
                depth -= 1
                if not depth and i < len(bare) - 1:
                    return None
        if depth:
            return None
    elif bare.count("}") + bare.count("]") > 1:
        return None
    return text[: len(bare)]


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


def _span(text: str, start: int, end: int, line: int) -> Span:
    number = text.count("\n", 0, start) + 1 + line
    column = _column(text, start) + 1
    return Span(number, column, number, column + end - start)


def locate(text: str, path: Path, line: int) -> Span | None:
    """As `exact.locate_composed`, in a `plain` text that ends with a line's end; None where libyaml must be asked."""
    found = _NEXT.match(text)
    if found is None or text[found.end()] in "[{-":
        return None
    at, column = found.end(), len(found.group(1))  # the first character of the container that we are in
    shown = (at, at + 1)
    for i, part in enumerate(path):
        if isinstance(part, str):
            if text[at] == "-" and text[at + 1] in " \n":
                break
            key = _find(text, part, at, column)
            if key is None:
                break
            start, end = key
            value, parent = end + 1, column  # behind the colon
            shown = start, end
            if path[i + 1 :] == (KEY,):
                break
        else:
            dash = _item(text, part, at, column)
            if dash is None:
                break
            value, parent = dash + 1, column
            shown = dash, dash
        while text[value] == " ":
            value += 1
        first = text[value]
        if first == "\n" or first == "#":
            if not isinstance(part, str):
                return None
            # What follows on the next lines, if it belongs here.
            found = _NEXT.match(text, text.index("\n", value) + 1)
            if found is not None:
                at, column = found.end(), len(found.group(1))
                if column > parent or (column == parent and text[at] == "-" and text[at + 1] in " \n"):
                    if text[at] not in "[{\"'|>" and (text[at] == "-" or _KEY.match(text, at) is not None):
                        continue
                    return None
            # null: libyaml's place of that is behind the colon
            return _span(text, shown[1] + 1, shown[1] + 1, line)
        if first in "[{":
            return _inside(text, value, path[i + 1 :], shown, line)
        if first in "|>":
            return None
        if not isinstance(part, str):
            if first == "-" and text[value + 1] in " \n":
                return None
            if _KEY.match(text, value) is not None:
                at, column = value, value - text.rfind("\n", 0, value) - 1
                shown = at, at + 1
                continue
        last = _scalar(text, value, parent)
        return None if last is None else _span(text, value, last, line)
    return _span(text, *shown, line)


def _find(text: str, key: str, at: int, column: int) -> tuple[int, int] | None:
    """Where a key of the map at `at` begins and ends."""
    for spelled in (key, f'"{key}"', f"'{key}'"):
        if text.startswith(spelled, at) and text[at + len(spelled) : at + len(spelled) + 2] in _COLON:
            return at, at + len(spelled)
        wanted = f"\n{' ' * column}{spelled}:"
        start = at
        while (start := text.find(wanted, start)) >= 0:
            if not _holds(text, column, at, start + 1 + column):
                break
            end = start + len(wanted)
            if text[end] in " \n":
                return start + 1 + column, end - 1
            start = end
    return None


_COLON = (": ", ":\n")


def _item(text: str, index: int, at: int, column: int) -> int | None:
    """Where the dash of an item of the list at `at` stands."""
    if text[at] != "-" or text[at + 1] not in " \n" or index < 0:
        return None
    wanted = f"\n{' ' * column}"
    start = at
    while index:
        start = text.find(wanted, start) + len(wanted)
        if start < len(wanted) or start >= len(text):
            return None
        if text[start] == "-" and text[start + 1] in " \n":
            index -= 1
        elif text[start] not in " \n#":
            return None  # a key: the list stood at the column of its map
    return start if _holds(text, column, at, start) else None


def _scalar(text: str, start: int, parent: int) -> int | None:
    """Where the one-line scalar at `start` ends, None for one that goes on."""
    first = text[start]
    if first in "\"'":
        found = _QUOTED.match(text, start)
        if found is None or _END.match(text, found.end()) is None:
            return None
        return found.end()
    found = _PLAIN.match(text, start)
    if found is None or _END.match(text, found.end()) is None:
        return None
    following = _NEXT.match(text, text.index("\n", start) + 1)
    if following is not None and len(following.group(1)) > parent:
        return None
    return start + len(found.group().rstrip(" "))


def _inside(text: str, start: int, rest: Path, shown: tuple[int, int], line: int) -> Span | None:
    """A place within a flow collection, which libyaml reads by itself."""
    from manifold.read import exact

    number = text.count("\n", 0, start) + line
    shift = _column(text, start)
    own = _span(text, *shown, line) if shown[1] > shown[0] else Span(number + 1, shift + 1, number + 1, shift + 2)
    if not rest:
        return own
    flow = _flow(text[start : text.index("\n", start)])
    if flow is None:
        return None
    made = exact.compose(flow)
    span = exact.locate_composed(made, rest, number)
    if span == exact.locate_composed(made, (), number):
        return own
    return Span(span.line, span.column + shift, span.end_line, span.end_column + shift)
