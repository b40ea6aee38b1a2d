"""The types of CEL: what an expression's parts are, and whether they fit.

Source: cel-go v0.29 checker (unification, assignability, homogeneous literals, cross-type comparisons as Kubernetes
configures them in k8s.io/apiserver v0.37.2 pkg/cel/environment/base.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from manifold import assets
from manifold.k8s import regexes
from manifold.k8s.cel.syntax import CelError, Node, Uint, place
from manifold.k8s.cel.text import verbs


@dataclass(eq=False, slots=True)
class T:
    """A type: `list`, `map`, `optional_type`, `type` have arguments, objects have fields.

    `most` is the largest length that a schema allows (None: no limit known), `fewest` bytes an element takes at least.
    """

    name: str
    args: tuple[T, ...] = ()
    fields: dict[str, T] | None = None
    most: int | None = None
    fewest: int = 0

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})" if self.args else self.name


DYN = T("dyn")
BOOL = T("bool")
INT = T("int")
UINT = T("uint")
DOUBLE = T("double")
STRING = T("string")
BYTES = T("bytes")
NULL = T("null_type")
TIMESTAMP = T("timestamp")
DURATION = T("duration")
TYPE = T("type")
_BASE = {t.name: t for t in (DYN, BOOL, INT, UINT, DOUBLE, STRING, BYTES, NULL, TIMESTAMP, DURATION, TYPE)}
_NUMBERS = ("int", "uint", "double")
_ORDERED = ("int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration")


def list_of(item: T, most: int | None = None) -> T:
    return T("list", (item,), most=most)


def map_of(key: T, value: T, most: int | None = None) -> T:
    return T("map", (key, value), most=most)


def optional_of(inner: T) -> T:
    return T("optional_type", (inner,))


def object_of(name: str, /, **fields: T) -> T:
    return T(name, fields=fields)


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function."""

    receiver: T | None
    params: tuple[T, ...]
    result: T


_SIGNATURE = re.compile(r"(?:(?P<receiver>.+?)::)?(?P<name>[^\s()]+?)\((?P<params>.*)\) -> (?P<result>.+)")


def read_type(text: str) -> T:
    """`map(string, list(A))` as a type; single capital letters are parameters."""
    text = text.strip()
    name, bracket, inside = text.partition("(")
    if bracket:
        return T(name, tuple(read_type(p) for p in _split(inside[:-1])))
    return _BASE.get(name) or T(name)


def _split(text: str) -> Iterator[str]:
    depth = start = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            yield text[start:i]
            start = i + 1
    if text[start:].strip():
        yield text[start:]


Release = tuple[int, int]


def there(library: str, release: Release | None) -> bool:
    """Whether a server of that release lets new expressions use a library; without a release, all may be used.

    A server takes of new expressions only what the release before it knew as well, so that one can go back.
    """
    since = assets.table("schemas", "cel.yaml")["since"].get(library)
    if release is None or since is None:
        return True
    major, minor = map(int, since.split("."))
    return (release[0], release[1] - 1) >= (major, minor)


@cache
def library(release: Release | None = None, patches: bool = False) -> dict[str, tuple[Overload, ...]]:
    """The functions by name that a server of the release lets new expressions use (None: all); `patches`: in mutations."""
    found: dict[str, list[Overload]] = {}
    for name, lines in assets.table("schemas", "cel.yaml").items():
        if name == "since" or (name == "patches" and not patches) or not there(name, release):
            continue
        for line in lines:
            parts = _SIGNATURE.fullmatch(line)
            assert parts is not None, line
            receiver = read_type(parts["receiver"]) if parts["receiver"] else None
            params = tuple(read_type(p) for p in _split(parts["params"]))
            found.setdefault(parts["name"], []).append(Overload(receiver, params, read_type(parts["result"])))
    for operator in ("_<_", "_<=_", "_>_", "_>=_"):
        pairs = {(a, a) for a in _ORDERED} | {(a, b) for a in _NUMBERS for b in _NUMBERS}
        found[operator] = [Overload(None, (_BASE[a], _BASE[b]), BOOL) for a, b in sorted(pairs)]
    return {name: tuple(overloads) for name, overloads in found.items()}


