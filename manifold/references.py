"""Who points at whom: shared by lint, which asks what is missing, and plan, which asks what comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from manifold import assets
from manifold.k8s import pods
from manifold.model import Document, Key, Path

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of rules/references.yaml."""

    kinds: frozenset[str]
    root: str
    parts: tuple[str, ...]
    group: str
    kind: str
    verb: str
    cluster: bool
    wish: bool
    optional_at: str
    key_at: str
    items_at: str
    port_at: str
    kind_at: str
    namespace_at: str
    known: frozenset[str]
    prefixes: tuple[str, ...]
    elsewhere: bool
    made_for: tuple[str, ...]
    port: int | None
    inside: tuple[str, ...]


class Reference(NamedTuple):
    """One object pointing at another: where it says so, what must be in the target, whether it may be missing."""

    document: Document
    way: Any
    """The way to where it says so, of `length` parts from the path where the search began: most are never asked for it."""
    length: int
    target: Key
    verb: str
    optional: bool = False
    wish: bool = False
    keys: tuple[tuple[Path, str], ...] = ()
    port: str | int | None = None
    unplaced: bool = False
    """Neither the object nor the reference names a namespace: it is whichever the object is applied to."""
    elsewhere: bool = False
    """Objects of this kind usually come from elsewhere: a cluster's setup, a vault, a controller."""
    inside: tuple[str, ...] = ()
    """Where the target keeps the names that `keys` must be among; empty for data."""

    @property
    def path(self) -> Path:
        """Where it says so."""
        return _way(self.way, self.length)


@cache
def table() -> dict[str, tuple[Kind, ...]]:
    """The lines by the kind that points; `$workload` stands for every kind with a Pod template."""
    out: dict[str, list[Kind]] = {}
    workloads = pods.holders()
    for line in assets.table("rules", "references.yaml")["references"]:
        root, *parts = _parts(line["at"])
        if root != "$pod":
            root, parts = "", [root, *parts]
        group, _, kind = line["to"].rpartition("/")
        names = frozenset(workloads if line["kinds"] == ["$workload"] else line["kinds"])
        made = Kind(
            names, root, tuple(parts), group, kind, line["verb"], bool(line.get("cluster")), bool(line.get("wish")),
            line.get("optional-at", ""), line.get("key-at", ""), line.get("items-at", ""), line.get("port-at", ""),
            line.get("kind-at", ""), line.get("namespace-at", ""), frozenset(line.get("known", ())), tuple(line.get("known-prefixes", ())),
            bool(line.get("elsewhere")), tuple(line.get("made-for", ())), line.get("port"), _parts(line.get("inside", "")),
        )  # fmt: skip
        for name in names:
            out.setdefault(name, []).append(made)
    return {name: tuple(lines) for name, lines in out.items()}


class _Branch:
    """What lies below one place: lines that end here, by field, and by the items of a list."""

    __slots__ = ("fields", "items", "lines", "only")

    def __init__(self) -> None:
        self.lines: list[tuple[int, Kind]] = []
        self.fields: dict[str, _Branch] = {}
        self.items: _Branch | None = None
        self.only = ""
        """The one field that leads on from here, where nothing else does."""


@cache
def _trees(kind: str) -> tuple[_Branch, _Branch] | None:
    """The lines of a kind as two trees, from the object and from its Pod spec: shared ways are gone once."""
    lines = table().get(kind)
    if not lines:
        return None
    out = (_Branch(), _Branch())
    for number, line in enumerate(lines):
        branch = out[bool(line.root)]
        for part in line.parts:
            if part == "[*]":
                branch.items = branch.items or _Branch()
                branch = branch.items
            else:
                branch = branch.fields.setdefault(part, _Branch())
        branch.lines.append((number, line))
    for root in out:
        _mark(root)
    return out


def _mark(branch: _Branch) -> None:
    if len(branch.fields) == 1 and not branch.lines and branch.items is None:
        (branch.only,) = branch.fields
    for below in (*branch.fields.values(), *((branch.items,) if branch.items is not None else ())):
        _mark(below)


Found = tuple[int, Kind, str, Any, Any]


def _walk(value: Any, parent: Any, trail: Any, branch: _Branch, found: list[Found]) -> None:
    """Gather (number of the line, the line, name, its parent, the way to it) of each name.

    A way is (the way before, its last part), from the path where the walk began: most lead to nothing.
    """
    if isinstance(value, dict):
        fields = branch.fields
        if len(value) < len(fields):
            for part in value:
                if part in fields:
                    _walk(value[part], value, (trail, part), fields[part], found)
        else:
            for part, below in fields.items():
                if part in value:
                    _walk(value[part], value, (trail, part), below, found)
    elif isinstance(value, list):
        if branch.items is not None:
            only = branch.items.only
            for n, item in enumerate(value):
                # Most variables of a container point at nothing.
                if not only or (isinstance(item, dict) and only in item):
                    _walk(item, value, (trail, n), branch.items, found)
    elif value and isinstance(value, str):
        for number, line in branch.lines:
            found.append((number, line, value, parent, trail))


