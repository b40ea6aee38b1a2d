"""What an expression gives: a walk over its tree, in a bounded number of steps.

Values are JSON values, and besides them `Uint`, bytes, datetime and timedelta, `Quantity`, `Maybe` (optional) and the
objects of Kubernetes' libraries in `functions`. Source of the semantics: cel-spec (doc/langdef.md), cel-go v0.29.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from manifold.k8s.cel.functions import FUNCTIONS, METHODS, Maybe, equal, index, order
from manifold.k8s.cel.syntax import Broken, CelError, Kind, Node, deep, parse, place

STEPS = 1_000_000
"""How many nodes an evaluation may visit; the server counts in units of its own and allows 10,000,000 a request."""

Value = Any
Names = Mapping[str, Value]


class Program:
    """An expression, ready to be evaluated many times.

    Raises CelError where it cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = parse(text)

    def run(self, names: Names, steps: int = STEPS) -> Value:
        """The value, with these variables.

        Raises CelError where the evaluation fails: a field that is not there, types that do not fit, too many steps.
        """
        return self.count(names, steps)[0]

    def count(self, names: Names, steps: int = STEPS) -> tuple[Value, int]:
        """The value, and the steps that it took."""
        run = _Run(self.text, steps)
        try:
            with deep():
                return run.value(self.root, dict(names)), steps - run.left
        except CelError as error:
            error.taken = steps - max(0, run.left)
            raise


@lru_cache(maxsize=512)
def program(text: str) -> Program:
    """The program of a text, made once."""
    return Program(text)


class _Run:
    def __init__(self, text: str, steps: int) -> None:
        self.text = text
        self.left = steps

    def _fail(self, node: Node, message: str) -> CelError:
        return CelError(f"{message} ({place(self.text, node.at)})")

    def value(self, node: Node, names: dict[str, Value]) -> Value:
        self.left -= 1
        if self.left < 0:
            raise self._fail(node, "the evaluation takes too many steps")
        found = _OPERATIONS[node.op](self, node, names)
        if found.__class__ is Broken:
            raise self._fail(node, found.why)
        return found

    def _literal(self, node: Node, names: dict[str, Value]) -> Value:
        return node.value

    def _name(self, node: Node, names: dict[str, Value]) -> Value:
        if node.value in names:
            return names[node.value]
        if node.value in _TYPES:
            return Kind(node.value)
        raise self._fail(node, f"there is nothing called {node.value!r} here")

    def _select(self, node: Node, names: dict[str, Value]) -> Value:
        full = _qualified(node)
        if full and full in names:
            return names[full]
        if full in _MESSAGES:
            return Kind(full)
        assert node.target is not None
        target = self.value(node.target, names)
        optional = node.dotted
        if target.__class__ is Maybe:
            optional = True
            if not target.there:
                return target
            target = target.value
        if target.__class__ is not dict:
            if optional and target is None:
                return Maybe()
            raise self._fail(node, f"{_called(target)} has no fields")
        if node.value in target:
            return Maybe(target[node.value]) if optional else target[node.value]
        if optional:
            return Maybe()
        raise self._fail(node, f"there is no field {node.value!r}")

    def _test(self, node: Node, names: dict[str, Value]) -> Value:
        assert node.target is not None
        target = self.value(node.target, names)
        if target.__class__ is Maybe:
            target = target.value if target.there else {}
        if target.__class__ is not dict:
            raise self._fail(node, f"{_called(target)} has no fields")
        return node.value in target

    def _list(self, node: Node, names: dict[str, Value]) -> Value:
        out = []
        for i, arg in enumerate(node.args):
            value = self.value(arg, names)
            if i in node.optional:
                if not value.there:
                    continue
                value = value.value
            out.append(value)
        return out

    def _map(self, node: Node, names: dict[str, Value]) -> Value:
        out: dict[Any, Value] = {}
        for i in range(0, len(node.args), 2):
            key, value = self.value(node.args[i], names), self.value(node.args[i + 1], names)
            if i // 2 in node.optional:
                if not value.there:
                    continue
                value = value.value
            out[key] = value
        return out

    def _object(self, node: Node, names: dict[str, Value]) -> Value:
        values = [self.value(a, names) for a in node.args]
        return {
            k: v.value if v.__class__ is Maybe else v
            for k, v in zip(node.keys, values, strict=True)
            if v.__class__ is not Maybe or v.there
        }

    def _call(self, node: Node, names: dict[str, Value]) -> Value:
        name = str(node.value)
        if name == "_?_:_":
            return self.value(node.args[1 if self._truth(node.args[0], names) else 2], names)
        if name in ("_&&_", "_||_"):
            return self._decided(((arg, names) for arg in node.args), name == "_||_")
        target = node.target
        if target is not None:
            full = _qualified(target)
            if full and full.partition(".")[0] not in names and f"{full}.{name}" in FUNCTIONS:
                name, target = f"{full}.{name}", None
        if target is None:
            function = FUNCTIONS.get(name)
            values = [self.value(a, names) for a in node.args]
        else:
            function = METHODS.get(name)
            values = [self.value(target, names), *(self.value(a, names) for a in node.args)]
            if function is None and values[0].__class__ is Maybe:
                raise self._fail(node, f"an optional value has no function {name!r}")
        if function is None:
            raise self._fail(node, f"there is no function {name!r}")
        self._charge(node, name, values)
        try:
            found = function(*values)
        except CelError as error:
            raise self._fail(node, str(error)) from None
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
            shown = ", ".join(_called(v) for v in values)
            raise self._fail(node, f"{name} cannot be done with {shown}: {error}") from None
        if found.__class__ in _SIZED:
            self.left -= len(found) // 10
        return found

    def _charge(self, node: Node, name: str, values: list[Value]) -> None:
        """Pay for a call before it is made: for what it goes through, and what it makes."""
        sizes = [weight(v) for v in values if v.__class__ in _SIZED]
        self.left -= sum(sizes) // 10
        if name == "distinct":
            self.left -= 2 * sizes[0] * len(values[0])
        elif name.startswith("sets.") and len(sizes) == 2:
            self.left -= sizes[0] * sizes[1]
        elif name == "replace" and len(sizes) == 3:
            times = sizes[0] + 1 if not values[1] else values[0].count(values[1])
            self.left -= times * sizes[2] // 10
        elif name == "join" and sizes:
            self.left -= sum(len(v) for v in values[0] if v.__class__ is str) // 10
        if self.left < 0:
            raise self._fail(node, "the evaluation takes too many steps")

    def _truth(self, node: Node, names: dict[str, Value]) -> bool:
        value = self.value(node, names)
        if value.__class__ is not bool:
            raise self._fail(node, f"a truth value is expected, not {_called(value)}")
        return bool(value)

    def _decided(self, asked: Iterable[tuple[Node, dict[str, Value]]], wanted: bool) -> bool:
        """Whether one of them is as `wanted`; that makes a failure of the others unimportant."""
        failed: CelError | None = None
        for node, names in asked:
            try:
                if self._truth(node, names) is wanted:
                    return wanted
            except CelError as error:
                if self.left < 0:
                    raise
                failed = failed or error
        if failed is not None:
            raise failed
        return not wanted

    def _items(self, node: Node, names: dict[str, Value]) -> tuple[Value, Iterator[dict[str, Value]]]:
        assert node.target is not None
        over = self.value(node.target, names)
        if over.__class__ not in (list, dict):
            raise self._fail(node.target, f"a list or map is expected, not {_called(over)}")
        pairs = list(over.items() if over.__class__ is dict else enumerate(over))
        if len(node.names) == 2:
            return over, ({**names, node.names[0]: k, node.names[1]: v} for k, v in pairs)
        single = over.__class__ is dict
        return over, ({**names, node.names[0]: k if single else v} for k, v in pairs)

    def _loop(self, node: Node, names: dict[str, Value]) -> Value:
        over, scopes = self._items(node, names)
        kind = str(node.value)
        if kind in ("all", "exists"):
            return self._decided(((node.args[0], s) for s in scopes), kind == "exists")
        if kind in ("exists_one", "existsOne"):
            return sum(self._truth(node.args[0], s) for s in scopes) == 1
        if kind == "filter":
            items = list(over)
            return [i for i, s in zip(items, scopes, strict=True) if self._truth(node.args[0], s)]
        if kind == "sortBy":
            keyed = [(self.value(node.args[0], s), item) for item, s in zip(over, scopes, strict=True)]
            return [item for _, item in sorted(keyed, key=lambda pair: order(pair[0]))]
        chosen = (s for s in scopes if len(node.args) == 1 or self._truth(node.args[0], s))
        if kind in ("map", "transformList"):
            return [self.value(node.args[-1], s) for s in chosen]
        if kind == "transformMap":
            return {s[node.names[0]]: self.value(node.args[-1], s) for s in chosen}
        out: dict[Any, Value] = {}
        for s in chosen:
            for key, value in self.value(node.args[-1], s).items():
                if key in out:
                    raise self._fail(node, f"the key {key!r} is given twice")
                out[key] = value
        return out

    def _bind(self, node: Node, names: dict[str, Value]) -> Value:
        assert node.target is not None
        over = self.value(node.target, names)
        if over.__class__ is not Maybe:
            raise self._fail(node.target, f"an optional value is expected, not {_called(over)}")
        if not over.there:
            return over
        found = self.value(node.args[0], {**names, node.names[0]: over.value})
        return Maybe(found) if node.value == "optMap" else found


