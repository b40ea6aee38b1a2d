"""Changes to valid manifests, drawn by chance: what people mistype, and what a validator is apt to overlook."""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

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


class Mutator:
    """Draws changes; what fields exist and which values they take is learnt from `bodies`."""

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

    @staticmethod
    def _name(path: Place) -> str:
        return next((p for p in reversed(path) if isinstance(p, str)), "")

    def mutate(self, body: Body, times: int = 1) -> tuple[Body, str]:
        """A changed copy of `body`, and what was done to it."""
        body = copy.deepcopy(body)
        done = [self._once(body) for _ in range(times)]
        return body, " + ".join(done)

    def _once(self, body: Body) -> str:
        chance = self.chance
        if chance.random() < 0.08:
            field = chance.choice(list(METADATA))
            meta = body.setdefault("metadata", {})
            if isinstance(meta, dict):
                meta[field] = copy.deepcopy(chance.choice(METADATA[field]))
                return f"metadata.{field} = {str(meta[field])[:60]!r}"
        found = [p for p in places(body) if p[0] not in ("apiVersion", "kind", "status") and p != ("metadata",)]
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
