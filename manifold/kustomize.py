"""What kustomizations fill in before their files are sent: as they stand, such files are not blamed for its absence.

The order is that of kustomize's built-in transformers (`configureBuiltinTransformers` of
https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.7.1/api/internal/target/kusttarget_configplugin.go): patches,
namespace, prefix and suffix, labels, JSON patches; components come first. What replacements, vars and transformers make of
the fields that they write to is not known here, so that nothing is said of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from manifold import api, assets
from manifold.apiserver.decode import copy
from manifold.apiserver.patch import jsonpatch, strategic
from manifold.apiserver.server import Server
from manifold.baseline import stable
from manifold.k8s import regexes
from manifold.model import Diagnostic, Document, Kustomization, ObjectId, Origin, Severity
from manifold.read.values import values
from manifold.read.walk import KUSTOMIZATIONS, regular

MOST_WAYS = 32
"""Ways from a file up to the kustomizations that nothing includes: of more the first are looked at."""

Body = dict[str, Any]


def set_aside(
    found: Iterable[Diagnostic],
    documents: Iterable[Document],
    kustomizations: Sequence[Kustomization],
    servers: Sequence[Server],
) -> list[Diagnostic]:
    """The diagnostics without the refusals that go away, whichever of the kustomizations is built; one note for each file.

    Files that were named by themselves are judged as they stand.
    """
    found = list(found)
    wanted = {(d.file, d.document) for d in found if _of_server(d)}
    if not wanted:
        return found
    tree = _Tree(kustomizations)
    there = list(documents)
    accounts = _accounts(there)
    cured: set[tuple[str, int, ObjectId, str, str, str]] = set()
    guessed: set[str] = set()
    anything: set[tuple[str, int]] = set()
    ends: dict[str, Kustomization] = {}
    for document in there:
        if document.named or (document.source, document.index) not in wanted:
            continue
        ways = tree.ways(str(Path(document.source).resolve()))
        if not any(ways):
            continue
        body = document.body
        about = ObjectId.of(body)
        for asked in servers:
            faults = _refusals(document, asked)
            kept: set[tuple[str, str]] = set()
            for way in ways:
                made = _completed(body, way, asked, accounts)
                said = _refusals(document.with_body(made), asked) if made is not None else set()
                written = _written(made, way, {_name(body), _name(made)}) if made is not None else []
                unknown = {fault for fault in said if any(_below(fault[1], place) for place in written)}
                if unknown:
                    guessed.add(document.source)
                left = {(rule, stable(path, made)) for rule, path in said - unknown}
                kept |= {fault for fault in faults if (fault[0], stable(fault[1], body)) in left}
            if all(any(() in layer.transformed for layer in way) for way in ways):
                anything.add((document.source, document.index))
            for rule, path in faults - kept:
                cured.add((document.source, document.index, about, rule, path, asked.version))
                ends.setdefault(document.source, next(way for way in ways if way)[-1].kustomization)
    if not cured:
        return found

    def gone(d: Diagnostic) -> bool:
        if (d.file, d.document) in anything:  # also what the server would say next
            return d.severity is Severity.ERROR and d.rule.startswith("api/")
        return _of_server(d) and any(
            (d.file, d.document, d.object, d.rule, d.path, version) in cured for version in d.kubernetes
        )

    notes: dict[str, list[Diagnostic]] = {}
    for d in found:
        if gone(d):
            notes.setdefault(d.file, []).append(d)
    return [
        *(d for d in found if not gone(d)),
        *(_note(said, ends[file], file in guessed) for file, said in notes.items()),
    ]


def builds(
    document: Document, documents: Iterable[Document], kustomizations: Sequence[Kustomization], asked: Server
) -> list[Body | None]:
    """An object as each build makes it that includes its file, None where it is deleted; `documents` are all at hand."""
    ways = _Tree(kustomizations).ways(str(Path(document.source).resolve()))
    accounts = _accounts(documents)
    return [_completed(document.body, way, asked, accounts) for way in ways]


def _accounts(documents: Iterable[Document]) -> frozenset[str]:
    return frozenset(d.key().name for d in documents if d.kind == "ServiceAccount")


def _refusals(document: Document, asked: Server) -> set[tuple[str, str]]:
    """(rule, path) of what the server refuses in an object."""
    said = (api.diagnose(f, document, asked.version) for f in asked.create(document.body).faults)
    return {(d.rule, d.path) for d in said if d.rejects}


def _of_server(d: Diagnostic) -> bool:
    return d.origin is Origin.APISERVER and d.severity is Severity.ERROR


def _note(said: list[Diagnostic], end: Kustomization, guessed: bool) -> Diagnostic:
    first = min(said, key=lambda d: d.span)
    paths = list(dict.fromkeys(d.path or "the object" for d in said))
    folder = _shown(end.folder)
    what = paths[0] if len(paths) == 1 else f"{', '.join(paths[:-1])} and {paths[-1]}"
    return first.as_note(
        "kustomized",
        f"{what}: refused as the file stands and "
        + (
            "written by what its kustomization replaces or transforms"
            if guessed
            else "mended by what its kustomization fills in"
        )
        + ", so it was left out",
        f"check what is sent as well: `kustomize build {folder} | manifold check -`",
    )


def _shown(folder: str) -> str:
    here = Path.cwd()
    place = Path(folder)
    return str(place.relative_to(here)) if place.is_relative_to(here) else folder


@dataclass(frozen=True)
class _Layer:
    """A kustomization, with what its file says."""

    kustomization: Kustomization

    @cached_property
    def data(self) -> Mapping[str, Any]:
        folder = Path(self.kustomization.folder)
        for name in KUSTOMIZATIONS:
            if (folder / name).is_file():
                data = values(self._file(name))
                return data[0] if data and isinstance(data[0], dict) else {}
        return {}

    @cached_property
    def component(self) -> bool:
        return self.data.get("kind") == "Component"

    @cached_property
    def patches(self) -> list[tuple[Mapping[str, Any] | None, Any]]:
        """(target, patch) of those that come first; without a target the patch says itself what it is for."""
        out: list[tuple[Mapping[str, Any] | None, Any]] = []
        for entry in _items(self.data, "patchesStrategicMerge"):
            if isinstance(entry, str):
                text = entry.encode(errors="replace") if "\n" in entry else self._file(entry)
                out += [(None, p) for p in values(text)]
        return out + self._targeted("patches")

    @cached_property
    def late(self) -> list[tuple[Mapping[str, Any] | None, Any]]:
        """(target, patch) of `patchesJson6902`, which come last."""
        return self._targeted("patchesJson6902")

    def _targeted(self, name: str) -> list[tuple[Mapping[str, Any] | None, Any]]:
        out: list[tuple[Mapping[str, Any] | None, Any]] = []
        for entry in _items(self.data, name):
            if isinstance(entry, dict):
                target = entry.get("target")
                patch = entry.get("patch") or self._file(entry.get("path"))
                text = patch.encode(errors="replace") if isinstance(patch, str) else patch
                if isinstance(text, bytes):
                    out += [(target if isinstance(target, dict) else None, p) for p in values(text)]
        return out

    @cached_property
    def replacements(self) -> list[Mapping[str, Any]]:
        """The targets of its replacements: what is selected, and the fields that are written."""
        out: list[Mapping[str, Any]] = []
        for entry in _items(self.data, "replacements"):
            there = [entry]
            if isinstance(entry, dict) and entry.get("path"):
                there = [
                    r
                    for value in values(self._file(entry["path"]))
                    for r in (value if isinstance(value, list) else [value])
                ]
            for one in there:
                if isinstance(one, dict):
                    out += [t for t in _items(one, "targets") if isinstance(t, dict)]
        return out

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The texts that stand for its vars."""
        return tuple(f"$({v['name']})" for v in _items(self.data, "vars") if isinstance(v, dict) and "name" in v)

    @cached_property
    def transformed(self) -> list[tuple[str, ...]]:
        """The places that its transformers write to: all of an object where it is not known what one does."""
        known = {line["kind"]: line["writes"] for line in assets.table("rules", "kustomize.yaml")["transformers"]}
        kinds: list[str] = []
        for entry in _items(self.data, "transformers"):
            text = entry.encode(errors="replace") if isinstance(entry, str) and "\n" in entry else self._file(entry)
            kinds += [str(v.get("kind")) for v in values(text) if isinstance(v, dict)] or [""]
        return [tuple(place.split("/")) if place else () for kind in kinds for place in known.get(kind, [""])]

    def _file(self, name: Any) -> bytes:
        if not isinstance(name, str) or not name:
            return b""
        try:
            return regular(Path(self.kustomization.folder) / name)
        except (OSError, ValueError):
            return b""  # kustomize itself will say that it is not there, or no file

    @cached_property
    def labels(self) -> list[tuple[Mapping[str, str], list[Mapping[str, Any]]]]:
        """(labels, places) in order."""
        table = assets.table("rules", "kustomize.yaml")
        everywhere = [*table["labels"], *table["templates"], *table["selectors"]]
        out: list[tuple[Mapping[str, str], list[Mapping[str, Any]]]] = []
        for entry in _items(self.data, "labels"):
            if not isinstance(entry, dict) or not isinstance(entry.get("pairs"), dict):
                continue
            places = list(table["labels"])
            if entry.get("includeSelectors"):
                places = list(everywhere)
            elif entry.get("includeTemplates"):
                places += table["templates"]
            places += [f for f in _items(entry, "fields") if isinstance(f, dict) and isinstance(f.get("path"), str)]
            out.append((entry["pairs"], places))
        common = self.data.get("commonLabels")
        if isinstance(common, dict):
            out.append((common, everywhere))
        return out


