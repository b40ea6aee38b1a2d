"""The API server on paper: decode, default, admit, validate, in the order of a real one.

The parts are found by name, so that a new group is a new file: `validate/<group>.py`, `default/<group>.py` with the
group's first label (`networking` for networking.k8s.io, `core` for the empty one), `admission/<plugin>.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from manifold.apiserver import admission, constraints, immutable, lifecycle, warnings
from manifold.apiserver import create as creating
from manifold.apiserver import faults as reasons
from manifold.apiserver import update as updating
from manifold.apiserver.context import Context
from manifold.apiserver.decode import copy, decode
from manifold.apiserver.default import tables
from manifold.apiserver.faults import Fault, Faults
from manifold.apiserver.follow import Mended, later
from manifold.apiserver.schema import Kind, load
from manifold.apiserver.world import World
from manifold.model import Path

if TYPE_CHECKING:
    from manifold.apiserver.crd import Kinds, Unread

Body = dict[str, Any]

# The first release whose rules beyond the schema we know (the contract: below it, schema and lifecycle only).
FULL_VERDICT = (1, 30)


@cache
def part(stage: str, name: str) -> ModuleType | None:
    """The module of `stage` (`validate`, `default`) named `name`, or None when there is none."""
    full = f"manifold.apiserver.{stage}.{name}" if name else f"manifold.apiserver.{stage}"
    return importlib.import_module(full) if importlib.util.find_spec(full) else None


def room(group: str) -> str:
    """The module name of an API group: its first label, `core` for the empty one."""
    return group.partition(".")[0] or "core"


@cache
def own(stage: str, table: str, group: str, kind: str) -> Callable[..., None] | None:
    """What the module of a kind's group has for the kind in one of its tables (`CREATE`, `UPDATE`, `DEFAULTS`)."""
    module = part(stage, room(group))
    found: Callable[..., None] | None = getattr(module, table, {}).get(kind)
    return found


@dataclass(slots=True)
class Answer:
    """What the server answers: the object as it went on (None when it cannot even be decoded), and the faults."""

    object: Body | None
    faults: Faults
    kind: Kind | None
    context: Context | None = None


