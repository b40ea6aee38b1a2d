"""Changes to valid manifests, drawn by chance: what people mistype, and what a validator is apt to overlook."""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from manifold.apiserver import schema
from manifold.apiserver.schema import Type

from tests.conformance.expressions import change_expressions, change_schema

Body = dict[str, Any]
Place = tuple[str | int, ...]

# Texts that one or another of the server's formats refuses.
TEXTS = (
    "", " ", "a b", "UPPER", "under_score", "-lead", "trail-", "a.b", "a..b", "a/b", "a//b", "/abs", "../up", "a:b", "a=b",
    "a,b", "a\nb", "*", "[a", "ü", "0", "1", "-1", "1.5", "10%", "50", "1Gi", "1e3", "0.5m", "01", "true", "null", "None",
    "a" * 63, "a" * 64, "a" * 254, "a" * 1025, "http://x", "https://a.b/c", "1.2.3.4", "01.2.3.4", "::1", "fd00::1",
    "10.0.0.0/8", "10.0.0.1/8", "fd00::/8", "@every 1h", "* * * * *", "2020-01-01T00:00:00Z", "1h", "example.com/a", "a@b",
    "$(A)", "localhost", "Always", "example.com", "k8s.io/x", "kubernetes.io/x", "'q'", '"q"', ".dot", "dot.", "UTC", "v1",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 3, 5, 10, 63, 100, 101, 300, 511, 1000, 3601, 65535, 65536, 86401, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 1.5, -100)  # fmt: skip
