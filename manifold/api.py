"""The library: the stages, composed. The command line is a thin reader and printer around these functions.

Objects are plain dicts, as in the Python clients of Kubernetes. `str` and `bytes` are text, a `Path` is a file.
`kubernetes=None` is the newest release that we ship. `crds` and `cluster` say what is known besides the text: nothing by
default; what an object refers to outside of it is then assumed to exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from manifold.apiserver.faults import RULES, UNKNOWN_FIELD, Fault
from manifold.errors import ReadError, SourceError, UsageError
from manifold.model import (
    KEY,
    Change,
    Diagnostic,
    Difference,
    Document,
    Key,
    Kustomization,
    ObjectId,
    Origin,
    Plan,
    Severity,
    Source,
    Span,
    Verb,
    spell,
)
from manifold.read import Reading
from manifold.read import read as read_source

if TYPE_CHECKING:
    from manifold.apiserver.crd import Unread
    from manifold.apiserver.patch.apply import Conflict, Result
    from manifold.apiserver.schema import Kind
    from manifold.apiserver.server import Server
    from manifold.plan import Prune

__all__ = [
    "Change",
    "Diagnostic",
    "Key",
    "Origin",
    "Outcome",
    "Plan",
    "Prune",
    "ReadError",
    "Severity",
    "SourceError",
    "UsageError",
    "apply",
    "check",
    "equivalents",
    "lint",
    "plan",
    "preview",
    "read",
    "update",
    "validate",
]
"""What is kept stable for users of the library; the rest is for the command line, which is built of it."""

Body = dict[str, Any]
Text = str | bytes | Path | Sequence[Mapping[str, Any]]
CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


def __getattr__(name: str) -> Any:
    if name == "Prune":  # where nothing is planned, its module is not needed
        from manifold.plan import Prune

        return Prune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an apply does to one object.

    `verb` is created, configured, unchanged, refused or conflict; `object` the result (None when refused or in
    conflict); `changes` what changes; `conflicts` the fields that other managers own.
    """

    key: Key
    verb: Literal["created", "configured", "unchanged", "refused", "conflict"]
    object: Body | None
    changes: list[Change] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


@lru_cache(maxsize=8)
def _bare(version: str | None) -> Server:
    from manifold.apiserver.server import Server  # whoever only lints does without

    return Server(version)


POLICIES = frozenset(("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"))


def server(
    version: str | None = None,
    crds: Iterable[Mapping[str, Any] | Unread] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
    inputs: Iterable[Mapping[str, Any] | Document] = (),
) -> Server:
    """The API server on paper for a release; definitions in the cluster count as installed.

    `inputs` are the objects of the run: with a cluster, or with admission policies among them, they count as there.

    Raises UsageError for a release that we do not ship.
    """
    there = list(cluster)
    found = [*crds, *(o for o in there if is_crd(o))]
    beside = list(inputs)
    if not there and not any((o.kind if isinstance(o, Document) else o.get("kind")) in POLICIES for o in beside):
        beside = []
    if not found and not there and not beside:
        return _bare(version)
    from manifold.apiserver.server import Server
    from manifold.apiserver.world import World

    return Server(version, found, World(there) if there else None, World(beside) if beside else None)


def is_crd(body: Mapping[str, Any]) -> bool:
    """Whether an object is a CustomResourceDefinition."""
    return body.get("kind") == CRD[1] and str(body.get("apiVersion") or "").startswith(CRD[0])


def defines(body: Mapping[str, Any]) -> tuple[str, str]:
    """Group and kind that a CustomResourceDefinition is about; empty where it does not say."""
    spec = body.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    return str(spec.get("group")) if isinstance(spec, dict) else "", (
        str(names.get("kind")) if isinstance(names, dict) else ""
    )


def documents(text: Text) -> Reading:
    """The objects of a text, a file, or a sequence of objects, as kubectl would send them.

    Raises SourceError for a file that cannot be read.
    """
    if isinstance(text, str):
        return read_source(Source("", text.encode("utf-8", "surrogatepass")))
    if isinstance(text, bytes):
        return read_source(Source("", text))
    if isinstance(text, Path):
        try:
            return read_source(Source(str(text), text.read_bytes()))
        except OSError as error:
            raise SourceError(f"{text} cannot be read: {error.strerror}") from error
    return Reading([Document("", i, dict(body)) for i, body in enumerate(text)])


