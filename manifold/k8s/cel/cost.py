"""What an expression costs at most, before it is run: the API server's estimate, which decides what it lets in.

Source: cel-go v0.29.2 checker/cost.go, ext/{lists,sets}.go and common/cost.go (units, sizes along a path of fields, what
macros expand to); k8s.io/apiserver v0.37.2 pkg/cel/library/cost.go (Kubernetes' own functions). Where the server's
bookkeeping is odd (a loop over what has no path takes the size of `self`), so is this.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from manifold.k8s.cel.check import Overload, T
from manifold.k8s.cel.syntax import Node, deep

Range = tuple[int, int]  # the least and the most: of a size, or of a cost
Way = tuple[str, ...]

TOP = (1 << 64) - 1
UNKNOWN: Range = (0, TOP)
ONE: Range = (1, 1)
_LIST, _MAP, _OBJECT = (10, 10), (30, 30), (40, 40)  # to make one
_SCAN = 0.1  # to look at one character
_PATTERN = 0.25  # one character of a pattern
_FORMAT_PATTERN = 128  # characters of a named format's pattern
_FORMAT = 64  # characters of a format
_ADDRESS = (4, 16)  # bytes of an address
_CHECK = 350_000  # to ask the authorizer
_SCALARS = frozenset(("bool", "double", "duration", "int", "timestamp", "uint"))


def _add(*ranges: Range) -> Range:
    return min(TOP, sum(r[0] for r in ranges)), min(TOP, sum(r[1] for r in ranges))


def _times(a: Range, b: Range) -> Range:
    return min(TOP, a[0] * b[0]), min(TOP, a[1] * b[1])


def _part(count: int, factor: float) -> int:
    whole = math.ceil(float(count) * factor)
    return TOP if whole >= 1 << 64 else whole


def _scaled(size: Range, factor: float) -> Range:
    return _part(size[0], factor), _part(size[1], factor)


def _either(a: Range, b: Range) -> Range:
    return min(a[0], b[0]), max(a[1], b[1])


class _Entry(NamedTuple):
    """The sizes of what a list or map holds, as far as its making tells."""

    listed: bool
    key: Range
    value: Range

    def union(self, other: _Entry | None) -> _Entry | None:
        return other and _Entry(self.listed, _either(self.key, other.key), _either(self.value, other.value))


_EMPTY = _Entry(True, ONE, (0, 0))


class _Local(NamedTuple):
    """A variable of a loop or binding."""

    way: Way | None
    size: Range | None
    entry: _Entry | None = None


class _Given(NamedTuple):
    """What a function is called with."""

    node: Node
    overload: Overload
    args: list[Node]
    costs: list[Range]


def estimate(node: Node, root: T) -> int:
    """The cost at most of a checked expression, in the server's units.

    `root` is the type of `self`, whose `most` fields bound the sizes of what can be reached from it.
    """
    with deep():
        return _Costs(root).cost(node)[1]


def largest(type: T) -> int:
    """How often a value of a type can occur in one request of the largest size."""
    return REQUEST // (type.fewest + 1)


REQUEST = 3 * 1024 * 1024
"""The bytes of the largest request."""


class _Costs:
    def __init__(self, root: T) -> None:
        self.root = root
        self.ways: dict[int, Way | None] = {}
        self.sizes: dict[int, Range] = {}
        self.entries: dict[int, _Entry] = {}
        self.locals: dict[str, list[_Local]] = defaultdict(list)

    # Sizes

    def _local(self, node: Node) -> _Local | None:
        found = self.locals.get(node.value) if node.op == "name" else None
        return found[-1] if found else None

    def way(self, node: Node) -> Way | None:
        local = self._local(node)
        return local.way if local is not None else self.ways.get(id(node))

    def along(self, way: Way | None) -> Range | None:
        """The size that the schema allows to what lies at the end of a way from `self`."""
        if not way:
            return None
        at = self.root
        for name in way[1:]:
            inner: T | None
            if name in ("@items", "@values"):
                inner = at.args[-1] if at.name in ("list", "map") else None
            elif name == "@keys":
                inner = at.args[0] if at.name == "map" else None
            else:
                inner = (at.fields or {}).get(name)
            if inner is None:
                return None
            at = inner
        return 0, at.most or 0

    def size(self, node: Node) -> Range | None:
        known = self.sizes.get(id(node))
        if known is not None:
            return known
        if node.op == "literal":
            length = len(node.value) if isinstance(node.value, (str, bytes)) else 1
            return length, length
        if node.op in ("list", "map"):
            length = len(node.args) // (1 if node.op == "list" else 2)
            return length, length
        found = self.along(self.way(node))
        if found is not None:
            self.sizes[id(node)] = found
            return found
        if _scalar(node.type):
            return ONE
        local = self._local(node)
        return local.size if local is not None else None

    def sized(self, node: Node) -> Range:
        found = self.size(node)
        return UNKNOWN if found is None else found

    def entry(self, node: Node) -> _Entry | None:
        found = self.entries.get(id(node))
        if found is None:
            local = self._local(node)
            found = local.entry if local is not None else None
        return found

    def _keep(self, node: Node, size: Range | None, entry: _Entry | None = None) -> None:
        if size is not None:
            self.sizes[id(node)] = size
        if entry is not None:
            self.entries[id(node)] = entry

    # Costs

    def cost(self, node: Node) -> Range:
        found: Range = getattr(self, f"_{node.op}")(node)
        return found

    def _literal(self, node: Node) -> Range:
        return 0, 0

    def _name(self, node: Node) -> Range:
        local = self._local(node)
        self.ways[id(node)] = local.way if local is not None else (str(node.value),)
        return ONE

    def _select(self, node: Node) -> Range:
        assert node.target is not None
        total = self.cost(node.target)
        if node.dotted:
            self._keep(node, self.size(node))
            return _add(total, ONE)
        target: T = node.target.type
        if target.name == "map" or target.fields is not None or _parameter(target):
            total = _add(total, ONE)
        self.ways[id(node)] = (*(self.way(node.target) or ()), str(node.value))
        return total

    def _test(self, node: Node) -> Range:
        assert node.target is not None
        return self.cost(node.target)

    def _list(self, node: Node) -> Range:
        total, item = _LIST, ((TOP, 0) if node.args else (0, 0))
        for arg in node.args:
            total = _add(total, self.cost(arg))
            item = _either(item, self.sized(arg))
        self._keep(node, None, _Entry(True, ONE, item))
        return total

    def _map(self, node: Node) -> Range:
        total = _MAP
        sides: list[Range] = [(TOP, 0) if node.args else (0, 0)] * 2
        for i, arg in enumerate(node.args):
            total = _add(total, self.cost(arg))
            sides[i % 2] = _either(sides[i % 2], self.sized(arg))
        self._keep(node, None, _Entry(False, sides[0], sides[1]))
        return total

    def _object(self, node: Node) -> Range:
        return _add(_OBJECT, *(self.cost(a) for a in node.args))

    def _call(self, node: Node) -> Range:
        name = str(node.value)
        if name == "dyn":
            total = _add(ONE, self.cost(node.args[0]))
            self._keep(node, self.size(node.args[0]), self.entry(node.args[0]))
            return total
        costs = [self.cost(a) for a in node.args]
        total = self.cost(node.target) if node.target is not None else (0, 0)
        if name == "_?_:_":
            return self._condition(node, costs)
        if name in ("_&&_", "_||_"):
            self._keep(node, self.size(node))
            return costs[0][0], _add(*costs)[1]
        own: Range = (TOP, 0)
        size: Range | None = None
        for overload in node.overloads:
            found, made = self._function(_Given(node, overload, node.args, costs))
            own = _either(own, _add(found, *costs))
            if made is not None:
                size = made if size is None else _either(size, made)
            if name == "_[_]" and overload.params[0].name in ("list", "map"):
                entry = self.entry(node.args[0])
                size = entry.value if entry is not None else None
                step = "@items" if overload.params[0].name == "list" else "@values"
                self.ways[id(node)] = (*(self.way(node.args[0]) or ()), step)
            if size is None:
                size = self.size(node)
        self._keep(node, size)
        return _add(total, own)

    def _condition(self, node: Node, costs: list[Range]) -> Range:
        yes, no = node.args[1:]
        first = self.entry(yes)
        self._keep(node, _either(self.sized(yes), self.sized(no)), first and first.union(self.entry(no)))
        return _add(costs[0], _either(costs[1], costs[2]))

    def _function(self, given: _Given) -> tuple[Range, Range | None]:
        """The cost of a call itself, and the size of what it gives where that is told."""
        known = _KNOWN.get(str(given.node.value))
        found = known(self, given) if known is not None else None
        return found or (ONE, None)

    # Loops, as the macros expand

    def _loop(self, node: Node) -> Range:
        assert node.target is not None
        if node.value == "sortBy":
            return self._sort_by(node)
        total = self.cost(node.target)
        entry, way = self.entry(node.target), self.way(node.target) or ()
        listed = entry.listed if entry is not None else node.target.type.name == "list"
        key, value = (entry.key, entry.value) if entry is not None else (None, None)
        of_key = _Local((*way, "@indices" if listed else "@keys"), key)
        of_value = _Local((*way, "@items" if listed else "@values"), value)
        if len(node.names) == 2:
            scope = dict(zip(node.names, (of_key, of_value), strict=True))
        else:
            scope = {node.names[0]: of_value if listed else of_key}
        for name, local in scope.items():
            self.locals[name].append(local)
        before, each, after, made = self._round(node)
        for name in scope:
            self.locals[name].pop()
        count = self.sized(node.target)
        if before == (0, 0):
            self._keep(node, ONE)
        else:
            self._keep(node, count, made)
        return _add(total, before, after, _times(count, each))

    def _round(self, node: Node) -> tuple[Range, Range, Range, _Entry | None]:
        """What a loop costs before its rounds, in each, and after them; and what the list that it makes holds."""
        kind = node.value
        costs = [self.cost(a) for a in node.args]
        if kind in ("all", "exists"):
            # the accumulator && (||) the test; before it: @not_strictly_false(accumulator), (!accumulator)
            return (0, 0), _add((1, 1 + costs[0][1]), (2, 2) if kind == "all" else (3, 3)), ONE, None
        if kind in ("exists_one", "existsOne"):
            return (0, 0), _add(costs[0], (1, 2)), (2, 2), None
        if kind == "filter":
            item = Node("name", node.names[0], type=None)
            self.cost(item)
            return _LIST, _add(costs[0], (1, 13)), ONE, _EMPTY.union(_Entry(True, ONE, self.sized(item)))
        if kind in ("map", "transformList"):
            step, begin = _add(costs[-1], (12, 12)), _LIST
        else:
            step, begin = _add(costs[-1], (3, 3) if kind == "transformMap" else (2, 2)), _MAP
        if len(costs) == 2:
            step = _add(costs[0], _either(step, ONE))
        made = _EMPTY.union(_Entry(True, ONE, self.sized(node.args[-1]))) if begin == _LIST else None
        return begin, step, ONE, made

    def _bind(self, node: Node) -> Range:
        assert node.target is not None
        target = self.cost(node.target)
        there = _add(target, ONE)
        inner = node.target.type.args[0] if node.target.type.args else None
        self.locals[node.names[0]].append(_Local(None, ONE if inner is not None and _scalar(inner) else None))
        found = _add(_LIST, there, self.cost(node.args[0]))
        self.locals[node.names[0]].pop()
        size = (ONE if _scalar(node.args[0].type) else None) if node.value == "optMap" else self.size(node.args[0])
        none = ONE if _scalar(node.type) else UNKNOWN
        self._keep(node, _either(size or UNKNOWN, none))
        if node.value == "optMap":
            found = _add(found, ONE)
        return _add(there, _either(found, ONE))

    def _sort_by(self, node: Node) -> Range:
        assert node.target is not None
        total = _add(_LIST, self.cost(node.target))
        name = "@sorted"
        self.locals[name].append(_Local(self.way(node.target), self.size(node.target), self.entry(node.target)))
        keys = Node("loop", "map", node.args, Node("name", name, type=node.target.type), names=node.names)
        cost = self.cost(keys)
        self.locals[name].pop()
        size = self.sized(keys)
        square = _times(size, size)
        text = node.args[-1].type.name in ("string", "bytes", "dyn")
        self._keep(node, square)
        return _add(total, ONE, cost, _scaled(square, 2 + (_SCAN if text else 0)), ONE, _LIST)


def _parameter(type: T) -> bool:
    return len(type.name) == 1 and type.name.isupper()


def _scalar(type: T | None) -> bool:
    if type is None:
        return False
    if type.name == "optional_type" and type.args:
        return _scalar(type.args[0])
    return type.name in _SCALARS


# Functions: what a call costs, without its arguments, and the size of what it gives

Found = tuple[Range, Range | None] | None
Known = Callable[[_Costs, _Given], Found]
_KNOWN: dict[str, Known] = {}


def _of(*names: str) -> Callable[[Known], Known]:
    def put(function: Known) -> Known:
        _KNOWN.update(dict.fromkeys(names, function))
        return function

    return put


def _target(given: _Given) -> Node | None:
    return given.node.target


def _wrap(number: int) -> int:
    return number & TOP


def _literal_int(node: Node, otherwise: int) -> int:
    if node.op != "literal" or node.value.__class__ is not int:
        return otherwise
    return max(0, node.value)


@_of("check")
def _ask(costs: _Costs, given: _Given) -> Found:
    return (_CHECK, _CHECK), None


@_of("fieldSelector", "labelSelector")
def _selector(costs: _Costs, given: _Given) -> Found:
    length = costs.sized(given.args[0])
    requirements = _scaled(_scaled(length, 0.5), _LIST[0] + _OBJECT[0])
    return _add(_LIST, _scaled(length, _SCAN), requirements), None


@_of("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes")
def _traverse(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size = costs.sized(target)
    if not target.type.args:
        return (_times(size, ONE) if given.node.value == "includes" else _scaled(size, _SCAN)), None
    each = ONE
    if target.type.args[0].name in ("string", "bytes"):
        way = costs.way(target)
        item = costs.along((*way, "@items")) if way is not None else None
        each = _add(ONE, _scaled(item or UNKNOWN, _SCAN))
    return _times(size, each), None


@_of("url", "jsonpatch.escapeKey")
def _scan_argument(costs: _Costs, given: _Given) -> Found:
    size = costs.sized(given.args[0])
    return _scaled(size, _SCAN), size


@_of("lowerAscii", "upperAscii", "substring", "trim")
def _scan_target(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size = costs.sized(target)
    return _scaled(size, _SCAN), size


@_of("replace")
def _replace(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size, old, new = costs.sized(target), costs.sized(given.args[0]), costs.sized(given.args[1])

    def longest() -> int:
        if old[0] == 0:
            return min(TOP, min(TOP, min(TOP, size[1] + 1) * new[1]) + size[1])
        if new[1] <= old[0]:
            return size[1]
        return min(TOP, math.ceil(float(size[1]) / float(old[0])) * new[1])

    def shortest() -> int:
        if old[1] == 0:
            return min(TOP, min(TOP, (size[0] + 1) * new[0]) + size[0])
        if old[1] <= new[0]:
            return size[0]
        return min(TOP, math.ceil(float(size[0]) / float(old[1])) * new[0])

    return _scaled(size, 2 * _SCAN), (shortest(), longest())


@_of("split")
def _split(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size = costs.sized(target)
    most = size[1]
    if len(given.args) > 1 and given.args[1].op == "literal" and given.args[1].value.__class__ is int:
        most = _wrap(given.args[1].value)
    return _scaled(size, 2 * _SCAN), (0, most)


@_of("join")
def _join(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size, count = (0, 0), costs.sized(target)
    if target.type.args:
        way = costs.way(target)
        size = _times(count, (costs.along((*way, "@items")) if way is not None else None) or UNKNOWN)
    if given.args:
        gaps = (max(0, count[0] - 1), max(0, count[1] - 1))
        size = _add(size, _times(costs.sized(given.args[0]), gaps))
    return _scaled(size, _SCAN), size


@_of("find", "findAll")
def _find(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size = costs.sized(target)
    pattern = _scaled(costs.sized(given.args[0]), _PATTERN)
    return _times(_scaled(_add(size, ONE), _SCAN), pattern), (0, size[1])


@_of("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver")
def _parse(costs: _Costs, given: _Given) -> Found:
    if not given.args:
        return ONE, None  # the address of a CIDR
    return _scaled(costs.sized(given.args[0]), _SCAN), None


@_of("ip.isCanonical")
def _canonical(costs: _Costs, given: _Given) -> Found:
    return _scaled(costs.sized(given.args[0]), 2 * _SCAN), None


@_of("containsIP")
def _contains_ip(costs: _Costs, given: _Given) -> Found:
    cost = _scaled(_add(_ADDRESS, _ADDRESS), _SCAN)
    if given.overload.params[0].name == "string":
        cost = _add(cost, _scaled(costs.sized(given.args[0]), _SCAN))
    return cost, None


@_of("containsCIDR")
def _contains_cidr(costs: _Costs, given: _Given) -> Found:
    cost = _add(_scaled(_add(_ADDRESS, _ADDRESS), _SCAN), _scaled(_ADDRESS, _SCAN), ONE)
    if given.overload.params[0].name == "string":
        cost = _add(cost, _scaled(costs.sized(given.args[0]), _SCAN))
    return cost, None


@_of("validate")
def _validate(costs: _Costs, given: _Given) -> Found:
    return _scaled(_scaled(costs.sized(given.args[0]), _SCAN), _FORMAT_PATTERN * _PATTERN), None


@_of("_==_", "_!=_")
def _equal(costs: _Costs, given: _Given) -> Found:
    a, b = given.args
    if given.node.value == "_==_" and str(a.type) == str(b.type):
        kind = a.type.name
        if kind in (
            "IP",
            "CIDR",
            "Quantity",
            "Semver",
            "Authorizer",
            "PathCheck",
            "GroupCheck",
            "ResourceCheck",
            "Decision",
        ):
            return ONE, None
        if kind == "NamedFormat":
            return _scaled((1, _FORMAT), _SCAN), None
        if kind == "URL":
            size = costs.size(b)
            return _scaled((1, size[1] if size is not None else 1), _SCAN), None
    return _compare(costs, given)


def _compare(costs: _Costs, given: _Given) -> Found:
    most = min(costs.sized(given.args[0])[1], costs.sized(given.args[1])[1])
    return _scaled((1 if most else 0, most), _SCAN), None


@_of("_<_", "_<=_", "_>_", "_>=_")
def _order(costs: _Costs, given: _Given) -> Found:
    return _compare(costs, given) if given.overload.params[0].name in ("string", "bytes") else None


@_of("format")
def _format(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    return (_scaled(costs.sized(target), _SCAN), None) if target is not None else None


@_of("bytes", "string")
def _convert(costs: _Costs, given: _Given) -> Found:
    size = costs.sized(given.args[0])
    taken = given.overload.params[0].name
    if given.node.value == "bytes" and taken == "string":
        return _scaled(size, _SCAN), (size[0], _wrap(size[1] * 4))
    if given.node.value == "string" and taken == "bytes":
        return _scaled(size, _SCAN), (size[0] // 4, size[1])
    return None


@_of("strings.quote")
def _quote(costs: _Costs, given: _Given) -> Found:
    size = costs.sized(given.args[0])
    return _scaled(size, _SCAN), (_wrap(size[0] + 2), _wrap(size[1] * 2 + 2))


@_of("startsWith", "endsWith")
def _begins(costs: _Costs, given: _Given) -> Found:
    return _scaled(costs.sized(given.args[0]), _SCAN), None


@_of("@in")
def _within(costs: _Costs, given: _Given) -> Found:
    if given.overload.params[1].name != "list":
        return None
    return _scaled(costs.sized(given.args[1]), 1), None


@_of("matches")
def _matches(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    text, pattern = (given.args[0], given.args[1]) if target is None else (target, given.args[0])
    cost = _scaled(_add(costs.sized(text), ONE), _SCAN)
    return _times(cost, _scaled(costs.sized(pattern), _PATTERN)), None


@_of("contains")
def _contains(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    return _times(_scaled(costs.sized(target), _SCAN), _scaled(costs.sized(given.args[0]), _SCAN)), None


@_of("_+_")
def _plus(costs: _Costs, given: _Given) -> Found:
    kind = given.overload.params[0].name
    if kind not in ("string", "bytes", "list"):
        return None
    a, b = given.args
    size = _add(costs.sized(a), costs.sized(b))
    first = costs.entry(a)
    costs._keep(given.node, None, first and first.union(costs.entry(b)))
    return (ONE if kind == "list" else _scaled(size, _SCAN)), size


def _listed(factor: float, size: Range) -> Found:
    return _add(_scaled(size, factor), ONE, _LIST), size


@_of("slice")
def _slice(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    start = _literal_int(given.args[0], 0)
    size = _wrap(_literal_int(given.args[1], costs.sized(target)[1]) - start)
    return _listed(1, (size, size))


@_of("lists.range")
def _range(costs: _Costs, given: _Given) -> Found:
    size = _literal_int(given.args[0], TOP)
    return _listed(1, (size, size))


@_of("reverse", "flatten", "distinct", "sort")
def _rearranged(costs: _Costs, given: _Given) -> Found:
    target = _target(given)
    if target is None:
        return None
    size, name = costs.sized(target), given.node.value
    if name == "reverse":
        return _listed(1, size)
    if name == "flatten":
        return _listed(float(_literal_int(given.args[0], TOP)) if given.args else 1, size)
    taken = given.overload.receiver.args[0].name if given.overload.receiver is not None else ""
    text = name == "sort" and taken in ("string", "bytes")
    return _listed(2 + (_SCAN if text else 0), _times(size, size))


@_of("sets.contains", "sets.intersects", "sets.equivalent")
def _sets(costs: _Costs, given: _Given) -> Found:
    factor = 2 if given.node.value == "sets.equivalent" else 1
    return _add(_scaled(_times(costs.sized(given.args[0]), costs.sized(given.args[1])), factor), ONE), None