QUANTITIES = (
    "0",
    "1",
    "-1",
    "1.5",
    "100m",
    "0.0001",
    "1Ki",
    "1Gi",
    "1e3",
    "5.",
    "1 Gi",
    "1gi",
    "",
    "1n",
    "999Ei",
    "-5m",
)
LABELS: tuple[Any, ...] = (
    {"a": "b"}, {"a/b/c": "x"}, {"": "x"}, {"-a": "x"}, {"a": "-b"}, {"a": "x" * 64}, {"x" * 64: "a"}, {"A.b/c": "x"},
    {"a": "b c"}, {"a": None}, {"a": ""}, {"kubernetes.io/metadata.name": "zzz"}, {"app.kubernetes.io/name": "a_b.c"},
)  # fmt: skip
METADATA: dict[str, tuple[Any, ...]] = {
    "name": ("", "a b", "Upper", "a.b", "a_b", "a:b", "1a", "-a", "a" * 64, "a" * 254, "a/b", "system:x", ".", "..", "a%b"),
    "generateName": ("", "a-", "A-", "a b", "a" * 260, "a.", "a_"),
    "namespace": ("", "default"),
    "labels": LABELS,
    "annotations": (*LABELS, {"a": "x" * 262145}, {"kubernetes.io/change-cause": "x"}),
    "finalizers": (["a"], ["a/b"], ["kubernetes"], ["orphan", "foregroundDeletion"], ["a b/c"], ["a/b", "a/b"], [""], ["foregroundDeletion"], ["example.com/x"]),
    "ownerReferences": (
        [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u"}], [{"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "u"}],
        [{"apiVersion": "", "kind": "", "name": "", "uid": ""}], [{"apiVersion": "a/b/c", "kind": "X", "name": "n", "uid": "u"}],
        [{"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True} for n in "ab"],
        [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u", "blockOwnerDeletion": True}] * 2,
    ),
    "managedFields": ([], [{"manager": "a", "operation": "Update", "apiVersion": "v1", "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}}}], [{"operation": "Bogus"}]),
    "generation": (0, 5, -1), "resourceVersion": ("", "1", "x"), "uid": ("u", ""), "selfLink": ("x",),
    "creationTimestamp": (None, "2020-01-01T00:00:00Z", "x"), "deletionTimestamp": ("2020-01-01T00:00:00Z",), "deletionGracePeriodSeconds": (-1, 5),
    "clusterName": ("x",),
}  # fmt: skip


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """The path of every value within `value`, itself left out."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def typed(value: Any, type: Type, path: Place = ()) -> Iterator[tuple[Place, Type]]:
    """Every place within `value` whose type the schema knows, `value` itself included."""
    yield path, type
    if isinstance(value, dict):
        for key, inner in value.items():
            below = type.items if type.shape == "map" else type.fields[key].type if key in type.fields else None
            if below is not None:
                yield from typed(inner, below, (*path, key))
    elif isinstance(value, list) and type.items is not None:
        for i, inner in enumerate(value):
            yield from typed(inner, type.items, (*path, i))


def at(value: Any, path: Place) -> Any:
    """What stands at `path`."""
    for part in path:
        value = value[part]
    return value


# What most formats take, by shape.
_PLAIN: dict[str, Any] = {
    "string": "a", "integer": 1, "number": 1, "boolean": True, "quantity": "1", "int-or-string": 1, "bytes": "YQ==",
    "time": "2030-01-01T00:00:00Z", "micro-time": "2030-01-01T00:00:00.000000Z", "duration": "1m0s", "raw": {},
    "any": {},
}  # fmt: skip


SPOKEN = frozenset(("CustomResourceDefinition", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"))


class Mutator:
    """Draws changes; what fields exist and which values they take is learnt from `bodies`, and from the schema."""

    def __init__(self, bodies: list[Body], chance: random.Random) -> None:
        self.chance = chance
        self.values: dict[str, list[Any]] = defaultdict(list)
        self.beside: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for body in bodies:
            for path in places(body):
                value = body
                for part in path[:-1]:
                    value = value[part]
                holder, last = value, path[-1]
                self.values[str(last) if isinstance(last, str) else f"{self._name(path)}[]"].append(holder[last])
                if isinstance(holder, dict) and isinstance(last, str):
                    self.beside[self._name(path[:-1])][last].append(holder[last])
        self.schema = schema.load()
        self.seen: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for body in bodies:
            for path, type in self._typed(body):
                value = at(body, path)
                if type.name and isinstance(value, dict):
                    for field, inner in value.items():
                        self.seen[type.name, field].append(inner)

    def _typed(self, body: Body) -> list[tuple[Place, Type]]:
        version, name = body.get("apiVersion"), body.get("kind")
        if not isinstance(version, str) or not isinstance(name, str):
            return []
        kind = self.schema.kind(version, name)
        return [] if kind is None else list(typed(body, kind.type))

    def _minimal(self, type: Type, depth: int = 0) -> Any:
        """The least value of a type: what the schema calls required, now and then a field more."""
        if type.enum:
            return self.chance.choice(sorted(type.enum))
        if type.shape == "list":
            return [] if depth > 4 or type.items is None else [self._minimal(type.items, depth + 1)]
        if type.shape == "map":
            return {} if type.items is None else {"a": self._minimal(type.items, depth + 1)}
        if type.shape != "object":
            return copy.deepcopy(_PLAIN.get(type.shape, "a"))
        names = [n for n, f in type.fields.items() if f.required]
        if type.fields and (not names or self.chance.random() < 0.3):
            names.append(self.chance.choice(sorted(type.fields)))
        return {n: self._value(type, n, depth) for n in names if depth <= 4}

    def _value(self, type: Type, field: str, depth: int = 0) -> Any:
        """A value for a field: one that some manifest has, or the least one."""
        seen = self.seen.get((type.name, field))
        if seen and self.chance.random() < 0.6:
            return copy.deepcopy(self.chance.choice(seen))
        return self._minimal(type.fields[field].type, depth + 1)

    def _by_schema(self, body: Body) -> str:
        """A change that the schema suggests, or nothing where none fits."""
        chance = self.chance
        left_out = ("apiVersion", "kind", "status", *(("metadata",) if chance.random() < 0.8 else ()))
        found = [(p, t) for p, t in self._typed(body) if not p or p[0] not in left_out]
        how = chance.choice(("grow", "grow", "grow", "enum", "swap", "move", "alike"))
        if how in ("grow", "swap"):
            objects = [(p, t) for p, t in found if t.shape == "object" and isinstance(at(body, p), dict)]
            if not objects:
                return ""
            path, type = chance.choice(objects)
            holder = at(body, path)
            lacking = sorted(set(type.fields) - set(holder))
            if not lacking:
                return ""
            name = chance.choice(lacking)
            gone = ""
            if how == "swap":
                # Members of unions are optional objects, for the most part.
                members = sorted(k for k in holder if k in type.fields and type.fields[k].type.shape == "object")
                others = [n for n in lacking if type.fields[n].type.shape == "object"]
                if not members or not others:
                    return ""
                gone, name = chance.choice(members), chance.choice(others)
                del holder[gone]
            holder[name] = self._value(type, name)
            said = f"{name} for {gone}" if gone else f"{name} added"
            return f"{'.'.join(map(str, path))}: {said} = {str(holder[name])[:60]!r}"
        if how == "enum":
            texts = [(p, t) for p, t in found if p and t.enum]
            if not texts:
                return ""
            path, type = chance.choice(texts)
            at(body, path[:-1])[path[-1]] = chance.choice(sorted(type.enum or ()))
            return f"{'.'.join(map(str, path))} = {at(body, path)!r}"
        if how == "move":
            lists = [(p, t) for p, t in found if p and isinstance(at(body, p), list)]
            full = [(p, t) for p, t in lists if at(body, p)]
            if not full:
                return ""
            path, type = chance.choice(full)
            item = chance.choice(at(body, path))
            name = type.items.name if type.items is not None else ""
            others = [p for p, t in lists if p != path and t.items is not None and t.items.name == name]
            if others:
                target = chance.choice(others)
                at(body, target).append(copy.deepcopy(item))
                return f"{'.'.join(map(str, path))}: an item copied to {'.'.join(map(str, target))}"
            holder = at(body, path[:-1])
            own = dict(self._typed(body))[path[:-1]]
            last = name.rpartition(".")[2]  # of Container an EphemeralContainer
            empty = sorted(
                n
                for n, f in own.fields.items()
                if n not in holder and last and f.type.items is not None and f.type.items.name.endswith(last)
            )
            if not empty:
                return ""
            holder[chance.choice(empty)] = [copy.deepcopy(item)]
            return f"{'.'.join(map(str, path))}: an item moved to another list"
        # Equal where it should differ, or another where it should be the same.
        leaves = [p for p, t in found if p and t.shape == "string" and isinstance(p[-1], str)]
        if len(leaves) < 2:
            return ""
        path = chance.choice(leaves)
        same = [p for p in leaves if p != path and p[-1] == path[-1]] or [p for p in leaves if p != path]
        other = chance.choice(same)
        at(body, path[:-1])[path[-1]] = at(body, other)
        return f"{'.'.join(map(str, path))} as {'.'.join(map(str, other))}"

    @staticmethod
    def _name(path: Place) -> str:
        return next((p for p in reversed(path) if isinstance(p, str)), "")

    def mutate(self, body: Body, times: int = 1) -> tuple[Body, str]:
        """A changed copy of `body`, and what was done to it."""
        body = copy.deepcopy(body)
        done: list[str] = []
        for _ in range(times):
            done.append(
                (body.get("kind") in SPOKEN and self.chance.random() < 0.6 and self._spoken(body))
                or (self.chance.random() < 0.5 and self._by_schema(body))
                or self._once(body)
            )
        if self.chance.random() < 0.15:  # two changes near one another
            done.append(self._once(body, self._near(body)))
        return body, " + ".join(done)

    def _spoken(self, body: Body) -> str:
        """A change to the schemas or expressions of a definition or policy, or nothing where there are none."""
        if body.get("kind") == "CustomResourceDefinition" and self.chance.random() < 0.7:
            return change_schema(body, self.chance)
        return change_expressions(body, self.chance)

    def _near(self, body: Body) -> Place:
        objects = [p for p in places(body) if isinstance(at(body, p), dict) and len(at(body, p)) > 1]
        return self.chance.choice(objects or [()])

    def _once(self, body: Body, below: Place = ()) -> str:
        chance = self.chance
        if chance.random() < 0.08:
            field = chance.choice(list(METADATA))
            meta = body.setdefault("metadata", {})
            if isinstance(meta, dict):
                meta[field] = copy.deepcopy(chance.choice(METADATA[field]))
                return f"metadata.{field} = {str(meta[field])[:60]!r}"
        found = [p for p in places(body) if p[0] not in ("apiVersion", "kind", "status") and p != ("metadata",)]
        found = [p for p in found if len(p) > len(below) and p[: len(below)] == below] or found
        if not found:
            body["spec"] = {}
            return "spec = {}"
        path = chance.choice(found)
        holder: Any = body
        for part in path[:-1]:
            holder = holder[part]
        last, value = path[-1], holder[path[-1]]
        where = ".".join(map(str, path))
        how = chance.choice(self._ways(holder, last, value))
        if how == "remove":
            del holder[last]
        elif how == "rename":
            holder[f"{last}s"] = holder.pop(last)
        elif how == "case":
            holder[str(last).swapcase()] = holder.pop(last)
        elif how == "twice":
            holder.insert(int(last), copy.deepcopy(value))
        elif how == "twin":  # the same key, something else different
            holder.append(copy.deepcopy(value))
            inner = list(places(holder[-1]))
            if inner:
                self._replace(holder[-1], chance.choice(inner))
        elif how == "many":
            holder.extend(copy.deepcopy(value) for _ in range(chance.choice((5, 20, 70))))
        elif how == "reverse":
            holder.reverse()
        elif how == "sibling":
            choices = self.beside[self._name(path[:-1])]
            names = sorted(n for n in choices if len(path) > 1 or n not in ("apiVersion", "kind"))
            name = chance.choice(names or [str(last)])
            choices = choices if names else {name: [value]}
            holder[name] = copy.deepcopy(chance.choice(choices[name]))
            return f"{'.'.join(map(str, path[:-1]))}: add {name}"
        elif how == "unknown":
            holder["bogus"] = chance.choice([1, "x", {}, [], None])
        else:
            self._replace(body, path)
            holder = body
            for part in path[:-1]:
                holder = holder[part]
            return f"{where} = {str(holder[last])[:60]!r}"
        return f"{how} {where}"

    @staticmethod
    def _ways(holder: Any, last: Any, value: Any) -> list[str]:
        ways = ["replace"] * 6 + ["remove"] * 2
        if isinstance(holder, dict):
            return [*ways, "rename", "case", "sibling", "sibling", "sibling", "unknown"]
        return [*ways, "twice", "twin", "twin", "many", "reverse"]

    def _replace(self, body: Any, path: Place) -> None:
        holder: Any = body
        for part in path[:-1]:
            holder = holder[part]
        last, value, chance = path[-1], holder[path[-1]], self.chance
        name = str(last) if isinstance(last, str) else f"{self._name(path)}[]"
        donors = self.values.get(name) or [value]
        options: list[Any] = [copy.deepcopy(chance.choice(donors))] * 3
        options += [chance.choice((None, True, 7, "text", [], {}, [1], {"a": "b"}))]
        if isinstance(value, str):
            options += [chance.choice(TEXTS)] * 5 + [value + "x", value.upper(), value[:1], chance.choice(QUANTITIES)]
        elif isinstance(value, bool):
            options += [not value] * 3
        elif isinstance(value, int | float):
            options += [chance.choice(NUMBERS)] * 5 + [value + 1, -value, str(value)]
        elif isinstance(value, list):
            options += [[], [None], [""], value[:1], value + value]
        elif isinstance(value, dict):
            options += [
                {},
                dict(list(value.items())[:1]),
                {**value, chance.choice(TEXTS): chance.choice(("", "x", "1"))},
            ]
        holder[last] = copy.deepcopy(chance.choice(options))