class Server:
    """An API server of one release, with the definitions and (optionally) the cluster that it knows."""

    def __init__(
        self,
        version: str | None = None,
        crds: Iterable[Mapping[str, Any] | Unread] = (),
        world: World | None = None,
        run: World | None = None,
    ) -> None:
        self.schema = load(version)
        self.version = self.schema.version
        self.release = self.schema.release
        self.world = world
        self.run = run
        self.ledger: dict[Any, Any] = {}
        """What plug-ins count over the objects of one run, each under its own key."""
        self.definitions = list(crds)
        self._custom: Kinds | None = None
        self._full = self.release >= FULL_VERDICT

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """The kind as this server serves it: built-in, or defined by one of its CustomResourceDefinitions."""
        found = self.schema.kind(api_version, kind)
        if found is None and (self.definitions or self._custom):
            found = self._customs().get(api_version, kind)
        return found

    def _customs(self) -> Kinds:
        if self._custom is None:
            from manifold.apiserver import crd

            self._custom = crd.Kinds(self.definitions)
        return self._custom

    def assuming(self, kinds: Iterable[Kind]) -> Server:
        """A server that serves these kinds besides, as one does that has definitions which are not at hand."""
        other = Server(self.version, self.definitions, self.world, self.run)
        other._customs().add(kinds)
        return other

    def kinds(self) -> Iterator[Kind]:
        """All kinds that this server serves, its custom ones after the others."""
        yield from self.schema.kinds()
        yield from self._customs().all()

    def create(
        self,
        body: Body,
        namespace: str = "default",
        *,
        admit: bool = False,
        applied: bool = False,
        trace: Callable[[str, Body], None] | None = None,
    ) -> Answer:
        """What a create of `body` with strict field validation gets; `body` is left as it is.

        `admit` runs mutating admission as well, as `preview` wants it; with a world it runs always. `applied`: it is
        server-side apply that creates, and no decoder has looked at nulls. `trace` is told of
        each stage once it is through: `decode`, `default`, the plug-ins by their names, `prepare`.
        """

        try:
            return self._create(body, namespace, admit, applied, trace)
        except Exception:
            if not self._straighten():
                raise
            return self._create(body, namespace, admit, applied, trace)

    def _create(
        self, body: Body, namespace: str, admit: bool, applied: bool, trace: Callable[[str, Body], None] | None
    ) -> Answer:
        faults = Faults()
        kind, context = self._begin(body, namespace, faults, "create")
        if kind is None or context is None:
            return Answer(None, faults, None)
        context.trace = trace
        try:
            decoded, mended = self._decode(body, kind, faults)
        except RecursionError:
            faults.add(reasons.TYPE, (), "is nested too deeply to be looked at", "flatten it")
            return Answer(None, faults, kind)
        if trace is not None:
            trace("decode", decoded)
        creating.unpick(decoded, context)
        self.default(decoded, context, nulls=applied)
        if trace is not None:
            trace("default", decoded)
        admission.mutate(decoded, context, faults, alone=not admit and self.world is None)
        creating.prepare(decoded, context, faults)
        if trace is not None:
            trace("prepare", decoded)
        if self._full:
            found = Faults()
            self._validate(decoded, context, found)
            warnings.look(decoded, None, context, found)
            if not found.refused and not faults.refused:
                admission.validate(decoded, context, found)
            faults.extend(once(mended.follow(found) if mended is not None else found))
        return Answer(decoded, faults, kind, context)

    def strict(self, body: Body) -> Faults:
        """What strict decoding alone says of `body`: whether it is served, unknown fields, wrong types."""
        faults = Faults()
        kind, _ = self._begin(body, "", faults, "update")
        if kind is not None:
            self._decode(body, kind, faults)
        return faults

    def take(self, answer: Answer) -> None:
        """Count an accepted object as there, for those that come after it in the same run."""
        if answer.context is not None and not answer.faults.refused:
            for count in answer.context.after:
                count()

    def update(self, old: Body, new: Body, *, admit: bool = False, applied: bool = False) -> Answer:
        """What a PUT of `new` over the stored `old` gets; `admit` as in `create`.

        `applied`: `new` is what a patch made of a built-in kind, or server-side apply, whose nulls no decoder has looked at.
        """
        try:
            return self._update(old, new, admit, applied)
        except Exception:
            if not self._straighten():
                raise
            return self._update(old, new, admit, applied)

    def _straighten(self) -> bool:
        """Put fitting objects in the place of those of the cluster and the run that do not; whether there were any.

        Plug-ins take shapes for granted, and rightly so: only objects that never were on a server have others. They are
        looked for when an answer fails, so that nobody else pays for it.
        """
        found = False
        for name in ("world", "run"):
            world: World | None = getattr(self, name)
            if world is None:
                continue
            before = list(world)
            after = [self.fitting(body) for body in before]
            if any(a is not b for a, b in zip(after, before, strict=True)):
                setattr(self, name, World(after))
                found = True
        return found

    def fitting(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """An object as a server can hold it: itself, or where fields have other types than theirs without these."""
        version, name = str(body.get("apiVersion") or ""), str(body.get("kind") or "")
        group = version.rpartition("/")[0]
        # By group and kind: that is how it is found among the others, whatever version it says.
        alike = (k for k in self.schema.kinds() if (k.group, k.kind) == (group, name))
        kind = self.kind(version, name) or next(alike, None)
        if kind is None:
            return body if isinstance(body.get("metadata", {}), Mapping) else {**body, "metadata": {}}
        faults = Faults()
        read = self.read(dict(body), kind, faults)
        wrong = [f.path for f in faults if f.reason == reasons.TYPE and f.path]
        if wrong:
            read = self.read(_without(copy(dict(body)), wrong), kind, Faults())
        return body if read == body else read

    def _update(self, old: Body, new: Body, admit: bool, applied: bool) -> Answer:
        faults = Faults()
        if not isinstance(old.get("metadata"), dict):
            old = {**old, "metadata": {}}
        namespace = str(old["metadata"].get("namespace") or "default")
        for name in ("apiVersion", "kind"):
            if new.get(name) and old.get(name) and new[name] != old[name]:
                faults.add(reasons.TYPE, (name,), f"the stored object's is {old[name]}, and an update cannot change it")
        kind, context = self._begin(new, namespace, faults, "update")
        if kind is None or context is None or faults.refused:
            return Answer(None, faults, None)
        updating.versions(new, old, kind, faults)
        stopped = faults.refused  # the server looks no further than at the version
        # What the server owns it takes from the stored object as it is, so that is not read anew.
        before = self._decode(updating.without_owned(old, kind), kind, Faults())[0]
        updating.put_owned(before, old, kind)
        after, mended = self._decode(updating.without_owned(new, kind, old), kind, faults)
        creating.unpick(before, context)
        creating.unpick(after, context)
        self.default(before, context)
        self.default(after, context, nulls=applied)
        context.old, context.applied = before, applied
        admission.mutate(after, context, faults, alone=not admit and self.world is None)
        updating.prepare(after, before, context, faults)
        found = Faults()
        self._validate_update(after, before, context, found)
        warnings.look(after, before, context, found)
        if not found.refused and not faults.refused:
            admission.validate(after, context, found)
        if mended is not None:
            found = mended.follow(found)
        elif stopped:
            found = later(found)
        faults.extend(once(found))
        return Answer(after, faults, kind, context)

    def _begin(self, body: Body, namespace: str, faults: Faults, operation: Any) -> tuple[Kind | None, Context | None]:
        api_version, name = str(body.get("apiVersion") or ""), str(body.get("kind") or "")
        kind = self.kind(api_version, name)
        if kind is None:
            lifecycle.not_served(self.schema, api_version, name, faults)
            return None, None
        if kind.custom is not None or (api_version, name) in self.schema.deprecated:
            lifecycle.deprecated(self.schema, kind, faults)
        space = ""
        if kind.namespaced:
            meta = body.get("metadata")
            written = meta.get("namespace") if isinstance(meta, dict) else None
            space = written if isinstance(written, str) and written else namespace
        return kind, Context(self, kind, operation, space, self.world, run=self.run)

    def _decode(self, body: Body, kind: Kind, faults: Faults) -> tuple[Body, Mended | None]:
        """The decoded object, with fields that are surely misspelled under their right names.

        The second value knows what merely follows from the faults; None where there are none.
        """
        strict = Faults()
        decoded = self.read(body, kind, strict)
        if not strict:
            return decoded, None
        strict = lifecycle.when(strict, kind, self.schema)
        faults.extend(strict)
        mended = Mended(body, strict)
        if mended:
            again = Faults()
            decoded = self.read(mended.body, kind, again)
            faults.extend(mended.more(again))
        return decoded, mended

    def read(self, body: Body, kind: Kind, strict: Faults) -> Body:
        """The object as it is decoded; what strict decoding blames goes to `strict`."""
        decoded = kind.custom.decode(body, strict) if kind.custom is not None else decode(body, kind, strict)
        if not isinstance(decoded.get("metadata", {}), dict):
            null = decoded["metadata"] is None
            decoded["metadata"] = {}
            if not strict and not null:
                strict.add(reasons.TYPE, ("metadata",), "must be an object")
        return decoded

    def default(self, body: Body, context: Context, *, nulls: bool = False) -> None:
        """Fill in what a decoded object of the request leaves open, in place; `nulls` of custom resources may stay."""
        kind = context.kind
        meta = body.setdefault("metadata", {})
        if kind.namespaced and not meta.get("namespace"):
            meta["namespace"] = context.namespace
        if kind.custom is not None:
            kind.custom.default(body, nulls=nulls)
            return
        if body.get("spec") is None:
            spec = kind.type.fields.get("spec")
            if spec is not None and not spec.pointer and spec.type.shape == "object":
                body["spec"] = {}  # Go has the struct, written or not
        function = own("default", "DEFAULTS", kind.group, kind.kind)
        if function is not None:
            function(body, context)
        tables.apply(body, kind.type, self.release)

    def _validate(self, body: Body, context: Context, faults: Faults) -> None:
        kind = context.kind
        metadata = part("validate", "metadata")
        if metadata is not None:
            metadata.create(body, context, faults)
        if kind.custom is not None:
            kind.custom.validate(body, context, faults)
            return
        constraints.check(body, context, faults)
        function = own("validate", "CREATE", kind.group, kind.kind)
        if function is not None:
            function(body, context, faults)

    def _validate_update(self, new: Body, old: Body, context: Context, faults: Faults) -> None:
        kind = context.kind
        metadata = part("validate", "metadata")
        if metadata is not None:
            metadata.update(new, old, context, faults)
        if kind.custom is not None:
            kind.custom.validate_update(new, old, context, faults)
            return
        constraints.check(new, context, faults)
        immutable.check(new, old, context, faults)
        function = own("validate", "UPDATE", kind.group, kind.kind)
        if function is not None:
            function(new, old, context, faults)
            return
        function = own("validate", "CREATE", kind.group, kind.kind)
        if function is not None:
            function(new, context, faults)


def _without(body: Body, paths: Iterable[Path]) -> Body:
    """An object without what lies at these paths, in place; a list loses items from its end first."""
    for path in sorted(
        paths, key=lambda p: [(isinstance(k, int), k if isinstance(k, int) else 0, str(k)) for k in p], reverse=True
    ):
        holder: Any = body
        for part in path[:-1]:
            try:
                holder = holder[part]
            except (KeyError, IndexError, TypeError):
                holder = None
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
        elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
            del holder[path[-1]]
    return body


def once(found: Faults) -> Faults:
    """The faults with repeated ones left out, as in the server's answer."""
    if len(found) < 2:
        return found
    first: dict[tuple[Any, ...], Fault] = {}
    for fault in found:
        first.setdefault((fault.path, fault.reason, fault.message), fault)
    return Faults(first.values())