@dataclass(slots=True)
class Scope:
    """What an expression may speak of: variables, and the functions."""

    variables: dict[str, T] = field(default_factory=dict)
    patches: bool = False
    """Whether `Object` and `JSONPatch` can be made."""
    release: Release | None = None
    """The server's release, which decides what functions there are; None: all that we know."""

    def define(self, name: str, type: T) -> None:
        """Add a variable of a policy: `variables.name`."""
        self.variables[f"variables.{name}"] = type

    def with_patches(self) -> Scope:
        """The same with what mutations may make."""
        return Scope(self.variables, True, self.release)


def _is_param(t: T) -> bool:
    return len(t.name) == 1 and t.name.isupper() and not t.args


def _fits(formal: T, actual: T, bound: dict[str, T]) -> bool:
    """Whether a value of `actual` may stand where `formal` is asked for; parameters become bound."""
    if _is_param(formal):
        known = bound.get(formal.name)
        if known is None or _is_param(known):
            bound[formal.name] = actual
            return True
        if not _fits(known, actual, {}) and not _fits(actual, known, {}):
            return False
        if _vaguer(actual, known):
            bound[formal.name] = actual
        return True
    if formal.name == "dyn" or actual.name in ("dyn", "error"):
        return True
    if _is_param(actual):
        return True
    if formal.name == "null_type" or actual.name == "null_type":
        other = actual if formal.name == "null_type" else formal
        return (
            other.name in ("null_type", "timestamp", "duration", "optional_type")
            or other.fields is not None
            or (not other.args and other.name[:1].isupper())
        )
    if formal.name != actual.name:
        return False
    if formal.name == "type":
        return True  # types as values fit whatever they are of
    if formal.args and actual.args:
        return all(_fits(f, a, bound) for f, a in zip(formal.args, actual.args, strict=False))
    return True


def _vaguer(a: T, b: T) -> bool:
    """Whether `a` says less of a value than `b`, or as much."""
    if a.name == "dyn" or _is_param(a):
        return True
    if b.name == "dyn" or _is_param(b) or a.name != b.name or len(a.args) != len(b.args):
        return False
    return all(_vaguer(x, y) for x, y in zip(a.args, b.args, strict=True))


def _put(t: T, bound: dict[str, T]) -> T:
    if _is_param(t):
        return bound.get(t.name, t)
    if t.args:
        return T(t.name, tuple(_put(a, bound) for a in t.args))
    return t


def _join(a: T, b: T) -> T | None:
    """The type of a literal's elements or a condition's branches; None where they do not fit."""
    if a.name == "dyn" or b.name == "dyn":
        return DYN
    if _fits(a, b, {}):
        return a if b.name == "null_type" or not _vague(a) else b
    if _fits(b, a, {}):
        return b
    return None


def _vague(t: T) -> bool:
    return t.name == "dyn" or _is_param(t) or any(_vague(a) for a in t.args)


