"""The grammar of CEL: text to tree, with the macros that Kubernetes knows.

Source: cel-spec's grammar (doc/langdef.md) and the macros of cel-go's parser, optional types and two-variable
comprehensions. A tree is bounded in depth, so that no text, however endless, exhausts the stack.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

DEEPEST = 250  # expressions within one another, and operators or fields in a row, as cel-go limits them
_TALLEST = DEEPEST + 1  # levels of a tree; arguments of functions count with them
_FRAMES = 20_000
RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip

_TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\n\r\f]|//[^\n]*)+)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"{3}|'{3}|"|'))
  | (?P<float>(?:[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+]?[0-9]+)?))
  | (?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<quoted>`[-_.a-zA-Z0-9/ ]+`)
  | (?P<op>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.|$))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

Op = Literal["literal", "name", "select", "test", "call", "list", "map", "object", "loop", "bind"]


class CelError(ValueError):
    """An expression that cannot be read, does not fit its types, or fails when it runs (`taken`: after how many steps)."""

    taken = 0


@dataclass(eq=False, slots=True)
class Node:
    """One node: `value` is the literal, the name or the function; `target` the receiver of a method."""

    op: Op
    value: Any = None
    args: list[Node] = field(default_factory=list)
    target: Node | None = None
    at: int = 0
    names: tuple[str, ...] = ()
    """The variables of a comprehension or binding."""
    keys: list[Any] = field(default_factory=list)
    """The field names of an object."""
    optional: list[int] = field(default_factory=list)
    """Which elements of a list, map or object are optional, `?x`."""
    dotted: bool = False
    """A name written with a leading dot; a select written `.?`."""
    type: Any = None
    """Set by the checker."""
    overloads: tuple[Any, ...] = ()
    """The signatures of a function that fit, set by the checker."""


@contextmanager
def deep() -> Iterator[None]:
    """Room for recursion over trees as tall as they may be, which takes several calls a level."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises CelError naming line and column.
    """
    with deep():
        node = _Parser(text).whole()
    _measure(node)
    return node


def _measure(root: Node) -> None:
    level, tall = [root], 0
    while level:
        tall += 1
        if tall > _TALLEST:
            raise CelError("syntax error: nested too deeply")
        below: list[Node] = []
        while level:
            node = level.pop()
            inner = [*node.args, node.target] if node.target is not None else node.args
            function = node.op == "call" and node.target is None and node.value[0] not in "_@!-"
            flat = function or node.op == "list" or node.value in ("_&&_", "_||_")
            (level if flat else below).extend(inner)
        level = below


def place(text: str, at: int) -> str:
    """`line:column` of an offset, both from 1."""
    line = text.count("\n", 0, at) + 1
    return f"{line}:{at - text.rfind(chr(10), 0, at)}"


_BINARY = (
    frozenset(("||",)),
    frozenset(("&&",)),
    frozenset(("<", "<=", ">", ">=", "==", "!=", "in")),
    frozenset(("+", "-")),
    frozenset(("*", "/", "%")),
)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, Any, int]] = []
        self.at = 0
        self.depth = 0
        self._split()

    def _fail(self, message: str, at: int) -> CelError:
        return CelError(f"syntax error at {place(self.text, at)}: {message}")

    def _split(self) -> None:
        text, at = self.text, 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._fail(f"{text[at]!r} begins no word of CEL", at)
            kind = found.lastgroup or ""
            if kind == "string":
                value, end = self._string(found.group(), at)
                self.tokens.append(("literal", value, at))
                at = end
                continue
            word = found.group()
            if kind == "name" and word in ("true", "false", "null"):
                self.tokens.append(("literal", {"true": True, "false": False, "null": None}[word], at))
            elif kind == "float":
                self.tokens.append(("literal", float(word), at))
            elif kind in ("int", "uint"):
                self.tokens.append((kind, word, at))
            elif kind == "quoted":
                self.tokens.append(("quoted", word[1:-1], at))
            elif kind == "name":
                self.tokens.append(("op" if word == "in" else "name", word, at))
            elif kind == "op":
                self.tokens.append(("op", word, at))
            at = found.end()
        self.tokens.append(("end", "the end", len(text)))

    def _string(self, opening: str, at: int) -> tuple[Any, int]:
        quote = opening.lstrip("rRbB")
        prefix = opening[: len(opening) - len(quote)].lower()
        text, i = self.text, at + len(opening)
        start = i
        while True:
            if i >= len(text) or (len(quote) == 1 and text[i] in "\n\r"):
                raise self._fail("the text is not closed", at)
            if text.startswith(quote, i):
                break
            i += 2 if text[i] == "\\" and "r" not in prefix else 1
        raw = text[start:i]
        end = i + len(quote)
        value = raw if "r" in prefix else self._unescape(raw, start, "b" in prefix)
        if "b" in prefix:
            return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value, end
        return value, end

    def _unescape(self, raw: str, at: int, binary: bool) -> Any:
        if "\\" not in raw:
            return raw
        out = bytearray()

        def put(found: re.Match[str]) -> str:
            simple, x, u, big, octal, other = found.groups()
            if other is not None or (binary and (u or big)):
                raise self._fail(f"{found.group()!r} is no escape", at + found.start())
            if simple is not None:
                return _SIMPLE.get(simple, simple)
            code = int(octal, 8) if octal else int(x or u or big or "", 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise self._fail(f"{found.group()!r} is no character", at + found.start())
            return chr(code)

        if not binary:
            return _ESCAPE.sub(put, raw)
        last = 0
        for found in _ESCAPE.finditer(raw):
            out += raw[last : found.start()].encode("utf-8", "surrogatepass")
            out += put(found).encode("latin-1")
            last = found.end()
        return bytes(out + raw[last:].encode("utf-8", "surrogatepass"))

    # The grammar, from the outside in

    def _is(self, *words: str) -> bool:
        kind, word, _ = self.tokens[self.at]
        return kind == "op" and word in words

    def _take(self, *words: str) -> bool:
        if self._is(*words):
            self.at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            _, found, at = self.tokens[self.at]
            raise self._fail(f"{word!r} is expected, not {found!r}", at)

    def whole(self) -> Node:
        node = self._expression()
        kind, word, at = self.tokens[self.at]
        if kind != "end":
            raise self._fail(f"{word!r} is more than one expression", at)
        return node

    def _expression(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._fail("nested too deeply", self.tokens[self.at][2])
        node = self._binary(0)
        at = self.tokens[self.at][2]
        if self._take("?"):
            yes = self._binary(0)
            self._need(":")
            node = Node("call", "_?_:_", [node, yes, self._expression()], at=at)
        self.depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        node = self._binary(level + 1)
        count = 0
        while self._is(*_BINARY[level]):
            _, word, at = self.tokens[self.at]
            self.at += 1
            right = self._binary(level + 1)
            if level < 2 and count:
                node.args.append(right)  # however many, they make no tall tree
                continue
            count += 1
            if count > DEEPEST:
                raise self._fail("too many operators in one row", at)
            name = "@in" if word == "in" else f"_{word}_"
            node = Node("call", name, [node, right], at=at)
        return node

    def _unary(self) -> Node:
        kind, word, at = self.tokens[self.at]
        if not self._is("!", "-"):
            return self._member()
        count = 0
        while self._take(word):
            count += 1
        if word == "-" and count % 2 and self.tokens[self.at][0] in ("int", "literal"):
            kind, value, _ = self.tokens[self.at]
            if count == 1 and (kind == "int" or value.__class__ is float):
                return self._member(negative=True)
        if self._is("!", "-"):
            raise self._fail(f"{self.tokens[self.at][1]!r} may not follow {word!r}", self.tokens[self.at][2])
        node = self._member()
        return Node("call", f"{word}_", [node], at=at) if count % 2 else node

    def _member(self, negative: bool = False) -> Node:
        node = self._primary(negative)
        count = 0
        while True:
            at = self.tokens[self.at][2]
            count += 1
            if count > DEEPEST + 1:
                raise self._fail("nested too deeply", at)
            if self._take("."):
                optional = self._take("?")
                kind, name, _ = self.tokens[self.at]
                if kind not in ("name", "quoted"):
                    raise self._fail(f"a field is expected, not {name!r}", self.tokens[self.at][2])
                self.at += 1
                if kind == "name" and not optional and self._is("("):
                    node = self._call(name, node, at)
                    continue
                if kind == "name" and name in RESERVED - {"namespace", "package", "import", "in"}:
                    pass  # reserved words may be selected
                node = Node("select", name, target=node, at=at, dotted=optional)
            elif self._take("["):
                optional = self._take("?")
                index = self._expression()
                self._need("]")
                node = Node("call", "_[?_]" if optional else "_[_]", [node, index], at=at)
            elif self._is("{") and self._qualified(node) is not None:
                node = self._object(self._qualified(node) or "", at)
            else:
                return node

    def _qualified(self, node: Node) -> str | None:
        if node.op == "name":
            return str(node.value)
        if node.op == "select" and node.target is not None and not node.dotted:
            above = self._qualified(node.target)
            return None if above is None else f"{above}.{node.value}"
        return None

    def _primary(self, negative: bool) -> Node:
        kind, value, at = self.tokens[self.at]
        if kind == "literal":
            self.at += 1
            return Node("literal", -value if negative else value, at=at)
        if kind in ("int", "uint"):
            self.at += 1
            digits = value.rstrip("uU") if kind == "uint" else value
            number = int(digits, 16) if digits.startswith("0x") else int(digits[:40])
            number = -number if negative else number
            low, high = (0, 2**64 - 1) if kind == "uint" else (-(2**63), 2**63 - 1)
            if not low <= number <= high:
                raise self._fail(f"{value} is too large", at)
            return Node("literal", Uint(number) if kind == "uint" else number, at=at)
        dotted = self._take(".")
        kind, value, at = self.tokens[self.at]
        if kind == "name":
            if value in RESERVED:
                raise self._fail(f"{value!r} is a reserved word", at)
            self.at += 1
            if self._is("("):
                return self._call(value, None, at)
            return Node("name", value, at=at, dotted=dotted)
        if not dotted:
            if self._take("("):
                node = self._expression()
                self._need(")")
                return node
            if self._take("["):
                return self._list(at)
            if self._take("{"):
                return self._map(at)
        raise self._fail(f"an expression is expected, not {value!r}", at)

    def _list(self, at: int) -> Node:
        node = Node("list", at=at)
        while not self._take("]"):
            if self._take("?"):
                node.optional.append(len(node.args))
            node.args.append(self._expression())
            if not self._take(","):
                self._need("]")
                break
        return node

    def _map(self, at: int) -> Node:
        node = Node("map", at=at)
        while not self._take("}"):
            if self._take("?"):
                node.optional.append(len(node.args) // 2)
            node.args.append(self._expression())
            self._need(":")
            node.args.append(self._expression())
            if not self._take(","):
                self._need("}")
                break
        return node

    def _object(self, name: str, at: int) -> Node:
        self._need("{")
        node = Node("object", name, at=at)
        while not self._take("}"):
            if self._take("?"):
                node.optional.append(len(node.args))
            kind, field, where = self.tokens[self.at]
            if kind not in ("name", "quoted"):
                raise self._fail(f"a field is expected, not {field!r}", where)
            self.at += 1
            self._need(":")
            node.keys.append(field)
            node.args.append(self._expression())
            if not self._take(","):
                self._need("}")
                break
        return node

    def _call(self, name: str, target: Node | None, at: int) -> Node:
        self._need("(")
        args: list[Node] = []
        if not self._take(")"):
            args.append(self._expression())
            while self._take(","):
                args.append(self._expression())
            self._need(")")
        return self._macro(name, target, args, at) or Node("call", name, args, target, at)

    def _macro(self, name: str, target: Node | None, args: list[Node], at: int) -> Node | None:
        if target is None:
            if name == "has" and len(args) == 1:
                inner = args[0]
                if inner.op != "select":
                    raise self._fail("has() asks for a field: has(a.b)", at)
                return Node("test", inner.value, target=inner.target, at=at)
            return None
        if target.op == "name" and target.value == "cel" and name == "bind":
            return None  # the bindings library is not among Kubernetes' own
        count = len(args)
        if name in ("optMap", "optFlatMap") and count == 2:
            return Node("bind", name, [args[1]], target, at, (self._variable(args[0]),))
        if (name in ("all", "exists", "exists_one", "filter", "existsOne", "sortBy") and count == 2) or (
            name == "map" and count in (2, 3)
        ):
            return Node("loop", name, args[1:], target, at, (self._variable(args[0]),))
        if (name in ("all", "exists", "existsOne", "exists_one") and count == 3) or (
            name in ("transformList", "transformMap", "transformMapEntry") and count in (3, 4)
        ):
            names = (self._variable(args[0]), self._variable(args[1]))
            if names[0] == names[1]:
                raise self._fail(f"{names[0]!r} is bound twice", at)
            return Node("loop", name, args[2:], target, at, names)
        return None

    def _variable(self, node: Node) -> str:
        if node.op != "name" or node.dotted:
            raise self._fail("the name of a variable is expected", node.at)
        if node.value in ("__result__", "@result"):
            raise self._fail(f"{node.value!r} cannot be a variable", node.at)
        return str(node.value)


class Broken(NamedTuple):
    """A value that cannot be had: it fails when it is asked for, and not before."""

    why: str


class Kind(str):
    """A type as a value: what `type(x)` gives, and names such as `int`."""

    __slots__ = ()


class Uint(int):
    """A `uint` literal or value."""

    __slots__ = ()