def _way(trail: Any, count: int) -> Path:
    """The path that a way of so many parts stands for."""
    parts: list[str | int] = []
    for _ in range(count):
        trail, part = trail
        parts.append(part)
    return (*trail, *reversed(parts))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(p for p in text.replace("[*]", ".[*]").split(".") if p)


def names(body: Any, inside: tuple[str, ...]) -> set[str]:
    """The names at a place within an object."""
    if not inside:
        return {body} if isinstance(body, str) else set()
    first, rest = inside[0], inside[1:]
    if first == "[*]":
        return {n for item in (body if isinstance(body, list) else ()) for n in names(item, rest)}
    return names(body.get(first), rest) if isinstance(body, dict) else set()


# The kinds of subjects and roles that are objects, and their groups.
_GROUPS = {
    "ServiceAccount": "", "Role": "rbac.authorization.k8s.io", "ClusterRole": "rbac.authorization.k8s.io", "Deployment": "apps",
    "StatefulSet": "apps", "ReplicaSet": "apps", "DaemonSet": "apps", "ReplicationController": "", "Service": "", "Secret": "",
    "ConfigMap": "", "PersistentVolumeClaim": "", "VolumeSnapshot": "snapshot.storage.k8s.io", "Gateway": "gateway.networking.k8s.io",
}  # fmt: skip
_CLUSTER_WIDE = frozenset(("ClusterRole",))


def of(document: Document, pod: tuple[Body, Path] | None = None) -> Iterator[Reference]:
    """What one object points at, in the order of the table; `pod` is its Pod spec with the path, where that is known."""
    trees = _trees(document.kind)
    if trees is None:
        return
    meta = document.body.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    namespace = str(meta.get("namespace") or "")
    places: list[Found] = []
    if trees[0].fields:
        _walk(document.body, None, (), trees[0], places)
    if trees[1].fields:
        pod = pod or pods.spec(document.body, pods.held())
        if pod is not None:
            _walk(pod[0], None, pod[1], trees[1], places)
    if len(places) > 1:
        places.sort(key=_number)
    for _, line, name, parent, trail in places:
        if name in line.known or (line.prefixes and name.startswith(line.prefixes)):
            continue
        if line.made_for and any(str(a).startswith(line.made_for) for a in meta.get("annotations") or ()):
            continue
        found = _reference(line, document, name, parent, trail, namespace)
        if found is not None:
            yield found


def _number(found: Found) -> int:
    return found[0]


def _reference(
    line: Kind, document: Document, name: str, parent: dict[str, Any], trail: Any, namespace: str
) -> Reference | None:
    group, kind = line.group, line.kind
    if line.kind_at:
        said = parent.get(line.kind_at) or kind
        wanted_group = parent.get("group", parent.get("apiGroup"))
        if (
            said not in _GROUPS
            or (kind == "ServiceAccount" and said != kind)
            or wanted_group not in (None, "", _GROUPS[said])
        ):
            return None
        kind, group = str(said), _GROUPS[str(said)]
    wide = line.cluster or kind in _CLUSTER_WIDE
    said_space = parent.get(line.namespace_at) if line.namespace_at else None
    space = "" if wide else str(said_space or namespace or "default")
    port = parent.get(line.port_at, line.port) if line.port_at else None
    return Reference(
        document,
        trail,
        len(line.parts),
        Key(group, kind, space, name),
        line.verb,
        bool(line.optional_at and parent.get(line.optional_at)),
        line.wish,
        tuple(_keys(line, parent, _way(trail, len(line.parts))[:-1])) if line.key_at or line.items_at else (),
        (port.get("name") or port.get("number")) if isinstance(port, dict) else port,
        not (wide or said_space or namespace),
        line.elsewhere,
        line.inside,
    )


def _keys(line: Kind, parent: dict[str, Any], at: Path) -> Iterator[tuple[Path, str]]:
    """What a reference asks of its target: the names, and where they stand."""
    if line.key_at and isinstance(parent.get(line.key_at), str):
        yield (*at, line.key_at), parent[line.key_at]
    if line.items_at:
        for i, item in enumerate(parent.get("items") or ()):
            if isinstance(item, dict) and isinstance(item.get("key"), str):
                yield (*at, "items", i, "key"), item["key"]


def all_of(documents: Iterable[Document]) -> Iterator[Reference]:
    """What these objects point at."""
    for document in documents:
        yield from of(document)
