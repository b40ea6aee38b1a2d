"""What a command does over many sources: read them, let the stages speak, bring what they say together in one report.

The stages themselves are `manifold.api`'s; this is the part that needs files, processes and an order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifold import __version__, api, sops
from manifold.apiserver.schema import release
from manifold.baseline import fingerprinted
from manifold.config import Config
from manifold.errors import UsageError
from manifold.inputs import Loaded, Request, load
from manifold.model import (
    INTERNAL_ERROR,
    Diagnostic,
    Document,
    Kustomization,
    ObjectId,
    Origin,
    Page,
    Report,
    Severity,
    Skip,
    Source,
    Summary,
)
from manifold.processes import can_fork, processors, spread
from manifold.secrets import Secrets

if TYPE_CHECKING:
    from manifold.apiserver.crd import Unread
    from manifold.cache import Cache

# Below this many objects a second process costs more than it brings (measured: a fork and its pickling take 30 ms).
PAYS_FROM = 800
CACHED_FROM = 200_000  # bytes of text; less is looked at in a tenth of a second, most of it the start of the process
RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def _ready(request: Request, sources: Sequence[Source]) -> None:
    """Load what the stages need, for kinds such as the first ones: there is time while others read."""
    from manifold.read import read

    if request.validate and sources:
        for version in request.releases:
            for document in read(sources[0]).documents:
                api.server(version).create(document.body)
    if request.lint:
        from manifold.lint import near  # noqa: F401

        linter(request, (), release())  # imports the checks of the rules in force


# So many objects are taken up at a time: what one stage has looked at is still near when the next one does.
CHUNK = 32


@dataclass(slots=True)
class Work:
    """What the stages need, forked with the processes, so that nothing of it is copied or pickled."""

    request: Request
    documents: list[Document]
    servers: list[Any]
    linters: Sequence[Any] = ()

    def part(self, start: int) -> list[Diagnostic]:
        """What the stages say of a chunk of documents."""
        request = self.request
        documents = [d.opened() for d in self.documents[start : start + CHUNK]]
        out: list[Diagnostic] = []
        if request.validate:
            for server in self.servers:
                out += api.verdict(documents, server, request.home or "default")
        return api.once(out, [d for run in self.linters for d in run(documents)]) if self.linters else out


def examine(
    request: Request, loaded: Loaded, given: Sequence[dict[str, Any]] = ()
) -> tuple[list[Diagnostic], tuple[str, ...]]:
    """What the stages say of all documents, in the order of their files, and the versions they answered for.

    `given` are definitions of custom kinds that are known besides those among the documents.
    """
    cluster = list(request.cluster)
    # What else the run holds counts only beside a cluster, or before admission policies.
    beside = bool(cluster) or any(d.kind in api.POLICIES for d in (*loaded.documents, *loaded.beside))
    cache = None if beside else loaded.cache
    context = cache.whole(loaded.sources, loaded.kustomizations) if cache is not None else b""
    known = cache.known(context) if cache is not None else {}
    found = [d for there in known.values() for d in there]
    anew = len(known) < loaded.files
    versions = dict.fromkeys(release(version) for version in request.releases)
    servers: list[Any] = []
    if (anew or loaded.kustomizations) and (request.validate or request.home):  # rules alone ask no server
        servers = _servers(request, loaded, [*given], cluster, beside)
    if anew:
        todo = [d for d in loaded.documents if d.source not in known] if known else loaded.documents
        new = _said(request, loaded, todo, servers, versions, cluster)
        found += new
        if cache is not None:
            _keep(cache, context, loaded, new, known)
    if loaded.kustomizations and any(d.rejects for d in found):
        from manifold.kustomize import set_aside

        found = set_aside(found, loaded.everything(), loaded.kustomizations, servers)
    if request.validate:
        found += [d for asked in servers for d in api.listed(loaded.lists, asked)]
    order = {source.name: n for n, source in enumerate(loaded.sources)}
    found.sort(key=lambda d: order.get(d.file, 0))
    return found, tuple(versions)


def _servers(request: Request, loaded: Loaded, given: list[Any], cluster: list[Any], beside: bool) -> list[Any]:
    """The API servers on paper that are asked, one a release."""
    everything = loaded.everything()
    crds = [_definition(d) for d in everything if d.kind == api.CRD[1] and d.api_version.startswith(api.CRD[0])]
    crds += given
    inputs = everything if beside else []
    made = (api.server(v, crds, cluster, inputs) for v in request.releases)
    servers = list({s.version: s for s in made}.values())
    if namespace := request.home:
        for part in (loaded.documents, loaded.beside):
            part[:] = [_placed(d, namespace, servers[-1]) for d in part]
    return servers


def _definition(document: Document) -> Mapping[str, Any] | Unread:
    """A CustomResourceDefinition, opened only where its kind is asked for: they are large."""
    from manifold.apiserver.crd import Unread

    noted = document.glance
    if noted is None or noted.defines is None:
        return document.body
    return Unread(noted.defines, lambda: document.body)


def linter(
    request: Request,
    documents: Sequence[Document],
    version: str,
    cluster: Iterable[Mapping[str, Any]] = (),
    kustomizations: Sequence[Kustomization] = (),
) -> Callable[[Sequence[Document]], list[Diagnostic]]:
    """The lint rules that the request wants, ready for parts of these documents."""
    return api.linter(
        documents,
        version,
        profile=request.profile,
        select=request.select,
        ignore=request.ignore,
        parameters=request.config.parameters,
        cluster=cluster,
        rules=request.own_rules,
        kustomizations=kustomizations,
    )


def _said(
    request: Request,
    loaded: Loaded,
    documents: list[Document],
    servers: list[Any],
    versions: Iterable[str],
    cluster: list[Any],
) -> list[Diagnostic]:
    """What the stages say of some of the documents, in the sight of all."""
    everything = loaded.everything()
    linters = [
        linter(request, everything, version, cluster, loaded.kustomizations)
        for version in (versions if request.lint else ())
    ]
    work = loaded.work = Work(request, documents, servers, linters)
    count = len(documents)
    # Quotas of a cluster count one object after the other.
    processes = 1 if cluster else request.jobs or (processors() if count >= PAYS_FROM else 1)
    processes = min(processes, -(-count // CHUNK))
    if processes > 1 and can_fork():
        if request.validate:
            _warm(servers, documents)
        for run in linters:
            run(())
    tick = partial(_checking, request, count)
    return [d for part in spread(range(0, count, CHUNK), work.part, processes, tick=tick) for d in part]


def _question(request: Request, given: Sequence[Any]) -> object:
    """All but the files that decides what is found in them."""
    from manifold.lint.catalogue import read

    config = request.config
    rules = [read(folder) for folder in request.own_rules] if request.lint else []
    return (
        str(Path.cwd()), [str(p) for p in request.paths], request.validate, request.lint, [*request.versions], request.namespace,
        [*request.skip_kind], request.only_manifests, [*request.select], [*request.ignore], request.profile,
        repr(config), rules, [*given],
    )  # fmt: skip


def _cached(request: Request, given: Sequence[Any], size: int) -> Cache | None:
    """The cache for a run over so many bytes, if it is wanted and pays."""
    if not request.cache or size < CACHED_FROM or request.cluster or request.shard:
        return None
    from manifold.cache import Cache, folder

    place = folder()
    return None if place is None else Cache.of(_question(request, given), place)


def _keep(
    cache: Cache, context: bytes, loaded: Loaded, new: Sequence[Diagnostic], known: Mapping[str, list[Diagnostic]]
) -> None:
    """Let the cache keep what was found, but for what is said of Secrets, which may tell their values."""
    by_file = {name: list(there) for name, there in known.items()}
    for d in new:
        by_file.setdefault(d.file, []).append(d)
    secret = {d.source for d in loaded.documents if d.kind == "Secret"}
    out = {n for n, there in by_file.items() if there and n in secret}
    out |= {d.file for d in new if d.rule == INTERNAL_ERROR or d.fix is not None}
    cache.save(context, by_file, lambda name: name not in out)


def _placed(document: Document, namespace: str, server: Any) -> Document:
    """A document in the namespace that -n gives it, as kubectl fills it in where the object names none."""
    kind = server.kind(document.api_version, document.kind)
    if kind is None or not kind.namespaced or document.key().namespace:
        return document
    body = document.body
    meta = body.get("metadata")
    if not isinstance(meta, dict):
        return document
    return document.with_body({**body, "metadata": {**meta, "namespace": namespace}})


def _checking(request: Request, count: int, done: int) -> None:
    if request.progress is not None and not done % 8:
        request.progress("checking", done * CHUNK, count)


def _warm(servers: Sequence[Any], documents: Sequence[Document]) -> None:
    """Compile what kinds need of which there are several before the processes part, so that each does not do it again.

    A kind of one chunk alone is compiled by whoever takes that up, while others are at work.
    """
    first: dict[tuple[str, str], int] = {}
    for number, document in enumerate(documents):
        key, chunk = (document.api_version, document.kind), number // CHUNK
        before = first.setdefault(key, chunk)
        if before not in (chunk, -1):
            first[key] = -1
            for server in servers:
                server.create(document.body)


def merged(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Equal diagnostics of several versions as one, that names them all."""
    found = list(found)
    if len({d.kubernetes for d in found}) < 2:
        return list(dict.fromkeys(found))
    out: dict[Diagnostic, tuple[str, ...]] = {}
    for d in found:
        key = replace(d, kubernetes=())
        out[key] = (*out.get(key, ()), *(v for v in d.kubernetes if v not in out.get(key, ())))
    return [replace(d, kubernetes=versions) if versions else d for d, versions in out.items()]


