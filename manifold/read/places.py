"""Where the values of a document stand, found in its lines: a twentieth of the time that libyaml's nodes take.

One pass over the lines notes each key and each dash with its column; what belongs where is told by the columns, as in
libyaml's scanner (`yaml_parser_roll_indent`, `yaml_parser_unroll_indent`). Scalars and flow collections over several lines
are passed over as libyaml scans them (`yaml_parser_scan_block_scalar`, `_flow_scalar`, `_plain_scalar`). The texts are such
as libyaml has read, so nothing is refused here: at what is not known for sure (keys with anchors, tabs between tokens,
directives, ...) `index` gives up with None, and so does `Index.locate` where an anchor, a tag, an alias or a merge key
stands on the way. Then libyaml has the word. Tests hold all places of all fixtures, of mutations and of real manifests
against libyaml's.
"""

from __future__ import annotations

import re
from typing import Any

from manifold.model import KEY, Path, Span
from manifold.patterns import late
from manifold.read import scalars

# What no plain scalar begins with, or only where no blank follows.
_SPECIAL = frozenset("-?:,[]{}#&*!|>'\"%@`\t")
_MAYBE = frozenset("-?:")
_BREAKS = late("[\x85\u2028\u2029\ufeff]")  # ends of lines to libyaml, and a mark that it passes over
_QUOTED = late(r"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^']++|'')*+'(?!')")
_CLOSING = {'"': late(r"(?:[^\"\\]++|\\.)*+\""), "'": re.compile(r"(?:[^']++|'')*+'(?!')")}
_HEADER = late(r"[|>](?:[+-]?([1-9]?)|([1-9])[+-]) *(?: #.*)?")
_COMMENT = late(r"[ \t]#")
_TOKENS = r"(?P<blank>[ \t]+(?:#.*)?)|(?P<open>[\[{])|(?P<close>[\]}])|"
_FLOW = late(_TOKENS + r"(?P<mark>[,:])|(?P<word>[^\s,:\[\]{}\"'#&*!|>%@`?][^\s,\[\]{}]*)")
_FLOW_ON = late(_TOKENS + r"(?P<mark>,)|(?P<word>[^\s,\[\]{}]+)")
_BEFORE = frozenset(",:[{")
_NULLS = ("null", "Null", "NULL")
_NEVER = 1 << 60
# libyaml goes no deeper than 1,000 levels, and a column has two at most; its keys have 1,024 characters at most.
_RIGHTMOST, _LONGEST = 490, 500


