"""What a command looks at: the sources that its paths name, read into documents, by several processes where that pays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifold import api
from manifold.config import Config
from manifold.errors import UsageError
from manifold.model import Diagnostic, Document, Kustomization, Skip, Source
from manifold.processes import processors, spread

if TYPE_CHECKING:
    from manifold.cache import Cache
    from manifold.read import Reading

READING_PAYS_FROM = 400_000  # bytes; below, a second process costs more than it brings (a fork and its answers: 10 ms)


@dataclass(slots=True)
class Request:
    """What to look at and how; empty means the default."""

    paths: Sequence[Path]
    validate: bool = True
    lint: bool = True
    versions: Sequence[str] = ()
    namespace: str = ""
    schemas: Sequence[Path] = ()
    rules: Sequence[Path] = ()
    skip_kind: Sequence[str] = ()
    missing_schema: str = "warn"
    only_manifests: bool = False
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    profile: str = ""
    baseline: Path | None = None
    changed_since: str = ""
    shard: str = ""
    jobs: int = 0
    cache: bool = False
    """Whether to keep, and to use, what was found out about files that do not change."""
    cluster: Iterable[Mapping[str, Any]] = ()
    config: Config = field(default_factory=Config)
    progress: Callable[[str, int, int], None] | None = None
    """Called with a stage's name, how much is done, and of how much."""

    # What the command line says wins over the settings, or goes before them.

    @property
    def releases(self) -> list[str | None]:
        """The releases asked for; None stands for the newest."""
        return [*(self.versions or self.config.kubernetes)] or [None]

    @property
    def home(self) -> str:
        """The namespace of objects that name none, empty where nobody says one."""
        return self.namespace or self.config.namespace

    @property
    def own_rules(self) -> tuple[Path, ...]:
        """The folders with rules of the user's own."""
        return (*self.rules, *self.config.rules)

    def definitions(self) -> list[Document]:
        """The definitions of custom kinds that are given besides the paths.

        Raises UsageError as the function of that name.
        """
        return definitions((*self.schemas, *self.config.schemas))

    def skips(self, document: Document) -> bool:
        """Whether an object is of a kind that is not to be looked at."""
        names = {document.kind.lower(), f"{document.api_version}/{document.kind}".lower()}
        return not names.isdisjoint(k.lower() for k in self.skip_kind)


@dataclass(slots=True)
class Loaded:
    """All sources, read."""

    documents: list[Document]
    diagnostics: list[Diagnostic]
    skipped: list[Skip]
    files: int
    pieces: int
    texts: dict[str, bytes]
    kustomizations: list[Kustomization] = field(default_factory=list)
    incomplete: bool = False
    lists: list[Document] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    """All sources of the run, also those of other shards."""
    beside: list[Document] = field(default_factory=list)
    """What other shards look at: what refers to one another may lie in several."""
    cache: Cache | None = None
    work: Any = None
    """What looks at them, kept as long as they are: to take its indexes apart takes time that the end of the process saves."""

    def everything(self) -> list[Document]:
        """The documents of all shards, in the order of a run without shards."""
        if not self.beside:
            return self.documents
        order = {s.name: number for number, s in enumerate(self.sources)}
        return sorted([*self.documents, *self.beside], key=lambda d: order[d.source])

    def holding(self, *words: bytes) -> set[str]:
        """The files whose text holds all of these words."""
        cache, texts = self.cache, self.texts
        there = [*texts] if cache is None else [file for file in texts if not cache.lacks(words, file)]
        for word in words:
            there = [file for file in there if word in texts[file]]
        return {*there}

    def lines(self, file: str) -> list[str]:
        """The lines of a file that was read."""
        from manifold.read.split import decode

        return decode(self.texts.get(file, b""))[0].split("\n")


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {text}: write I/N with I from 1 to N, for instance 2/8")
    return int(index), int(count)