def without_definition(about: ObjectId) -> str:
    """Why an object of a kind that nothing at hand defines counts as skipped."""
    return f"no definition of {about.kind} in {about.api_version} is at hand"


def _refused(request: Request, loaded: Loaded, definitions: Sequence[Document]) -> list[Diagnostic]:
    """What the server refuses in definitions that objects at hand are of: of those, a verdict would mean nothing.

    Old versions of definitions are taken as they are: they tell what a kind is like, and are not to be applied.
    """
    used = {(d.api_version.rpartition("/")[0], d.kind) for d in loaded.documents}
    asked = [d for d in definitions if d.api_version == "apiextensions.k8s.io/v1" and api.defines(d.body) in used]
    servers = map(api.server, dict.fromkeys(request.releases)) if asked else ()
    return [d for server in servers for d in api.verdict(asked, server) if d.rejects]


def _missing_schemas(found: list[Diagnostic], how: str, skipped: list[Skip]) -> list[Diagnostic]:
    """Kinds without a definition: once each with a count, as an error, or only among what was skipped."""
    groups: dict[tuple[str, str], list[Diagnostic]] = {}
    out = []
    for d in found:
        if d.rule == "api/no-such-kind" and d.severity is Severity.WARNING:
            groups.setdefault((d.object.api_version, d.object.kind), []).append(d)
            skipped.append(Skip(d.file, d.document, without_definition(d.object)))
        else:
            out.append(d)
    if how == "ignore":
        return out
    for same in groups.values():
        first = same[0]
        more = f" ({len(same)} objects)" if len(same) > 1 else ""
        severity = Severity.ERROR if how == "error" else Severity.WARNING
        out.append(replace(first, message=first.message + more, severity=severity))
    return out