def _items(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else ()


@dataclass
class _Tree:
    """The kustomizations of a run, by what they list."""

    kustomizations: Sequence[Kustomization]
    _ways: dict[str, list[tuple[_Layer, ...]]] = field(default_factory=dict)

    @cached_property
    def _by_folder(self) -> dict[str, _Layer]:
        return {k.folder: _Layer(k) for k in self.kustomizations}

    @cached_property
    def _listing(self) -> dict[str, list[_Layer]]:
        out: dict[str, list[_Layer]] = {}
        for layer in self._by_folder.values():
            for member in layer.kustomization.members:
                out.setdefault(member, []).append(layer)
        return out

    def ways(self, file: str) -> list[tuple[_Layer, ...]]:
        """The ways from a file to each kustomization that nothing includes: what changes it, in order."""
        found = self._ways.get(file)
        if found is None:
            found = self._ways[file] = self._up(file, frozenset())[:MOST_WAYS]
        return found

    def _up(self, node: str, seen: frozenset[str]) -> list[tuple[_Layer, ...]]:
        out: list[tuple[_Layer, ...]] = []
        for layer in self._listing.get(node, ()):
            folder = layer.kustomization.folder
            if folder in seen or len(out) >= MOST_WAYS:
                continue
            stage = [*self._components(layer, seen | {folder, node}), layer]
            after = seen | {s.kustomization.folder for s in stage}
            out += [(*stage, *rest) for rest in self._up(folder, after)]
        return out or [()]

    def _components(self, layer: _Layer, seen: frozenset[str]) -> Iterator[_Layer]:
        """The components that a kustomization takes in, and those that they do, innermost first."""
        for member in layer.kustomization.members:
            inner = self._by_folder.get(member)
            if inner is not None and inner.component and member not in seen:
                yield from self._components(inner, seen | {member})
                yield inner


def _completed(body: Body, way: Iterable[_Layer], asked: Server, accounts: frozenset[str]) -> Body | None:
    """An object as kustomize would make it on this way; None where a patch deletes it."""
    made: Body | None = copy(body)
    names = {_name(body)}
    for layer in way:
        for target, patch in layer.patches:
            made = _patched(made, target, patch, names, asked) if made is not None else None
        if made is None:
            return None
        data = layer.data
        if isinstance(space := data.get("namespace"), str) and space:
            _place(made, space, asked, accounts)
        if isinstance(meta := made.get("metadata"), dict) and isinstance(meta.get("name"), str):
            kept = made.get("kind") in ("CustomResourceDefinition", "APIService", "Namespace")
            meta["name"] = (
                meta["name"] if kept else f"{data.get('namePrefix') or ''}{meta['name']}{data.get('nameSuffix') or ''}"
            )
            names.add(meta["name"])
        for pairs, places in layer.labels:
            for place in places:
                if _meant(place, made):
                    _label(made, place["path"].split("/"), pairs, create=bool(place.get("create")))
        for target, patch in layer.late:
            made = _patched(made, target, patch, names, asked) if made is not None else None
    return made


_FIELD = re.compile(r"\[([^\]]*)\]|((?:\\.|[^.\[\]])+)")
"""A part of a field path of kustomize: `a.b`, `a.[name=b].c`, `a.[x.y/z]`, `a.x\\.y`."""


def _written(body: Body, way: Iterable[_Layer], names: Iterable[str]) -> list[tuple[str, ...]]:
    """The places of an object that get a value which is not known here, as tuples of keys and numbers."""
    out: list[tuple[str, ...]] = []
    for layer in way:
        out += layer.transformed
        for target in layer.replacements:
            select = target.get("select")
            rejected = (r for r in _items(target, "reject") if isinstance(r, dict))
            if not isinstance(select, dict) or any(_fits(r, body, names) for r in rejected):
                continue
            if _fits(select, body, names):
                for path in _items(target, "fieldPaths") or ("metadata.name",):
                    out += _places(body, _fields(str(path)))
        if layer.variables:
            out += _texts(body, layer.variables)
    return out


def _fields(path: str) -> list[str]:
    return [a or b.replace("\\.", ".") for a, b in _FIELD.findall(path)]


def _fits(target: Mapping[str, Any], body: Body, names: Iterable[str]) -> bool:
    return _meant(target, body) and _selected(target, body, names)


def _places(value: Any, parts: Sequence[str], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Where a field path of kustomize leads in a value; what is missing on the way may be made."""
    if not parts:
        return [at]
    part, rest = parts[0], parts[1:]
    if isinstance(value, list):
        key, equal, wanted = part.partition("=")
        return [
            place
            for n, item in enumerate(value)
            if part in ("*", str(n)) or (equal and isinstance(item, dict) and str(item.get(key)) == wanted)
            for place in _places(item, rest, (*at, str(n)))
        ]
    if isinstance(value, dict) and part == "*":
        return [place for name in value for place in _places(value[name], rest, (*at, name))]
    return _places(value.get(part) if isinstance(value, dict) else None, rest, (*at, part))


def _texts(value: Any, words: Sequence[str], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of texts that hold one of the words."""
    if isinstance(value, str):
        if any(word in value for word in words):
            yield at
    elif isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, words, (*at, str(name)))


_PART = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def _below(path: str, place: Sequence[str]) -> bool:
    """Whether a path in the server's spelling is a place, or below it."""
    parts = [a or b for a, b in _PART.findall(path)]
    return parts[: len(place)] == list(place)


def _name(body: Mapping[str, Any]) -> str:
    meta = body.get("metadata")
    return str(meta.get("name") or "") if isinstance(meta, dict) else ""


def _meant(wanted: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether group, version and kind, as far as they are given, are an object's."""
    group, _, version = str(body.get("apiVersion") or "").rpartition("/")
    return all(
        wanted.get(word) in (None, "", there)
        for word, there in (("group", group), ("version", version), ("kind", body.get("kind")))
    )


def _patched(
    body: Body, target: Mapping[str, Any] | None, patch: Any, names: Iterable[str], asked: Server
) -> Body | None:
    if target is not None:
        if not _meant(target, body) or not _selected(target, body, names):
            return body
    elif not isinstance(patch, dict) or not (_same_sort(patch, body) and _name(patch) in names):
        return body
    if isinstance(patch, list):
        try:
            made = jsonpatch.apply(body, [p for p in patch if isinstance(p, dict)])
        except (jsonpatch.PatchError, RecursionError):
            return body  # kustomize stops there, and says so
        return made if isinstance(made, dict) else body
    if not isinstance(patch, dict):
        return body
    if patch.get(strategic.PATCH) == "delete":
        return None
    kind = asked.kind(str(body.get("apiVersion")), str(body.get("kind")))
    # The patch says for what it is, which changes nothing.
    change = {k: v for k, v in patch.items() if k not in ("apiVersion", "kind")}
    if isinstance(meta := change.get("metadata"), dict):
        change["metadata"] = {k: v for k, v in meta.items() if k not in ("name", "namespace")}
    try:
        if kind is None or kind.custom is not None:
            made = strategic.json_apply(body, change)
            return made if isinstance(made, dict) else body
        return strategic.apply(body, change, kind.type)
    except (strategic.PatchError, AttributeError, TypeError, KeyError, RecursionError):
        # What it is merged with is not of the kind's shape, or a directive is not: a name where a list belongs. Such a patch
        # mends nothing, so that the faults of the object are said.
        return body


def _same_sort(patch: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    return (patch.get("apiVersion"), patch.get("kind")) == (body.get("apiVersion"), body.get("kind"))


def _selected(target: Mapping[str, Any], body: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether name, namespace, labels and annotations are as a target asks; names are whole patterns, as in kustomize."""
    meta = body.get("metadata")
    meta = meta if isinstance(meta, dict) else {}

    def fits(word: str, there: Iterable[str]) -> bool:
        wanted = target.get(word)
        if not isinstance(wanted, str) or not wanted:
            return True
        return any(_matches(wanted, name) for name in there)

    if not fits("name", names) or not fits("namespace", [str(meta.get("namespace") or "")]):
        return False
    return all(
        _has(target.get(word), meta.get(part))
        for word, part in (("labelSelector", "labels"), ("annotationSelector", "annotations"))
    )


def _matches(pattern: str, text: str) -> bool:
    try:
        return bool(regexes.compiled(pattern).fullmatch(text))
    except regexes.PatternError:
        return False


_EQUAL = re.compile(r"\s*([^\s=!]+)\s*(==?|!=)\s*([^\s,]*)\s*")


def _has(selector: Any, there: Any) -> bool:
    """Whether labels are as a selector text asks, as far as it speaks of equality; of other words it holds."""
    if not isinstance(selector, str):
        return True
    labels = there if isinstance(there, dict) else {}
    for part in selector.split(","):
        found = _EQUAL.fullmatch(part)
        if found and (labels.get(found[1]) == found[3]) != (found[2] != "!="):
            return False
    return True


def _place(body: Body, namespace: str, asked: Server, accounts: frozenset[str]) -> None:
    """Put an object in a namespace, and the accounts of a binding that are of the same build or called default."""
    kind = asked.kind(str(body.get("apiVersion")), str(body.get("kind")))
    meta = body.get("metadata")
    if isinstance(meta, dict) and (kind is None or kind.namespaced):
        meta["namespace"] = namespace
    if body.get("kind") in ("RoleBinding", "ClusterRoleBinding"):
        for subject in _items(body, "subjects"):
            if isinstance(subject, dict) and subject.get("kind") == "ServiceAccount":
                name = subject.get("name")
                if name == "default" or name in accounts:
                    subject["namespace"] = namespace


def _label(value: Any, path: Sequence[str], pairs: Mapping[str, Any], *, create: bool) -> None:
    """Put labels into the map at a path."""
    for at, name in enumerate(path):
        if not isinstance(value, dict):
            return
        if name.endswith("[]"):
            for item in _items(value, name[:-2]):
                _label(item, path[at + 1 :], pairs, create=create)
            return
        if value.get(name) is None:
            if not create:
                return
            value[name] = {}
        value = value[name]
    if isinstance(value, dict):
        value.update(pairs)
