"""Applying a manifest to a stored object: server-side with field ownership, or client-side as kubectl does.

Both end as the server ends: the merged object is decoded, defaulted, prepared and validated as an update.
Sources: k8s.io/apimachinery/pkg/util/managedfields, k8s.io/kubectl/pkg/cmd/apply, sigs.k8s.io/structured-merge-diff.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from manifold.apiserver import changes, store, unknown
from manifold.apiserver import update as updating
from manifold.apiserver.changes import LAST_APPLIED
from manifold.apiserver.convert import convert
from manifold.apiserver.decode import copy
from manifold.apiserver.faults import DUPLICATE, TOO_LONG, TYPE, UNKNOWN_FIELD, Faults
from manifold.apiserver.patch import fieldset, merge, strategic
from manifold.apiserver.patch.fieldset import FieldPath, FieldSet
from manifold.apiserver.schema import Kind, Type
from manifold.apiserver.server import Answer, Server
from manifold.apiserver.validate.metadata import ANNOTATIONS_LIMIT
from manifold.k8s.gojson import dumps
from manifold.model import Change

Body = dict[str, Any]
Verb = Literal["created", "configured", "unchanged", "refused", "conflict"]

# managedfields/internal/stripmeta.go: nobody owns these.
_NOBODYS: frozenset[FieldPath] = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ]
)
# managedfields/internal/manager.go: who owns what an object held before it was first applied.
BEFORE_FIRST_APPLY = "before-first-apply"


class Conflict(NamedTuple):
    """A field that another manager owns, in the server's spelling."""

    manager: str
    path: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an apply does: its verb, the object as it would be stored, what changes, and what speaks against it."""

    verb: Verb
    object: Body | None
    changes: list[Change] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    conflicts: list[Conflict] = field(default_factory=list)
    answer: Answer | None = None
    """The server's answer to the write, where one came to be: for those that count what is taken."""


@dataclass(slots=True)
class _Manager:
    entry: Body
    fields: FieldSet

    @property
    def name(self) -> str:
        return str(self.entry.get("manager") or "")

    @property
    def version(self) -> str:
        """The version in which it owns its fields."""
        return str(self.entry.get("apiVersion") or "")


def identity(entry: Mapping[str, Any]) -> str:
    """What makes two entries of managedFields one manager: appliers are one whatever their version."""
    keys: list[str] = [
        str(entry.get("manager") or ""),
        str(entry.get("operation") or ""),
        str(entry.get("subresource") or ""),
    ]
    if entry.get("operation") != "Apply":
        keys.append(str(entry.get("apiVersion") or ""))
    return json.dumps(keys)


def _managers(live: Body) -> dict[str, _Manager]:
    found: dict[str, _Manager] = {}
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        found[identity(entry)] = _Manager(
            {k: v for k, v in entry.items() if k != "fieldsV1"}, fieldset.decode(entry.get("fieldsV1"))
        )
    return found


def _encoded(managers: Mapping[str, _Manager]) -> list[Body]:
    entries = [
        {**m.entry, "fieldsType": "FieldsV1", "fieldsV1": fieldset.encode(fields)}
        for m in managers.values()
        if (fields := {p for p in m.fields if p not in _NOBODYS})
    ]
    return sorted(
        entries, key=lambda e: (e.get("operation") != "Apply", str(e.get("time") or ""), str(e.get("manager")))
    )


def _ignored(kind: Kind) -> frozenset[str]:
    """The elements under which the main endpoint of a kind takes nothing (GetResetFields of its strategy)."""
    return frozenset(f"f:{name}" for name in updating.frozen(kind))


def _without(fields: FieldSet, elements: frozenset[str]) -> FieldSet:
    return {p for p in fields if p[0] not in elements} if elements else fields


def _bare(body: Body) -> Body:
    """The object without its managedFields."""
    meta = body.get("metadata") or {}
    return {**body, "metadata": {k: v for k, v in meta.items() if k != "managedFields"}}


class _ConflictsError(Exception):
    def __init__(self, managers: Mapping[str, _Manager], sets: dict[str, FieldSet]) -> None:
        super().__init__(f"conflicts with {len(sets)} managers")
        self._managers, self.sets = managers, sets
        self.found = sorted(c for name, paths in sets.items() for c in self.named(name, paths))

    def named(self, name: str, paths: FieldSet) -> list[Conflict]:
        """Fields that one of the managers owns, as conflicts."""
        return [Conflict(self._managers[name].name, fieldset.spell(path)) for path in paths]