def report(request: Request) -> tuple[Report, bool]:
    """Do what is asked; returns the report, and whether something that was asked for could not be looked at.

    Raises UsageError for what is asked for and does not exist: a release, a rule, a profile.
    """
    _names(request)
    definitions = request.definitions()
    given = [d.body for d in definitions]
    loaded = load(request, packed=True, cached=partial(_cached, request, given), meanwhile=partial(_ready, request))
    found, versions = examine(request, loaded, given)
    if definitions and request.validate:
        found += _refused(request, loaded, definitions)
    found = merged(found)
    if found:
        from manifold.placeholders import set_aside

        found = set_aside(found, loaded.lines, cache(lambda file: b"${" in loaded.texts.get(file, b"")))
    encrypted = loaded.holding(*sops.WORDS)
    if encrypted:
        whole = (d for d in (*loaded.lists, *loaded.documents) if d.source in encrypted)
        found = sops.set_aside(found, whole, loaded.lines)
    found = _missing_schemas(found, request.missing_schema, loaded.skipped)
    incomplete = loaded.incomplete or any(
        d.origin is Origin.YAML and d.rule == "yaml/unreadable" for d in loaded.diagnostics
    )
    incomplete = incomplete or any(d.rule == INTERNAL_ERROR for d in found)
    if request.missing_schema == "error" and any(d.rule == "api/no-such-kind" for d in found):
        incomplete = True
    everything = fingerprinted([*loaded.diagnostics, *found], loaded.documents)
    everything = _severities(everything, request)
    everything, suppressed = _suppressed(everything, request, loaded)
    everything = _ignored(everything, request)
    everything.sort(
        key=lambda d: (
            d.file,
            d.document if not d.span.line else 0,
            d.span.line,
            d.span.column,
            d.rule,
            d.path,
            d.message,
        )
    )
    secrets = Secrets(loaded.documents)
    if secrets:
        everything = [secrets.hide(d) for d in everything]
    count = {s: sum(1 for d in everything if d.severity is s) for s in Severity}
    summary = Summary(
        files=loaded.files,
        documents=loaded.pieces,
        objects=len(loaded.documents),
        errors=count[Severity.ERROR],
        warnings=count[Severity.WARNING],
        infos=count[Severity.INFO],
        skipped=len(loaded.skipped),
        suppressed=suppressed,
    )
    out = Report(
        tuple(everything),
        tuple(loaded.skipped),
        summary,
        versions,
        __version__,
        loaded.lines,
        secrets.quoted(loaded.lines),
        secrets.hide,
        partial(_about, request.own_rules),
        tuple(loaded.texts),
        tuple(_notes(versions)),
    )
    return out, incomplete