class Index:
    """The keys and dashes of a document in their order, by which places are found."""

    __slots__ = ("_cols", "_elsewhere", "_ends", "_exact", "_flows", "_found", "_lines", "_merges", "_names", "_odd", "_rows", "_tables")  # fmt: skip

    def __init__(self, lines: list[str], exact: bool) -> None:
        self._lines = lines
        self._exact = exact
        self._cols: list[int] = []
        self._names: list[str | None] = []
        """The keys, and None for a dash."""
        self._rows: list[int] = []
        self._elsewhere: dict[int, tuple[int, int]] = {}
        """Where the value of an entry begins that does not stand on its line."""
        self._ends: dict[int, tuple[int, int]] = {}
        """Where the value of an entry ends that goes over lines."""
        self._odd: set[int] = set()
        """Entries whose values have anchors or tags, or are aliases."""
        self._tables: dict[int, dict[str | int, int]] = {}
        self._flows: dict[int, Any] = {}
        self._found: dict[tuple[Path, int], Span | None] = {}
        self._merges = False

    def locate(self, path: Path, line: int) -> Span | None:
        """As `exact.locate` (or `locate_composed`, by what the index was made for); None where libyaml must be asked."""
        asked = path, line
        if asked not in self._found:  # many rules blame the same places
            self._found[asked] = self._look(path, line)
        return self._found[asked]

    def _look(self, path: Path, line: int) -> Span | None:
        cols, names = self._cols, self._names
        here = 0  # the first entry of the container that we are in
        entry = -1  # the entry whose value that is
        last = len(cols) - 1
        for i, part in enumerate(path):
            if part is KEY:
                if entry >= 0 and names[entry] is not None:
                    return self._key(entry, line)
                break
            table = self._tables.get(here)
            if table is None:
                table = self._tables[here] = self._table(here)
            if "<<" in table and self._merges:
                return None
            found = table.get(part)
            if found is None:
                break
            entry = found
            if entry in self._odd:
                return None
            if entry < last and (
                cols[entry + 1] > cols[entry]
                or (cols[entry + 1] == cols[entry] and names[entry + 1] is None and names[entry] is not None)
            ):
                here = entry + 1
                continue
            rest = path[i + 1 :]
            if rest[:1] == (KEY,) and names[entry] is not None:
                return self._key(entry, line)
            return self._value(entry, rest, line)
        if entry < 0 or names[entry] is None:
            # A container by itself: its first place, which is that of its first key or dash.
            row, col = self._rows[here] + 1 + line, cols[here] + 1
            return Span(row, col, row, col + 1)
        return self._key(entry, line)

    def _table(self, first: int) -> dict[str | int, int]:
        """The entries of the container that begins with this one, by key (the last of equal ones) or number."""
        cols, names = self._cols, self._names
        col = cols[first]
        out: dict[str | int, int] = {}
        mapping = names[first] is not None
        for entry in range(first, len(cols)):
            there = cols[entry]
            if there > col:
                continue
            if there < col:
                break
            name = names[entry]
            if mapping:
                if name is not None:  # a dash is one of the list of the key above
                    out[name] = entry
            elif name is not None:
                break
            else:
                out[len(out)] = entry
        return out

    def _spelled(self, entry: int) -> int:
        """Where the key of an entry ends, in its line."""
        text, col = self._lines[self._rows[entry]], self._cols[entry]
        if text[col] in "\"'":
            found = _QUOTED.match(text, col)
            assert found is not None
            return found.end()
        name = self._names[entry]
        assert name is not None
        return col + len(name)

    def _key(self, entry: int, line: int) -> Span:
        row = self._rows[entry] + 1 + line
        return Span(row, self._cols[entry] + 1, row, self._spelled(entry) + 1)

    def _value(self, entry: int, rest: Path, line: int) -> Span | None:
        """The place of a value that is no block collection, or of what is in there."""
        row = self._rows[entry]
        text = self._lines[row]
        if self._names[entry] is None:
            behind = self._cols[entry] + 1
        else:
            behind = text.index(":", self._spelled(entry)) + 1
        if entry in self._elsewhere:
            row, col = self._elsewhere[entry]
            text = self._lines[row]
        else:
            col = len(text) - len(text[behind:].lstrip(" "))
            if col == len(text) or text[col] == "#":
                # null: libyaml's place of that is behind the colon or the dash
                return Span(row + 1 + line, behind + 1, row + 1 + line, behind + 1)
        end = self._ends.get(entry)
        first = text[col]
        if first == "[" or first == "{":
            assert end is not None
            return self._inside(entry, (row, col), end, rest, line)
        if end is None:
            if first in "\"'":
                found = _QUOTED.match(text, col)
                assert found is not None
                end = row, found.end()
            else:
                end = row, _plain_end(text, col)
        return Span(row + 1 + line, col + 1, end[0] + 1 + line, end[1] + 1)

    def _inside(self, entry: int, start: tuple[int, int], end: tuple[int, int], rest: Path, line: int) -> Span | None:
        """A place within a flow collection, which libyaml reads by itself."""
        row, col = start
        if self._names[entry] is None:
            own = Span(row + 1 + line, col + 1, row + 1 + line, col + 2)
        else:
            own = self._key(entry, line)
        if not rest:
            return own
        from manifold.read import exact

        made = self._flows.get(entry)
        if made is None:
            if row == end[0]:
                text = self._lines[row][col : end[1]]
            else:
                text = "\n".join(
                    (self._lines[row][col:], *self._lines[row + 1 : end[0]], self._lines[end[0]][: end[1]])
                )
            if text == "{}" or text == "[]":
                return own
            made = self._flows[entry] = exact.parse(text).root if self._exact else exact.compose(text)
        if made is False:
            return None
        look = exact.locate if self._exact else exact.locate_composed
        span = look(made, rest, 0)
        if span[:2] == (1, 1):  # the collection itself
            return own
        return Span(
            span.line + row + line,
            span.column + (col if span.line == 1 else 0),
            span.end_line + row + line,
            span.end_column + (col if span.end_line == 1 else 0),
        )

    # ── the pass over the lines ──────────────────────────────────────────────────────────────────────────────────────

    def _note(self, text: str) -> bool:
        """Note the entries of all lines; False where a line is not known for sure."""
        lines, cols, names, rows = self._lines, self._cols, self._names, self._rows
        # Most texts have none of these, and need not be asked line by line.
        tabs, comments, spaced = "\t" in text, " #" in text, " :" in text
        limit = _NEVER  # lines further right than this go on with a plain scalar
        free = True  # the last entry has no value so far
        col = -1  # that of the last entry
        row, count = -1, len(lines) - 1
        while row < count:
            row += 1
            line = lines[row]
            rest = line.lstrip(" ")
            if not rest or (first := rest[0]) == "#":
                continue
            before, col = col, len(line) - len(rest)
            if col > limit:
                if first != "\t" or ((rest := rest.lstrip(" \t")) and rest[0] != "#"):
                    self._ends[len(cols) - 1] = row, _plain_end(line, col)
                col = before
                continue
            if col > before and not free:
                return False
            if tabs and (first == "\t" or ("\t" in rest and not _tabs_known(rest))):
                return False
            limit = _NEVER
            alone = True
            if first == "-":
                while rest[0] == "-" and (len(rest) == 1 or rest[1] == " "):
                    if col > _RIGHTMOST:
                        return False
                    cols.append(col)
                    names.append(None)
                    rows.append(row)
                    alone = False
                    rest = rest[1:].lstrip(" ")
                    if not rest or rest[0] == "#":
                        break
                    before, col = col, len(line) - len(rest)
                if not rest or rest[0] == "#":
                    free = True
                    continue
                first = rest[0]
            elif first == "." and not col and line.startswith("...") and (len(line) == 3 or line[3] == " "):
                break  # what follows is read by nobody
            name: str | None
            if first not in _SPECIAL or (first in _MAYBE and len(rest) > 1 and rest[1] != " "):
                name, colon, value = rest.partition(": ")
                if not colon:
                    name = rest[:-1] if rest[-1] == ":" else None
                if name is not None:
                    if comments and " #" in name:
                        name = None
                    elif spaced:
                        name = name.rstrip(" ")
            else:
                name, value = None, ""
                if first == '"' or first == "'":
                    match = _QUOTED.match(rest)
                    if match is not None:
                        after = rest[match.end() :].lstrip(" ")
                        if after and after[0] == ":" and (len(after) == 1 or after[1] == " "):
                            if "\\" in match.group():
                                return False
                            name = match.group()[1:-1]
                            if first == "'":
                                name = name.replace("''", "'")
                            value = after[1:]
            if name is not None:
                cols.append(col)
                names.append(name)
                rows.append(row)
                if value and value[0] == " ":
                    value = value.lstrip(" ")
                if not value or value[0] == "#":
                    free = True
                    continue
            else:
                value = rest
                if not alone:
                    col = before
                elif not free or not cols or col <= before:
                    return False
                else:
                    self._elsewhere[len(cols) - 1] = row, col
                    col = before
            # What begins here is the value of the last entry.
            free = False
            first = value[0]
            if first not in _SPECIAL or (first in _MAYBE and len(value) > 1 and value[1] != " "):
                if not comments or " #" not in value:
                    limit = col
                continue
            if first in "\"'" and value.find(first, 1) == len(value) - 1 and "\\" not in value:
                continue
            if first in "&!*":
                entry = len(cols) - 1
                self._odd.add(entry)
                self._elsewhere.pop(entry, None)
                while first in "&!":
                    value = value.partition(" ")[2].lstrip(" ")
                    if not value or value[0] == "#":
                        free = True
                        break
                    first = value[0]
                if free:
                    continue
                if first == "*":
                    value = value.partition(" ")[2].lstrip(" ")
                    if value and value[0] != "#":
                        return False
                    continue
                if first not in _SPECIAL or (first in _MAYBE and len(value) > 1 and value[1] != " "):
                    if ": " in value or value[-1] == ":":
                        return False  # it is the key that has the anchor
                    if " #" not in value:
                        limit = col
                    continue
            end = self._passed(row, len(line) - len(value))
            if end is None:
                return False
            if end[0] != row or first in "[{":
                self._ends[len(cols) - 1] = end
            if first in "|>":
                row = end[0] - 1
                continue
            row = end[0]
            tail = lines[row][end[1] :]
            if tail and (bare := tail.lstrip(" ")) and (bare[0] != "#" or tail[0] == "#"):
                return False
        return bool(cols)

    def _sure(self) -> bool:
        """Whether libyaml goes as deep, and each key is to go-yaml the text that it looks like."""
        names = set(self._names)
        if max(self._cols) > _RIGHTMOST:
            return False
        if len(max(self._lines, key=len)) > _LONGEST and any(name and len(name) > _LONGEST for name in names):
            return False
        self._merges = "<<" in names
        if not self._exact:
            return True
        other = {n for n in names if n and (n[0] in scalars.HINTS or n in _NULLS) and n != "<<"}
        other = {n for n in other if scalars.key(scalars.plain(n)) != n}
        # In quotes they are texts.
        return not other or all(
            self._lines[row][col] in "\"'"
            for name, row, col in zip(self._names, self._rows, self._cols, strict=True)
            if name in other
        )

    def _passed(self, row: int, col: int) -> tuple[int, int] | None:
        """Where the quoted text, block scalar or flow collection that begins here ends; None where that is not sure."""
        lines = self._lines
        first = lines[row][col]
        if first in "\"'":
            return _quoted(lines, row, col)
        if first in "|>":
            header = _HEADER.fullmatch(lines[row], col)
            return None if header is None else self._block(row + 1, header.group(1) or header.group(2))
        return _flow(lines, row, col) if first in "[{" else None

    def _block(self, row: int, given: str | None) -> tuple[int, int] | None:
        """The line where the block scalar with its text from this line on has ended, and its beginning."""
        lines, parent = self._lines, self._cols[-1]
        last = len(lines) - 1
        blank = 0
        while row < last and not (text := lines[row].lstrip(" ")):
            blank = max(blank, len(lines[row]))
            row += 1
        text = lines[row].lstrip(" ")
        indent = parent + int(given) if given else max(parent + 1, blank, len(lines[row]) - len(text) if text else 0)
        if blank > indent or (text and not given and blank > len(lines[row]) - len(text)):
            return None
        if len(lines[row]) - len(text) >= indent and text:
            prefix = " " * indent
            while row < last and (lines[row].startswith(prefix) or not lines[row].strip(" ")):
                row += 1
        return row, 0