@dataclass(slots=True)
class _Versions:
    """The versions of one kind: fields are owned in the version in which they were written."""

    server: Server
    kind: Kind

    def type(self, version: str) -> Type | None:
        """The kind's type in a version; None where that is not served any more."""
        if version == self.kind.api_version:
            return self.kind.type
        found = self.server.kind(version, self.kind.kind)
        return found.type if found is not None else None

    def convert(self, body: Body, version: str) -> Body:
        """An object in another version: Go writes the zero values of its fields on the way."""
        if body.get("apiVersion") == version:
            return body
        type = self.type(version)
        assert type is not None
        converted = convert(body, version)
        return converted if self.kind.custom is not None else store.write(converted, type)

    def touched(self, version: str, live: Body, merged: Body) -> tuple[FieldSet, FieldSet]:
        """The fields that come or change, and those that go, in a version."""
        type, ignored = self.type(version), _ignored(self.kind)
        assert type is not None
        difference = merge.compare(self.convert(live, version), self.convert(merged, version), type)
        return _without(difference.added | difference.modified, ignored), _without(difference.removed, ignored)


def _apply(
    live: Body,
    config: Body,
    versions: _Versions,
    managers: dict[str, _Manager],
    me: str,
    entry: Body,
    force: bool,
) -> tuple[Body, dict[str, _Manager]]:
    """Merge, prune what we owned and no longer say, and settle who owns what.

    Raises _ConflictsError when others own what would change, and `force` is not given.
    """
    type, own = versions.kind.type, versions.kind.api_version
    managers = {name: m for name, m in managers.items() if versions.type(m.version or own) is not None}
    merged = merge.merge(live, config, type)
    said = _without(fieldset.of(config, type), _ignored(versions.kind))
    last = managers.get(me)
    owners = {**managers, me: _Manager(entry, said)}
    if last is not None and last.fields:
        merged = _prune(merged, owners, last, versions)
    conflicts: dict[str, FieldSet] = {}
    gone: dict[str, FieldSet] = {}
    found: dict[str, tuple[FieldSet, FieldSet]] = {}
    for name, m in owners.items():
        if name != me:
            version = m.version or own
            if version not in found:
                found[version] = versions.touched(version, live, merged)
            touched, gone[name] = found[version]
            if both := m.fields & touched:
                conflicts[name] = both
    if conflicts and not force:
        raise _ConflictsError(owners, conflicts)
    for name, m in owners.items():
        if name != me:
            owners[name] = _Manager(m.entry, m.fields - conflicts.get(name, set()) - gone[name])
    return merged, {name: m for name, m in owners.items() if m.fields}


def _prune(merged: Body, owners: Mapping[str, _Manager], last: _Manager, versions: _Versions) -> Body:
    """`merged` without what the last apply said, this one does not, and nobody else owns.

    Each manager's fields are put back in the version in which it owns them (structured-merge-diff, merge: prune).
    """
    whole = fieldset.with_structs
    own = versions.kind.api_version
    first = last.version or own
    by_version: dict[str, FieldSet] = {first: set()}
    for m in owners.values():
        by_version.setdefault(m.version or own, set()).update(m.fields)
    type = versions.type(first)
    assert type is not None
    merged = versions.convert(merged, first)
    before = whole(last.fields, type)
    pruned = fieldset.remove(merged, type, before) or {}
    for version, fields in by_version.items():
        type = versions.type(version)
        assert type is not None
        merged, pruned = versions.convert(merged, version), versions.convert(pruned, version)
        lost = whole(fieldset.of(merged, type), type) - whole(fieldset.of(pruned, type), type)
        pruned = fieldset.remove(merged, type, lost - whole(fields, type)) or {}
    # What nobody applied, the server's defaults for instance, stays although it lay within something that went.
    type = versions.type(first)
    assert type is not None
    merged, pruned = versions.convert(merged, first), versions.convert(pruned, first)
    lost = whole(fieldset.of(merged, type), type) - whole(fieldset.of(pruned, type), type)
    return versions.convert(dict(fieldset.remove(merged, type, lost & before) or {}), own)