def _about(folders: tuple[Path, ...], rule: str) -> Page:
    from manifold import assets
    from manifold.lint.catalogue import known

    found = known(folders).get(rule)
    if found is not None:
        return Page(found.summary, found.why, found.fix)
    page = assets.table("rules", "answers.yaml")["answers"].get(rule, {})
    return Page(page.get("summary", ""), page.get("why", ""), page.get("fix", ""))


def _notes(versions: Sequence[str]) -> list[str]:
    from manifold.apiserver.server import FULL_VERDICT

    old = [v for v in versions if tuple(map(int, v.split("."))) < FULL_VERDICT]
    if not old:
        return []
    return [
        f"Kubernetes {', '.join(old)}: schema and lifecycle only; the server's further rules are known from 1.30 on"
    ]


def _names(request: Request) -> None:
    """Look for the rules that the settings name, so that a mistyped one is not passed over in silence."""
    config = request.config
    named = [*config.severity, *config.parameters, *(name for p in config.paths for name in p.ignore)]
    if named:
        from manifold.lint.catalogue import known, resolve

        try:
            resolve(named, known(request.own_rules))
        except UsageError as error:
            raise UsageError(f"{config.file}: {error}") from error


def _severities(found: list[Diagnostic], request: Request) -> list[Diagnostic]:
    wanted = request.config.severity
    if not wanted:
        return found
    return [replace(d, severity=Severity(wanted[d.rule])) if d.rule in wanted and not d.rejects else d for d in found]


def _ignored(found: list[Diagnostic], request: Request) -> list[Diagnostic]:
    """Without what --ignore names; the linter leaves its own rules out itself, this is for `api/...` warnings."""
    names = (*request.ignore, *request.config.ignore)
    ignored = {name.strip() for text in names for name in text.split(",")}
    return [d for d in found if d.rule not in ignored or d.rejects] if ignored else found