def diagnose(fault: Fault, document: Document, version: str) -> Diagnostic:
    """A fault of the API server as a diagnostic on the document's text."""
    at = fault.path if fault.at is None else fault.at
    if fault.reason == UNKNOWN_FIELD:
        at = (*at, KEY)  # the name is wrong, whatever its value
    return Diagnostic(
        origin=Origin.LINT if fault.later else Origin.APISERVER,
        rule=fault.rule or RULES.get(fault.reason, "api/invalid"),
        severity=Severity.WARNING if fault.warning else Severity.ERROR,
        message=fault.message,
        reason=fault.reason if fault.reason.startswith(("FieldValue", "Internal")) else "",
        path=spell(fault.path) if fault.whole is None else fault.whole,
        file=document.source,
        span=document.locate(at),
        document=document.index,
        object=ObjectId.of(document.body),
        kubernetes=(version,),
        help=fault.help,
    )


def verdict(found: Sequence[Document], asked: Server, namespace: str = "default") -> list[Diagnostic]:
    """What the API server says to a create of each object, in order; definitions among them must be known to `asked`."""
    out: list[Diagnostic] = []
    for document in found:
        answer = asked.create(document.body, namespace)
        asked.take(answer)
        out.extend(diagnose(f, document, asked.version) for f in answer.faults)
    return out


def listed(lists: Sequence[Document], asked: Server) -> list[Diagnostic]:
    """What kubectl says to lists by themselves; the verdict over their items comes besides."""
    if not lists:
        return []
    from manifold.apiserver.lists import check as look

    return [diagnose(f, shell, asked.version) for shell in lists for f in look(shell.body, asked)]


def _prepared(
    text: Text, kubernetes: str | None, crds: Iterable[Mapping[str, Any]], cluster: Iterable[Mapping[str, Any]]
) -> tuple[Reading, Server]:
    reading = documents(text)
    ours = [d.body for d in reading.documents if is_crd(d.body)]
    return reading, server(kubernetes, [*crds, *ours], cluster, [d.body for d in reading.documents])


def _nothing(text: Text, reading: Reading) -> list[Diagnostic]:
    """What kubectl says where there is nothing at all to send."""
    if (
        not isinstance(text, (str, bytes, Path))
        or reading.documents
        or reading.skipped
        or any(d.rejects for d in reading.diagnostics)
    ):
        return []
    return [no_objects()]


def no_objects(file: str = "") -> Diagnostic:
    """That a text holds nothing for kubectl to send."""
    message = "there is no object in this text: kubectl has nothing to create and fails"
    return Diagnostic(Origin.YAML, "yaml/no-objects", Severity.ERROR, message, file=file, span=Span(1, 1, 1, 2))


def read(text: str | bytes) -> list[Body]:
    """The objects that kubectl would send, in order, Lists expanded.

    Raises ReadError, with its diagnostics and the objects before it, where kubectl cannot read the text.
    """
    reading = documents(text)
    bodies = [d.body for d in reading.documents]
    fatal = [d for d in reading.diagnostics if d.rejects]
    if fatal:
        raise ReadError(fatal, bodies)
    return bodies


def validate(
    text: Text,
    *,
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Diagnostic]:
    """What kubectl and the API server say to a create of these objects, with strict field validation.

    Without `cluster` the plug-ins that look at other objects are off: namespaces, service accounts and classes exist,
    quotas and limit ranges do not matter. An `apiserver` or `yaml` error means that the text is refused.
    """
    reading, asked = _prepared(text, kubernetes, crds, cluster)
    return [
        *reading.diagnostics,
        *_nothing(text, reading),
        *listed(reading.lists, asked),
        *verdict(reading.documents, asked),
    ]