def server_side(
    server: Server,
    config: Body,
    live: Body | None,
    kind: Kind,
    namespace: str,
    *,
    manager: str = "kubectl",
    force: bool = False,
) -> Result:
    """A server-side apply of `config` by `manager` over `live` (None when it does not exist)."""
    config = placed(config, kind, namespace)
    if (config.get("metadata") or {}).get("managedFields") is not None:
        faults = Faults()
        faults.invalid(
            ("metadata", "managedFields"), "an applied manifest must not hold managedFields", "remove the field"
        )
        return Result("refused", None, faults=faults)
    unfit = Faults()
    for path in fieldset.doubles(config, kind.type):
        unfit.add(DUPLICATE, path, "an item with this key is given twice, and server-side apply cannot tell them apart")
    for path, wanted in fieldset.misfits(config, kind.type):
        unfit.add(TYPE, path, f"must be {wanted} to be merged")
    for path, why in fieldset.unmergeable(config, kind.type):
        unfit.add(TYPE, path, f"{why}: server-side apply cannot merge it")
    if live is not None:
        for path, why in fieldset.unmergeable(live, kind.type):
            unfit.add(TYPE, path, f"{why}: server-side apply cannot merge with what is stored")
    said = _fitted(
        config, kind, ("creationTimestamp",) if live is not None else ("creationTimestamp", "deletionTimestamp")
    )
    strict = server.strict(said)
    if unfit or any(f.reason == UNKNOWN_FIELD for f in strict):
        return Result("refused", None, faults=strict if strict.refused else unfit)
    entry: Body = {"manager": manager, "operation": "Apply", "apiVersion": kind.api_version, "fieldsType": "FieldsV1"}
    if live is None:
        answer = server.create(said, namespace, admit=True, applied=True)
        if answer.faults.refused or answer.object is None:
            return Result("refused", None, faults=answer.faults)
        made = store.stored(answer)
        owned = {identity(entry): _Manager(entry, _without(fieldset.of(config, kind.type), _ignored(kind)))}
        made.setdefault("metadata", {})["managedFields"] = _encoded(owned)
        return Result("created", made, faults=answer.faults, answer=answer)
    live = convert(live, kind.api_version)
    before, managers = _bare(live), _managers(live)
    if not managers:
        # Nobody is known: whatever is there belongs to a manager of that name, so that a first apply cannot take it unasked.
        first: Body = {
            "manager": BEFORE_FIRST_APPLY,
            "operation": "Update",
            "apiVersion": kind.api_version,
            "fieldsType": "FieldsV1",
        }
        empty = {} if kind.custom is not None else store.write({}, kind.type)
        made_of = merge.compare(empty, before, kind.type)
        owned_before = {p for p in made_of.added | made_of.modified if p not in _NOBODYS}
        managers = {identity(first): _Manager(first, _without(owned_before, _ignored(kind)))}
    me, versions = identity(entry), _Versions(server, kind)
    try:
        merged, owners = _apply(before, config, versions, managers, me, entry, force)
    except _ConflictsError as conflict:
        allowed = _ours_by_last_applied(live, kind)
        left = [c for name, paths in conflict.sets.items() for c in conflict.named(name, paths - allowed)]
        if left or not allowed or manager != "kubectl":
            return Result("conflict", None, conflicts=sorted(left) if manager == "kubectl" else conflict.found)
        # All of it is what `kubectl apply` wrote client-side: the same hand, so no conflict.
        merged, owners = _apply(before, config, versions, managers, me, entry, True)
    if strict.refused:  # times and quantities are read only after conflicts are settled
        return Result("refused", None, faults=strict)
    anew = not merge.equal(merged, before)  # where nothing changes, the server goes on with what is stored
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    if manager == "kubectl" and LAST_APPLIED in annotations:
        merged = _with_last_applied(merged, last_applied(config, always=False))
    merged = _fitted(merged, kind) if anew else {**merged, "metadata": dict(merged["metadata"])}
    merged["metadata"]["managedFields"] = _encoded(owners)
    return _update(server, live, merged, kind, applied=anew)


def _fitted(body: Body, kind: Kind, times: tuple[str, ...] = ("creationTimestamp",)) -> Body:
    """An applied object as it is read: numbers made to fit, and without the times that a custom resource cannot set.

    Custom resources are not decoded again once they are merged, and the server writes these times itself.
    """
    if kind.custom is None:
        return dict(fieldset.fitted(body, kind.type))
    meta = body.get("metadata")
    if not isinstance(meta, dict):
        return body
    return {**body, "metadata": {k: v for k, v in meta.items() if k not in times or isinstance(v, dict | list)}}


def _ours_by_last_applied(live: Body, kind: Kind) -> FieldSet:
    """The fields that the last client-side apply wrote and that still hold its values."""
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    if not isinstance(text, str):
        return set()
    try:
        last = json.loads(text)
    except ValueError:
        return set()  # not ours to judge: then nothing is allowed, and the conflict stands
    if not isinstance(last, dict) or last.get("apiVersion") != kind.api_version:
        return set()
    before, type = _bare(live), kind.type
    if any(True for body in (last, before) for _ in (*fieldset.doubles(body, type), *fieldset.misfits(body, type))):
        return set()  # the server cannot compare these
    said = fieldset.of(last, type)
    difference = merge.compare(last, before, type)
    return said - difference.modified - difference.removed


def placed(body: Body, kind: Kind, namespace: str) -> Body:
    """The manifest as kubectl sends it: with the namespace that it goes to."""
    body = copy(body)
    meta = body.setdefault("metadata", {})
    if kind.namespaced and not meta.get("namespace"):
        meta["namespace"] = namespace
    return dict(body)