_OPERATIONS: dict[str, Callable[[_Run, Node, dict[str, Value]], Value]] = {
    "literal": _Run._literal,
    "name": _Run._name,
    "select": _Run._select,
    "test": _Run._test,
    "list": _Run._list,
    "map": _Run._map,
    "object": _Run._object,
    "call": _Run._call,
    "loop": _Run._loop,
    "bind": _Run._bind,
}
_TYPES = frozenset(
    ("int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "optional_type")
)
_MESSAGES = frozenset(("google.protobuf.Duration", "google.protobuf.Timestamp"))


_SIZED = (str, bytes, list, dict)


def weight(value: Value) -> int:
    """How much there is to a value, all that is within it counted as often as it occurs."""
    if value.__class__ not in (list, dict):
        return len(value) if value.__class__ in (str, bytes) else 1
    return _weight(value, {})


def _weight(value: Value, known: dict[int, int]) -> int:
    found = known.get(id(value))
    if found is None:
        items = value.values() if value.__class__ is dict else value
        found = len(value)
        for item in items:
            if item.__class__ in (list, dict):
                found += _weight(item, known)
            elif item.__class__ in (str, bytes):
                found += len(item) // 10
        known[id(value)] = found
    return found


def _qualified(node: Node) -> str:
    if node.op == "name":
        return str(node.value)
    if node.op == "select" and node.target is not None and not node.dotted:
        above = _qualified(node.target)
        return f"{above}.{node.value}" if above else ""
    return ""


def _called(value: Value) -> str:
    if value is None:
        return "null"
    if value.__class__ is bool:
        return "a truth value"
    if value.__class__ is str:
        return f"the text {value[:40]!r}"
    if value.__class__ is list:
        return "a list"
    if value.__class__ is dict:
        return "a map"
    return f"the number {value}" if isinstance(value, (int, float)) else f"a {type(value).__name__}"


__all__ = ["STEPS", "Maybe", "Program", "equal", "index", "program"]