def preview(
    text: Text,
    *,
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Body]:
    """The objects as the server would store them: defaults and admission applied, `<allocated>` where the server picks.

    Objects that the server refuses are left out. Raises ReadError where kubectl cannot read the text.
    """
    from manifold.apiserver.store import stored

    reading, asked = _prepared(text, kubernetes, crds, cluster)
    fatal = [d for d in reading.diagnostics if d.rejects]
    if fatal:
        raise ReadError(fatal, [d.body for d in reading.documents])
    out = []
    for document in reading.documents:
        answer = asked.create(document.body, admit=True)
        asked.take(answer)
        if answer.object is not None and not answer.faults.refused:
            out.append(stored(answer))
    return out


def lint(
    text: Text,
    *,
    profile: str = "recommended",
    select: Iterable[str] = (),
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Diagnostic]:
    """What the lint rules of a profile, or those selected, find, without what comments and annotations wave away.

    Raises UsageError for a profile or a rule that does not exist.
    """
    reading, asked = _prepared(text, kubernetes, crds, cluster)
    run = linter(reading.documents, asked.version, profile=profile, select=select, cluster=cluster)
    said = [*(d for d in reading.diagnostics if d.origin is Origin.LINT), *run(reading.documents)]
    return _unwaved(said, text, reading)


def check(
    text: Text,
    *,
    profile: str = "recommended",
    select: Iterable[str] = (),
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Diagnostic]:
    """validate, lint and references together, each defect once, without what comments and annotations wave away."""
    there = list(cluster)
    reading, asked = _prepared(text, kubernetes, crds, there)
    run = linter(reading.documents, asked.version, profile=profile, select=select, cluster=there)
    said = [
        *reading.diagnostics,
        *_nothing(text, reading),
        *listed(reading.lists, asked),
        *once(verdict(reading.documents, asked), run(reading.documents)),
    ]
    return _unwaved(said, text, reading)


def _unwaved(found: list[Diagnostic], text: Text, reading: Reading) -> list[Diagnostic]:
    """What remains after suppressions within the text or the objects."""
    from manifold.lint.catalogue import known
    from manifold.lint.suppress import Suppressions
    from manifold.read.split import decode

    lines: list[str] = []
    if isinstance(text, Path):
        text = text.read_bytes()
    if isinstance(text, bytes):
        text = decode(text)[0]
    if isinstance(text, str):
        if "ignore" not in text and "exempt" not in text:
            return found
        lines = text.split("\n")
    return Suppressions(known(), lambda file: lines).apply(found, reading.documents)[0]