class Checker:
    """Gives each node its type; the first misfit is raised."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.functions = library(scope.release, scope.patches)
        self.local: list[dict[str, T]] = []
        self.mixing = 0
        """How many calls of `format` are around: lists and maps in what it is given may hold several types."""

    def _fail(self, node: Node, message: str) -> CelError:
        return CelError(f"{message} ({place(self.text, node.at)})")

    def whole(self, node: Node) -> T:
        """The type of a whole expression; what is left open is dyn."""
        found = self.infer(node)
        if _is_param(found):
            node.type = found = DYN
        return found

    def infer(self, node: Node) -> T:
        node.type = found = getattr(self, f"_{node.op}")(node)
        assert isinstance(found, T)
        return found

    def _lookup(self, name: str) -> T | None:
        for names in reversed(self.local):
            if name in names:
                return names[name]
        return self.scope.variables.get(name)

    def _literal(self, node: Node) -> T:
        value = node.value
        if value is None:
            return NULL
        if value.__class__ is bool:
            return BOOL
        if value.__class__ is Uint:
            return UINT
        if value.__class__ is int:
            return INT
        if value.__class__ is float:
            return DOUBLE
        return STRING if value.__class__ is str else BYTES

    def _name(self, node: Node) -> T:
        found = self.scope.variables.get(node.value) if node.dotted else self._lookup(node.value)
        if found is not None:
            return found
        if node.value in _BASE and node.value not in ("dyn", "timestamp", "duration"):
            return T("type", (_BASE[node.value],))
        if node.value in ("list", "map", "optional_type"):
            return T("type", (T(node.value),))
        raise self._fail(node, f"there is nothing called {node.value!r} here")

    def _qualified(self, node: Node) -> str:
        if node.op == "name":
            return str(node.value)
        if node.op == "select" and node.target is not None and not node.dotted:
            above = self._qualified(node.target)
            return f"{above}.{node.value}" if above else ""
        return ""

    def _select(self, node: Node) -> T:
        assert node.target is not None
        full = self._qualified(node)
        if full:
            found = self._lookup(full)
            if found is not None:
                node.op, node.value, node.target = "name", full, None
                return found
            if full in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
                return T("type", (TIMESTAMP if full.endswith("Timestamp") else DURATION,))
        target = self.infer(node.target)
        if node.dotted:
            found = self._member(node, target.args[0] if target.name == "optional_type" else target)
            return found if found.name == "optional_type" else optional_of(found)
        return self._member(node, target)

    def _member(self, node: Node, target: T) -> T:
        if target.name == "optional_type":
            return optional_of(self._member(node, target.args[0]))
        if target.name in ("dyn", "error"):
            return DYN
        if target.name == "map":
            if not _fits(target.args[0], STRING, {}):
                raise self._fail(node, f"the keys of {target} are no texts")
            return target.args[1]
        if target.fields is not None:
            found = target.fields.get(node.value)
            if found is None:
                raise self._fail(node, f"there is no field {node.value!r}")
            return found
        if _is_param(target):
            return DYN
        raise self._fail(node, f"a {target} has no fields")

    def _test(self, node: Node) -> T:
        assert node.target is not None
        self._member(node, self.infer(node.target))
        return BOOL

    def _list(self, node: Node) -> T:
        item: T | None = None
        for i, arg in enumerate(node.args):
            found = self.infer(arg)
            if i in node.optional:
                found = self._opened(arg, found)
            item = self._together(arg, item, found)
        return list_of(item or T("A"), most=len(node.args))

    def _opened(self, node: Node, found: T) -> T:
        if found.name == "optional_type":
            return found.args[0]
        if found.name == "dyn" or _is_param(found):
            return DYN
        raise self._fail(node, f"an optional value is expected, not {found}")

    def _together(self, node: Node, so_far: T | None, found: T) -> T:
        if so_far is None:
            return found
        if self.mixing:
            return so_far if str(so_far) == str(found) else DYN
        joined = _join(so_far, found)
        if joined is None or (
            joined.name == "dyn" and so_far.name != found.name and DYN not in (so_far, found) and not _vague(found)
        ):
            raise self._fail(node, f"all elements must be of one type: {so_far}, not {found}")
        return joined

    def _map(self, node: Node) -> T:
        key = value = None
        for i in range(0, len(node.args), 2):
            key = self._together(node.args[i], key, self.infer(node.args[i]))
            found = self.infer(node.args[i + 1])
            if i // 2 in node.optional:
                found = self._opened(node.args[i + 1], found)
            value = self._together(node.args[i + 1], value, found)
        return map_of(key or T("A"), value or T("B"), most=len(node.args) // 2)

    def _object(self, node: Node) -> T:
        name = str(node.value)
        if not self.scope.patches or not (name in ("JSONPatch", "Object") or name.startswith("Object.")):
            raise self._fail(node, f"there is no type {name!r} here")
        for i, (key, arg) in enumerate(zip(node.keys, node.args, strict=True)):
            found = self.infer(arg)
            if i in node.optional:
                found = self._opened(arg, found)
            if name == "JSONPatch":
                if key not in ("op", "path", "from", "value"):
                    raise self._fail(node, f"a JSONPatch has no field {key!r}")
                if key != "value" and not _fits(STRING, found, {}):
                    raise self._fail(arg, f"{key} must be a string, not {found}")
        if name == "JSONPatch":
            return T(name, fields={"op": STRING, "path": STRING, "from": STRING, "value": DYN})
        return T(name)

    def _call(self, node: Node) -> T:
        name = str(node.value)
        if name == "_?_:_":
            return self._condition(node)
        if name in ("_&&_", "_||_"):
            for arg in node.args:
                if not _fits(BOOL, self.infer(arg), {}):
                    raise self._fail(node, f"{name[1:3]} needs truth values, not {arg.type}")
            return BOOL
        if node.target is not None:
            qualified = self._qualified(node.target)
            if qualified and f"{qualified}.{name}" in self.functions and self._lookup(qualified) is None:
                node.value, node.target = f"{qualified}.{name}", None
                name = node.value
        overloads = self.functions.get(name)
        if overloads is None:
            raise self._fail(node, f"there is no function {name!r}")
        receiver = self.infer(node.target) if node.target is not None else None
        self.mixing += name == "format"
        args = [self.infer(a) for a in node.args]
        self.mixing -= name == "format"
        result: T | None = None
        fitting = []
        for overload in overloads:
            bound: dict[str, T] = {}
            if (overload.receiver is None) != (receiver is None) or len(overload.params) != len(args):
                continue
            if receiver is not None and overload.receiver is not None and not _fits(overload.receiver, receiver, bound):
                continue
            if not all(_fits(p, a, bound) for p, a in zip(overload.params, args, strict=True)):
                continue
            fitting.append(overload)
            found = _put(overload.result, bound)
            if result is None:
                result = found
            elif str(result) != str(found):
                result = DYN
        if result is None:
            whole = ", ".join(map(str, args))
            raise self._fail(node, f"{name} does not take {f'{receiver}.' if receiver else ''}({whole})")
        node.overloads = tuple(fitting)
        self._literals(node)
        return result

    def _literals(self, node: Node) -> None:
        """Durations, times and patterns that are written out are read at once."""
        name, args = node.value, node.args
        if name in ("duration", "timestamp") and len(args) == 1 and args[0].op == "literal":
            value = args[0].value
            if isinstance(value, str) and not (_DURATION.fullmatch(value) if name == "duration" else _timestamp(value)):
                raise self._fail(args[0], f"{value!r} is no {name}")
        if name == "format" and node.target is not None and node.target.op == "literal" and args[0].op == "list":
            self._formats(node, str(node.target.value), args[0].args)
        if name == "matches":
            pattern = args[-1]
            if pattern.op == "literal" and isinstance(pattern.value, str):
                fault = bad_pattern(pattern.value)
                if fault:
                    raise self._fail(pattern, f"{pattern.value!r} is no pattern of RE2: {fault}")

    def _formats(self, node: Node, text: str, values: list[Node]) -> None:
        """The verbs of a format that is written out must go with what is given to it."""
        try:
            wanted = [found["verb"] for found in verbs(text)]
        except CelError as error:
            raise self._fail(node, str(error)) from None
        if len(wanted) != len(values):
            raise self._fail(node, f"the format asks for {len(wanted)} values, and is given {len(values)}")
        for verb, value in zip(wanted, values, strict=True):
            wrong = self._unfit(verb, value)
            if wrong is not None:
                raise self._fail(wrong, f"%{verb} does not go with a {wrong.type}")

    def _unfit(self, verb: str, value: Node) -> Node | None:
        """What a verb cannot show: the value, or something within it."""
        if value.type.name != "dyn" and value.type.name not in _SHOWN[verb]:
            return value
        if verb == "s" and value.op in ("list", "map"):
            return next((wrong for a in value.args if (wrong := self._unfit(verb, a)) is not None), None)
        return None

    def _condition(self, node: Node) -> T:
        test, yes, no = (self.infer(a) for a in node.args)
        if not _fits(BOOL, test, {}):
            raise self._fail(node, f"a condition must be a truth value, not {test}")
        joined = _join(yes, no)
        if joined is None:
            raise self._fail(node, f"both branches must be of one type: {yes} and {no}")
        return joined

    def _loop(self, node: Node) -> T:
        assert node.target is not None
        macros = "comprehensions" if len(node.names) == 2 else "sorting" if node.value == "sortBy" else ""
        if macros and not there(macros, self.scope.release):
            raise self._fail(node, f"there is no function {node.value!r}")
        over = self.infer(node.target)
        if over.name == "list":
            first, second = (over.args[0], None) if len(node.names) == 1 else (INT, over.args[0])
        elif over.name == "map":
            first, second = over.args[0], over.args[1]
        elif over.name in ("dyn", "error") or _is_param(over):
            first, second = DYN, DYN
        else:
            raise self._fail(node.target, f"a list or map is expected, not {over}")
        names = {node.names[0]: first}
        if len(node.names) == 2:
            names[node.names[1]] = second or DYN
        self.local.append(names)
        types = [self.infer(a) for a in node.args]
        self.local.pop()
        kind = node.value
        tests = types if kind in ("all", "exists", "exists_one", "existsOne", "filter") else types[:-1]
        for arg, found in zip(node.args, tests, strict=False):
            if not _fits(BOOL, found, {}):
                raise self._fail(arg, f"a truth value is expected, not {found}")
        if kind == "filter":
            return list_of(first, over.most) if over.name != "list" else T("list", over.args, most=over.most)
        if kind in ("map", "transformList"):
            return list_of(types[-1], over.most)
        if kind == "transformMap":
            return map_of(names[node.names[0]], types[-1], over.most)
        if kind == "transformMapEntry":
            if types[-1].name not in ("map", "dyn") and not _is_param(types[-1]):
                raise self._fail(node.args[-1], f"a map is expected, not {types[-1]}")
            return types[-1]
        if kind == "sortBy":
            if types[-1].name not in (*_ORDERED, "dyn") and not _is_param(types[-1]):
                raise self._fail(node.args[-1], f"{types[-1]} cannot be sorted by")
            return over
        return BOOL

    def _bind(self, node: Node) -> T:
        assert node.target is not None
        over = self.infer(node.target)
        if over.name not in ("optional_type", "dyn") and not _is_param(over):
            raise self._fail(node.target, f"an optional value is expected, not {over}")
        self.local.append({node.names[0]: over.args[0] if over.args else DYN})
        found = self.infer(node.args[0])
        self.local.pop()
        if node.value == "optMap":
            return optional_of(found)
        if found.name not in ("optional_type", "dyn") and not _is_param(found):
            raise self._fail(node.args[0], f"an optional value is expected, not {found}")
        return found


_WHOLE = frozenset(("int", "uint"))
_SHOWN = {
    "s": frozenset(
        ("list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null_type")
    ),
    "d": _WHOLE, "f": frozenset(("double", "string")), "e": frozenset(("double", "string")), "b": _WHOLE | {"bool"},
    "x": _WHOLE | {"string", "bytes"}, "X": _WHOLE | {"string", "bytes"}, "o": _WHOLE,
}  # fmt: skip
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)


def _timestamp(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text).upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


@cache
def bad_pattern(pattern: str) -> str:
    """What RE2, the server's language of patterns, has against one; empty for a good one."""
    try:
        regexes.compiled(pattern)
    except regexes.PatternError as e:
        return str(e)
    return ""


def fits(wanted: T, found: T) -> bool:
    """Whether a value of `found` may stand where `wanted` is asked for."""
    return _fits(wanted, found, {})