def _suppressed(found: list[Diagnostic], request: Request, loaded: Loaded) -> tuple[list[Diagnostic], int]:
    own = loaded.holding(b"manifold", b"ignore")
    if not (found or own or request.config.paths or request.changed_since or request.baseline):
        return [], 0
    from manifold.lint.catalogue import known as known_rules
    from manifold.lint.suppress import Suppressions

    before = len(found)
    waved = Suppressions(known_rules(request.own_rules), loaded.lines)
    told = {d.file for d in found} | own
    found, _ = waved.apply(found, (d for d in loaded.documents if d.source in told))
    unused: list[Diagnostic] = []
    if request.lint and not request.skip_kind:  # what was skipped may have raised what is waved away
        ran = _in_force(request, waved.known)
        unused = waved.unused(own, ran)
    if request.config.paths and request.config.file is not None:
        ran = _in_force(request, waved.known)
        found, vain = _by_path(found, request.config, waved.known, loaded.texts)
        if request.lint and not request.skip_kind:
            unused += [d for d, rules in vain if all(map(ran, rules))]
    if request.changed_since:
        from manifold.read.git import changed_lines

        changed = changed_lines(request.changed_since)
        # What the server refuses stays refused, whichever line of the file was changed.
        found = [d for d in found if changed.touches(d.file, 0 if _stays(d, waved.known) else d.span.line)]
        unused = [d for d in unused if changed.touches(d.file, d.span.line)]
    if request.baseline is not None:
        from manifold.baseline import known

        there = known(request.baseline)
        found = [d for d in found if _stays(d, waved.known) or d.fingerprint not in there]
    return [*found, *unused], before - len(found)


def _in_force(request: Request, known: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a rule was looked for in this run."""
    from manifold.lint.catalogue import choose

    ids = {rule.id for rule in choose(known, request.profile, request.select, request.ignore)}
    return lambda name: name in ids or (name not in known and request.validate)


def _stays(d: Diagnostic, rules: Mapping[str, Any]) -> bool:
    """Whether a diagnostic cannot be waved away: the server refuses, or the rule is mandatory."""
    return d.rejects or (d.rule in rules and rules[d.rule].mandatory)


def _by_path(
    found: list[Diagnostic], config: Config, known: Mapping[str, Any], files: Iterable[str]
) -> tuple[list[Diagnostic], list[tuple[Diagnostic, set[str]]]]:
    """Without what the settings leave out of some files; and what to say of names (with their rules) that they give in vain.

    Raises UsageError for a rule that does not exist.
    """
    import pathspec

    from manifold.lint.catalogue import resolve
    from manifold.lint.suppress import unused

    assert config.file is not None
    root = config.file.resolve().parent
    rules = [
        (pathspec.GitIgnoreSpec.from_lines(p.match), {name: resolve([name], known) for name in p.ignore}, p)
        for p in config.paths
    ]
    used: set[tuple[int, str]] = set()

    def below(file: str) -> str:
        path = Path(file).resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""

    def kept(d: Diagnostic) -> bool:
        if not d.file or _stays(d, known) or not (here := below(d.file)):
            return True
        hits = [
            (n, name)
            for n, (spec, ignored, _) in enumerate(rules)
            for name, stands_for in ignored.items()
            if d.rule in stands_for and spec.match_file(here)
        ]
        used.update(hits)
        return not hits

    rest = [d for d in found if kept(d)]
    here = [below(file) for file in files]
    vain = []
    for n, (spec, ignored, path) in enumerate(rules):
        if any(file and spec.match_file(file) for file in here):
            where = ", ".join(path.match)
            vain += [
                (unused(str(config.file), f"{name} in {where}"), stands_for)
                for name, stands_for in ignored.items()
                if (n, name) not in used
            ]
    return rest, vain


def exit_code(report: Report, incomplete: bool, fail_on: str = "error") -> int:
    """The contract's exit code: 3 incomplete, 1 findings at or above `fail_on`, 0 none."""
    if incomplete:
        return 3
    limit = RANK[Severity(fail_on or "error")]
    return int(any(RANK[d.severity] <= limit for d in report.diagnostics))