def once(verdicts: Sequence[Diagnostic], linted: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Both, without what the linter says of a place where the server refuses already.

    Where it refuses a whole `spec`, for two of its fields that exclude each other for instance, the rest of it is another matter.
    """
    refused: dict[tuple[str, int, ObjectId], list[str]] = {}
    for d in verdicts:
        if d.severity is Severity.ERROR:
            refused.setdefault((d.file, d.document, d.object), []).append(d.path)

    def covered(d: Diagnostic) -> bool:
        paths = refused.get((d.file, d.document, d.object), ())
        return any(d.path == p or ("." in p and d.path.startswith((f"{p}.", f"{p}["))) for p in paths if p)

    kept = [d for d in linted if not covered(d)]
    # Where the definition at hand is known not to have a kind, that says more than that none is at hand.
    undefined = {(d.file, d.document, d.object) for d in kept if d.rule == "kind-undefined"}
    if undefined:
        verdicts = [
            d
            for d in verdicts
            if d.rule != "api/no-such-kind" or d.rejects or (d.file, d.document, d.object) not in undefined
        ]
    return [*verdicts, *kept]


def linter(
    found: Sequence[Document],
    version: str,
    *,
    profile: str = "",
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    cluster: Iterable[Mapping[str, Any]] = (),
    rules: Sequence[Path] = (),
    kustomizations: Sequence[Kustomization] = (),
) -> Callable[[Sequence[Document]], list[Diagnostic]]:
    """The lint rules in force, ready for parts of `found`; `version` stands in what they say.

    `rules` are folders with rules of the user's own; `kustomizations` say which files belong together. Given no documents,
    it makes ready for `found` and no more. Raises UsageError for a profile or a rule that does not exist.
    """
    from manifold.lint.catalogue import choose, known
    from manifold.lint.engine import Bundle, Linter
    from manifold.lint.shape import straight

    engine = Linter(choose(known(tuple(rules)), profile, select, ignore), parameters)
    cluster = list(cluster)
    bundle = Bundle(found, cluster, version, kustomizations)
    straightened: list[tuple[Server, Bundle]] = []

    def misshapen(documents: Sequence[Document]) -> list[Diagnostic]:
        # An object that is not of its kind's shape, most likely: looked for only now, so that others pay nothing.
        # What fails even so is said of its object.
        if not straightened:
            asked = server(version, [d.body for d in found if d.kind == CRD[1] and is_crd(d.body)])
            there = [d.body for d in straight([Document("", 0, dict(b)) for b in cluster], asked)]
            straightened.append((asked, Bundle(straight(found, asked), there, version, kustomizations)))
        asked, other = straightened[0]
        return list(engine.run_on(straight(documents, asked), other))

    def run(documents: Sequence[Document]) -> list[Diagnostic]:
        if not documents:
            engine.prepare(found)
        try:
            bundle.prepare()
        except Exception:
            return misshapen(documents)
        out: list[Diagnostic] = []
        for document in documents:  # one by one: what is said of it does not hang on those that it comes with
            try:
                out += engine.look(document, bundle)
            except Exception:
                out += misshapen((document,))
        return out

    return run


def equivalents() -> dict[str, str | list[str]]:
    """A peer's check -> our rule, or a list of them."""
    from manifold.lint.catalogue import aliases, rules

    return {peer: ours[0] if len(ours) == 1 else ours for peer, ours in sorted(aliases(rules()).items())}


def update(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Diagnostic]:
    """What a PUT of `new` over the stored object `old` gets."""
    asked = server(kubernetes, crds, cluster)
    document = Document("", 0, dict(new))
    return [diagnose(f, document, asked.version) for f in asked.update(dict(old), dict(new)).faults]


def apply(
    text: Text,
    live: Iterable[Mapping[str, Any]],
    *,
    how: Literal["client", "server"] = "server",
    field_manager: str = "kubectl",
    force: bool = False,
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> list[Outcome]:
    """What `kubectl apply` of these objects over the `live` ones does: one outcome an object, in order.

    Raises ReadError where kubectl cannot read the text.
    """
    reading, asked = _prepared(text, kubernetes, crds, cluster)
    fatal = [d for d in reading.diagnostics if d.rejects]
    if fatal:
        raise ReadError(fatal, [d.body for d in reading.documents])
    return outcomes(reading.documents, asked, live, how=how, field_manager=field_manager, force=force)


def outcomes(
    found: Sequence[Document],
    asked: Server,
    live: Iterable[Mapping[str, Any]],
    *,
    how: Literal["client", "server", "auto"] = "server",
    field_manager: str = "kubectl",
    force: bool = False,
    namespace: str = "default",
) -> list[Outcome]:
    """What applying each document over the `live` objects does; `auto` goes on as the live object was last applied.

    What is not there yet, `auto` creates as `kubectl apply` does without --server-side.
    """
    from manifold import diff
    from manifold.apiserver import unknown

    there = {_key(body): body for body in live}
    said_first: dict[tuple[str, str], list[Fault]] = {}
    strangers = {}
    for document in found:
        sort = (document.api_version, document.kind)
        if sort not in said_first and asked.kind(*sort) is None:
            said_first[sort] = asked.strict(document.body)
            if not any(not f.warning for f in said_first[sort]):  # a definition may be in the cluster
                home = document.key(namespace)
                strangers[sort] = unknown.kind_of(
                    document.body, namespaced=home._replace(namespace="") not in there or home in there
                )
    if strangers:
        asked = asked.assuming(strangers.values())
    out = []
    for document in found:
        kind = asked.kind(document.api_version, document.kind)
        key = document.key(namespace)
        if kind is not None and not kind.namespaced:
            key = key._replace(namespace="")
        if kind is None:
            answer = asked.create(document.body)
            said = [diagnose(f, document, asked.version) for f in answer.faults]
            out.append(Outcome(key, "refused", None, diagnostics=said))
            continue
        if not key.name:
            out.append(nameless(document, key, asked.version))
            continue
        before = there.get(key)
        stored = diff.unmasked(before, document.body)[0] if before is not None else None
        applying = partial(_one, asked, document.body, kind, key.namespace, how, field_manager, force)
        try:
            result = applying(stored)
        except Exception:  # as no server holds it: looked for only where it matters
            held = asked.fitting(stored) if stored is not None else None
            if held is None or held is stored:
                raise
            result = applying(dict(held))
        first = said_first.get((document.api_version, document.kind), [])
        said = [diagnose(f, document, asked.version) for f in (*first, *result.faults)]
        out.append(Outcome(key, result.verb, result.object, result.changes, said, result.conflicts))
        if result.answer is not None:
            asked.take(result.answer)
    return out


def _one(
    asked: Server,
    body: Body,
    kind: Kind,
    namespace: str,
    how: Literal["client", "server", "auto"],
    manager: str,
    force: bool,
    stored: Body | None,
) -> Result:
    """What applying one object over the stored one does."""
    from manifold.apiserver.patch import apply as patching

    if how == "server" or (how == "auto" and stored is not None and not applied_client_side(stored)):
        return patching.server_side(asked, body, stored, kind, namespace, manager=manager, force=force)
    return patching.client_side(asked, body, stored, kind, namespace)


def nameless(document: Document, key: Key, version: str) -> Outcome:
    """What kubectl says to an apply of an object that has no name: it does not know which one is meant."""
    from manifold.apiserver.faults import Faults

    faults = Faults()
    prefix = str((document.body.get("metadata") or {}).get("generateName") or "")
    help = "give it a name, or create it with `kubectl create`" if prefix else "give it a name"
    faults.required(("metadata", "name"), "an apply needs the name of the object; generateName is for creating", help)
    said = [diagnose(f, document, version) for f in faults]
    return Outcome(key._replace(name=prefix), "refused", None, diagnostics=said)


def unserved(asked: Server, document: Document, key: Key) -> Outcome:
    """What is said of a kind that a cluster does not serve."""
    from manifold.apiserver.faults import Faults

    faults = Faults()
    message = f"the cluster does not serve {document.kind} of {document.api_version}"
    faults.add("NotFound", (), message, rule="api/no-such-kind", at=("apiVersion",))
    return Outcome(key, "refused", None, diagnostics=[diagnose(f, document, asked.version) for f in faults])


def differences(
    found: Sequence[Document],
    results: Sequence[Outcome],
    live: Iterable[Mapping[str, Any]],
    *,
    field_manager: str = "kubectl",
) -> list[Difference]:
    """Outcomes as differences that are ready to be shown: Secrets masked, with notes, sorted by key."""
    from manifold import diff

    there = list(live)
    autoscalers = diff.scaled([*(d.body for d in found), *there])
    known = {_key(b): b for b in there}
    schema = _bare(None).schema
    out = []
    for document, o in zip(found, results, strict=True):
        verb: Verb = {"created": "create", "configured": "update"}.get(o.verb, o.verb)  # type: ignore[assignment]
        changes, notes = o.changes, [f"{c.path} belongs to {c.manager}" for c in o.conflicts]
        if verb == "update" and not changes:
            verb = "unchanged"
        if verb == "create":
            body = {k: v for k, v in document.body.items() if k != "status"}
            changes = [Change("", None, body)]
            if (o.key.group, o.key.kind) == ("", "Secret"):
                hidden = {
                    k: dict.fromkeys(v, "***") if k in ("data", "stringData") and isinstance(v, dict) else v
                    for k, v in body.items()
                }
                changes = [Change("", None, hidden)]
        if verb == "refused" and o.key in known and diff.immutable(o.diagnostics):
            verb = "replace"
            notes += diff.replacing(o.diagnostics)
        notes += diff.notes(o.key, changes, autoscalers)
        before = known.get(o.key)
        kind = schema.kind(document.api_version, document.kind)
        owned = diff.Owners(before, kind.type if kind is not None else None, field_manager)
        notes += owned.taken(changes, o.object)
        theirs = owned.left(document.body) if before is not None else {}
        if before is not None and diff.unmasked(before, document.body)[1]:
            notes.append("its values are masked in the snapshot, and were not compared (snapshot --secrets keeps them)")
        masked = diff.masked(o.key, changes)
        out.append(Difference(o.key, verb, masked, tuple(notes), tuple(o.diagnostics), theirs))
    return sorted(out, key=lambda d: d.key)


def applied(
    bodies: Iterable[Mapping[str, Any]],
    asked: Server,
    *,
    how: Literal["client", "server"] = "server",
    field_manager: str = "kubectl",
    namespace: str = "default",
) -> list[Body]:
    """The objects as they would stand in a cluster after these manifests were applied; those that it refuses are left out.

    `client` leaves kubectl's mark of what was applied, by which objects are pruned; what is refused that way, for the
    mark has no room for it, may have been applied server-side.
    """
    found = [Document("", i, dict(b)) for i, b in enumerate(bodies)]
    results = outcomes(found, asked, (), how=how, field_manager=field_manager, namespace=namespace)
    made = [o.object for o in results if o.object is not None]
    refused = [d for d, o in zip(found, results, strict=True) if o.object is None]
    if how == "client" and refused:
        again = outcomes(refused, asked, (), field_manager=field_manager, namespace=namespace)
        made += [o.object for o in again if o.object is not None]
    return made


def gone(live: Iterable[Mapping[str, Any]], results: Iterable[Outcome]) -> list[Difference]:
    """The objects of the other side that no manifest names any more."""
    there = {o.key for o in results}
    return [Difference(key, "gone") for key in sorted({_key(b) for b in live} - there)]


def applied_client_side(live: Mapping[str, Any]) -> bool:
    """Whether a live object was last applied by `kubectl apply` without --server-side: it has the annotation."""
    from manifold.apiserver.changes import LAST_APPLIED

    return LAST_APPLIED in ((live.get("metadata") or {}).get("annotations") or {})


def three_way(asked: Server, document: Document, live: Body, namespace: str) -> tuple[Body, str, list[Diagnostic]]:
    """The patch that `kubectl apply` sends for a document over a live object, its content type, and why there is none."""
    from manifold.apiserver import unknown
    from manifold.apiserver.faults import Faults
    from manifold.apiserver.patch import apply as patching
    from manifold.apiserver.patch.strategic import PatchError

    kind = asked.kind(document.api_version, document.kind)
    if kind is None:
        kind = unknown.kind_of(document.body, namespaced=bool((live.get("metadata") or {}).get("namespace")))
    content = "application/strategic-merge-patch+json" if kind.custom is None else "application/merge-patch+json"
    try:
        config = patching.placed(document.body, kind, namespace)
        return patching.three_way(patching.with_last_applied(config), live, kind), content, []
    except PatchError as error:
        faults = Faults()
        faults.invalid((), f"kubectl cannot compute a patch: {error}")
        return {}, content, [diagnose(f, document, asked.version) for f in faults]


def answered(asked: Server, document: Document, key: Key, before: Body | None, accepted: bool, body: Body) -> Outcome:
    """A live server's answer to the dry run of an apply as an outcome: `body` is the object, or the Status that refuses."""
    from manifold.apiserver import changes, unknown

    if accepted:
        if before is None:
            return Outcome(key, "created", body)
        kind = asked.kind(document.api_version, document.kind)
        found = changes.between(before, body, kind.type) if kind is not None else unknown.between(before, body)
        return Outcome(key, "configured" if found else "unchanged", body, found)
    from manifold.apiserver.patch.apply import Conflict

    causes = (body.get("details") or {}).get("causes") or []
    conflicts = [
        Conflict(_manager(c.get("message", "")), c.get("field", ""))
        for c in causes
        if c.get("reason") == "FieldManagerConflict"
    ]
    if conflicts:
        return Outcome(key, "conflict", None, conflicts=conflicts)
    said = [
        Diagnostic(
            Origin.APISERVER,
            "api/refused",
            Severity.ERROR,
            str(c.get("message") or body.get("message") or "refused"),
            reason=str(c.get("reason") or ""),
            path=str(c.get("field") or ""),
            file=document.source,
            object=ObjectId.of(document.body),
        )
        for c in causes or [{}]
    ]
    return Outcome(key, "refused", None, diagnostics=said)


def _manager(message: str) -> str:
    """The manager in `conflict with "NAME" using v1`."""
    return message.partition('"')[2].partition('"')[0]


def plan(
    text: Text,
    live: Iterable[Mapping[str, Any]] = (),
    *,
    prune: Prune | None = None,
    how: Literal["client", "server", "auto"] = "auto",
    kubernetes: str | None = None,
    crds: Iterable[Mapping[str, Any]] = (),
    cluster: Iterable[Mapping[str, Any]] = (),
) -> Plan:
    """In which order to apply these objects over the `live` ones: waves, waits, risks, and what `prune` deletes.

    `auto` goes on as each live object was last applied, and creates as `kubectl apply` without --server-side.

    Raises ReadError where kubectl cannot read the text, UsageError for a prune selection that cannot be.
    """
    reading, asked = _prepared(text, kubernetes, crds, cluster)
    fatal = [d for d in reading.diagnostics if d.rejects]
    if fatal:
        raise ReadError(fatal, [d.body for d in reading.documents])
    return planned(reading.documents, asked, list(live), prune=prune, how=how)


def planned(
    found: Sequence[Document],
    asked: Server,
    live: Sequence[Mapping[str, Any]],
    *,
    prune: Prune | None = None,
    how: Literal["client", "server", "auto"] = "auto",
    namespace: str = "default",
) -> Plan:
    """The plan for documents that are read already."""
    if prune is not None and how == "server" and not prune.applyset:
        raise UsageError(
            "server-side apply leaves no mark of what was applied, by which labels prune: prune by an apply set, "
            "or leave out --how server"
        )
    try:
        return _planned(found, asked, live, prune, how, namespace)
    except Exception:  # as no server holds it: looked for only where it matters
        held = [asked.fitting(body) for body in live]
        if all(a is b for a, b in zip(held, live, strict=True)):
            raise
        return _planned(found, asked, held, prune, how, namespace)


def _planned(
    found: Sequence[Document],
    asked: Server,
    live: Sequence[Mapping[str, Any]],
    prune: Prune | None,
    how: Literal["client", "server", "auto"],
    namespace: str,
) -> Plan:
    from manifold import plan as planning
    from manifold import risks
    from manifold.report._diff import told

    results = outcomes(found, asked, live, how=how, force=True, namespace=namespace)
    turns = []
    problems = []
    there = {_key(body): body for body in live}
    bodies = [*(d.body for d in found), *live]
    ordered = _in_order(differences(found, results, live), results)
    for document, d, outcome in zip(found, ordered, results, strict=True):
        changes = tuple(c.path for c in d.changes if c.path)
        summary: list[str] = []
        warned: list[str] = []
        if d.verb in ("update", "replace"):
            after = outcome.object or document.body
            summary = told(d.changes)
            rolled = risks.rollout(d.key, after, there.get(d.key), d.changes)
            if rolled:
                summary.append(rolled)
                warned += risks.budgets(d.key, after, bodies)
            warned += risks.readers(d.key, d.changes, bodies)
            warned += risks.others(d.key, d.verb, d.changes)
            warned += [n for n in d.notes if n not in ("its Pods are replaced",)]
        elif d.verb != "create":
            warned += d.notes
        for said in d.diagnostics:
            if said.rejects and d.verb == "refused":
                problems.append(
                    f"{planning.name(d.key)} is refused: {said.path + ': ' if said.path else ''}{said.message}"
                )
        turns.append(planning.Turn(d.key, document.body, d.verb, changes, tuple(warned), tuple(summary)))
    pruned: list[Key] = []
    if prune is not None:
        if any(t.verb in ("refused", "conflict") for t in turns):
            problems.append("nothing is pruned while an object is refused")
        else:
            namespaced = {(k.group, k.kind): k.namespaced for k in asked.schema.kinds()}
            pruned = planning.prune(prune, [d.body for d in found], live, namespaced)
    edges = planning.referring(found, {id(document): turn.key for document, turn in zip(found, turns, strict=True)})
    return planning.make(turns, edges, pruned, problems)


def _in_order(found: Sequence[Difference], results: Sequence[Outcome]) -> list[Difference]:
    by_key = {d.key: d for d in found}
    return [by_key[o.key] for o in results]


def _key(body: Mapping[str, Any]) -> Key:
    meta = body.get("metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    return Key(group, str(body.get("kind") or ""), str(meta.get("namespace") or ""), str(meta.get("name") or ""))