def _tabs_known(text: str) -> bool:
    """Whether the tabs of a line all stand within its comment, or its one quoted text."""
    bare = _QUOTED.sub("", text)
    return "\t" not in bare.partition(" #")[0]


def _plain_end(text: str, start: int) -> int:
    """Where the part of a plain scalar ends that begins here."""
    comment = _COMMENT.search(text, start)
    return len((text if comment is None else text[: comment.start()]).rstrip(" \t"))


def _quoted(lines: list[str], row: int, col: int) -> tuple[int, int] | None:
    """Where the quoted text that begins here ends."""
    closing = _CLOSING[lines[row][col]]
    col += 1
    while row < len(lines):
        match = closing.match(lines[row], col)
        if match is not None:
            return row, match.end()
        row, col = row + 1, 0
    return None


def _flow(lines: list[str], row: int, col: int) -> tuple[int, int] | None:
    """Where the flow collection that begins here ends."""
    depth = 0
    before = ","  # what the last token ended with; empty within a plain scalar, where quotes and the like are none
    while row < len(lines):
        line = lines[row]
        if not col and line[:1] == "#":
            col = len(line)
        while col < len(line):
            if before in _BEFORE and line[col] in "\"'":
                end = _quoted(lines, row, col)
                if end is None:
                    return None
                if end[0] > row:
                    row, line = end[0], lines[end[0]]
                col, before = end[1], "quoted"
                continue
            match = (_FLOW if before else _FLOW_ON).match(line, col)
            if match is None:
                return None
            kind, col = match.lastgroup, match.end()
            if kind == "blank":
                continue
            if kind == "open":
                depth += 1
                if before not in _BEFORE:
                    return None
            elif kind == "close":
                depth -= 1
                if not depth:
                    return row, col
            before = "" if kind == "word" and line[col - 1] != ":" else line[col - 1]
        row, col = row + 1, 0
    return None


def index(text: str, exact: bool = False) -> Index | None:
    """The index of a document's text that ends with a line's end, or None where libyaml must be asked.

    `exact`: the text is one of the exact path, where keys are what go-yaml makes of them; else one that the fast path reads.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    if not text.isascii() and _BREAKS.search(text) is not None:
        return None
    if exact and "\\'" in text:  # read in a way of its own, in double quotes
        return None
    lines = text.split("\n")
    out = Index(lines, exact)
    if not out._note(text):
        return None
    return out if out._sure() else None