def last_applied(body: Body, *, always: bool = True) -> str:
    """kubectl's annotation for a manifest: its JSON as Go writes it, keys sorted, `<`, `>` and `&` escaped.

    Annotations are texts, so null is an empty one. `always`: with annotations even where there are none, as kubectl itself
    writes it, not so the API server.
    """
    body = copy(body)
    meta = body.setdefault("metadata", {})
    given = meta.pop("annotations", None)
    if always or given is not None:
        meta["annotations"] = {k: "" if v is None else v for k, v in (given or {}).items() if k != LAST_APPLIED}
    return dumps(body, sort=True) + "\n"


def _with_last_applied(body: Body, text: str) -> Body:
    meta = dict(body.get("metadata") or {})
    annotations = {k: "" if v is None else v for k, v in (meta.get("annotations") or {}).items()}
    meta["annotations"] = {**annotations, LAST_APPLIED: text}
    return {**body, "metadata": meta}


def _original(text: Any) -> Body | None:
    """What the annotation says was applied last; None where it says nothing.

    Raises PatchError where it is no JSON object: kubectl then gives up.
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise strategic.PatchError(f"the annotation {LAST_APPLIED} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise strategic.PatchError(f"the annotation {LAST_APPLIED} is no object")
    return found


def three_way(modified: Body, live: Body, kind: Kind) -> Body:
    """The patch that kubectl sends for a manifest with its annotation: JSON merge for custom kinds, else strategic.

    Raises PatchError where kubectl gives up.
    """
    original = _original(((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED))
    if kind.custom is not None:
        return strategic.json_three_way(original, modified, live)
    return strategic.three_way(original, modified, live, kind.type)


def with_last_applied(config: Body) -> Body:
    """A manifest with kubectl's annotation of what is applied, as kubectl sends it."""
    return _with_last_applied(config, last_applied(config))


def _of_the_mark(faults: Faults, modified: Body) -> Faults:
    """The faults, told of kubectl's own annotation where it is that which is too long: the manifest does not show it."""
    if len(modified["metadata"]["annotations"][LAST_APPLIED].encode(errors="surrogatepass")) > ANNOTATIONS_LIMIT:
        for i, fault in enumerate(faults):
            if fault.path == ("metadata", "annotations") and fault.reason == TOO_LONG:
                message = (
                    f"the object is too large for the annotation that `kubectl apply` adds, at most {ANNOTATIONS_LIMIT} bytes: "
                    "apply it with --server-side"
                )
                faults[i] = fault._replace(message=message)
    return faults


def client_side(server: Server, config: Body, live: Body | None, kind: Kind, namespace: str) -> Result:
    """`kubectl apply` of `config` over `live` (None when it does not exist): a three-way patch, computed and applied."""
    meta = config.get("metadata") or {}
    if not isinstance(meta, dict) or not isinstance(meta.get("annotations") or {}, dict):
        return Result("refused", None, faults=server.strict(config))
    modified = with_last_applied(placed(config, kind, namespace))
    if live is None:
        answer = server.create(modified, namespace, admit=True)
        if answer.faults.refused or answer.object is None:
            return Result("refused", None, faults=_of_the_mark(answer.faults, modified))
        return Result("created", store.stored(answer), faults=answer.faults, answer=answer)
    live = convert(live, kind.api_version)
    try:
        patch = three_way(modified, live, kind)
        if kind.custom is not None:
            merged = strategic.json_apply(live, patch)
        else:
            merged = _fitted(strategic.apply(live, patch, kind.type), kind)
    except strategic.PatchError as error:
        faults = Faults()
        faults.invalid((), f"kubectl cannot compute a patch: {error}")
        return Result("refused", None, faults=faults)
    if not patch:
        return Result("unchanged", live)
    result = _update(server, live, merged, kind, applied=kind.custom is None)
    return result if result.verb == "refused" else replace(result, verb="configured")


def _update(server: Server, live: Body, merged: Body, kind: Kind, *, applied: bool = False) -> Result:
    answer = server.update(live, merged, admit=True, applied=applied)
    if answer.faults.refused or answer.object is None:
        return Result("refused", None, faults=answer.faults)
    stored = store.stored(answer)
    if "status" not in live and "status" not in merged:
        stored.pop("status", None)  # what the other side does not show of itself, no apply adds
    owners = (merged.get("metadata") or {}).get("managedFields")
    if owners is not None:
        stored["metadata"]["managedFields"] = owners
    if isinstance(kind.custom, unknown.Unknown):
        found = unknown.between(live, stored)
    else:
        found = changes.between(live, stored, kind.type)
    return Result("configured" if found else "unchanged", stored, found, answer.faults, answer=answer)