def load(
    request: Request,
    *,
    packed: bool = False,
    cached: Callable[[int], Cache | None] = lambda _: None,
    meanwhile: Callable[[Sequence[Source]], None] = lambda _: None,
) -> Loaded:
    """Read everything that the paths name; `packed`: documents that take little room where there are many.

    `cached` gives the cache to use, if any, for so many bytes; `meanwhile` is done while other processes read already,
    and given what there is to read. Raises UsageError for a shard that is none; files that cannot be read become diagnostics, and the rest goes on.
    """
    from manifold.read.walk import walk

    found = walk(request.paths, exclude=request.config.exclude, only_manifests=request.only_manifests)
    sources = found.sources
    index, count = _shard(request.shard) if request.shard else (1, 1)
    out = Loaded([], list(found.diagnostics), [], 0, 0, {}, found.kustomizations, bool(found.diagnostics))
    out.sources = sources
    out.cache = cached(sum(len(s.data) for s in sources))
    if index == 1:  # once, of however many shards
        out.skipped += found.skipped
    readings = _readings(request, sources, out.cache, packed, meanwhile)
    ours = [*zip(sources, readings, strict=True)]
    if count > 1:
        out.beside = [d for n, (_, r) in enumerate(ours, 1) if n % count != index % count for d in r.documents]
        ours = [both for n, both in enumerate(ours, 1) if n % count == index % count]
    out.files, out.pieces = len(ours), sum(r.pieces for _, r in ours)
    out.texts = {source.name: source.data for source, _ in ours}
    out.documents = [d for _, r in ours for d in r.documents]
    out.diagnostics += [d for _, r in ours for d in r.diagnostics]
    out.skipped += [s for _, r in ours for s in r.skipped]
    out.lists = [d for _, r in ours for d in r.lists]
    named = next((s.name for s in sources if s.named and s.name in out.texts), None)
    if named is not None and not out.documents and not out.skipped and not out.diagnostics:
        out.diagnostics.append(api.no_objects(named))  # `kustomize build … | manifold check -` may have made nothing
    if request.skip_kind:
        _skip_kinds(out, request)
    return out


def _readings(
    request: Request,
    sources: Sequence[Source],
    cache: Cache | None,
    packed: bool,
    meanwhile: Callable[[Sequence[Source]], None],
) -> list[Reading]:
    """What each source holds: recalled where the cache knows it, else read."""
    if cache is None:
        return [reading for reading, _ in _read(request, sources, packed, False, meanwhile)]
    recalled = [cache.recall(source) for source in sources]
    unknown = [s for s, there in zip(sources, recalled, strict=True) if there is None]
    fresh = iter(_read(request, unknown, packed, True, meanwhile))
    out = []
    for source, there in zip(sources, recalled, strict=True):
        if there is None:
            there, entry = next(fresh)
            if entry is not None:
                cache.note(source, entry)
        out.append(there)
    return out


Read = tuple["Reading", tuple[Any, ...] | None]
"""What a source holds, and the values of its entry in a cache, if one is wanted."""


def _read(
    request: Request,
    sources: Sequence[Source],
    packed: bool,
    kept: bool,
    meanwhile: Callable[[Sequence[Source]], None],
) -> list[Read]:
    """The sources, read: many packed ones by several processes."""
    from manifold.read import read

    if kept:
        from manifold.cache import entry

    def one(number: int) -> tuple[int, Reading, Any]:
        marks: list[bytes] | None = [] if kept else None
        reading = read(sources[number], packed=packed, marks=marks)
        noted = None if marks is None else entry(sources[number], reading, marks)
        return number, reading, None if noted is None else tuple(noted)

    def tick(done: int) -> None:
        if request.progress is not None and not done % 50:
            request.progress("reading", done, len(sources))

    wanted = 1
    if packed:
        many = sum(len(s.data) for s in sources) >= READING_PAYS_FROM
        wanted = request.jobs or (processors() if many else 1)
    numbers = range(len(sources))
    if wanted > 1:
        from manifold.read import fast, travel

        fast.warm()
        found = spread(
            numbers,
            one,
            wanted,
            dump=partial(travel.dump, sources=sources),
            load=partial(travel.load, sources=sources),
            tick=tick,
            meanwhile=partial(meanwhile, sources),
        )
    else:
        found = spread(numbers, one, 1, tick=tick)
    return [(reading, noted) for _, reading, noted in found]


def _skip_kinds(loaded: Loaded, request: Request) -> None:
    kept = []
    for document in loaded.documents:
        if request.skips(document):
            loaded.skipped.append(Skip(document.source, document.index, f"--skip-kind {document.kind}"))
        else:
            kept.append(document)
    loaded.documents[:] = kept


def definitions(paths: Sequence[Path]) -> list[Document]:
    """The CustomResourceDefinitions under these paths.

    Raises UsageError where there is none, or a file cannot be read.
    """
    if not paths:
        return []
    found = load(Request(paths))
    bad = [d for d in found.diagnostics if d.rejects]
    if bad:
        raise UsageError(f"--schema {bad[0].file}: {bad[0].message}")
    crds = [d for d in found.documents if api.is_crd(d.body)]
    if not crds:
        raise UsageError(f"--schema {', '.join(map(str, paths))}: there is no CustomResourceDefinition")
    return crds
