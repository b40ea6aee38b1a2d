"""What an earlier run found out about files that have not changed since, so that a run after an edit looks at what was edited.

For each file the cache has a digest of its text, the identities of its objects, a digest of what others see of each
(`manifold.k8s.others`), and what was found in it. What was found counts as long as the text is the same and nothing that
any object sees of others has changed: the `context`. Texts do not go into the cache, and values only where a message
quotes them; what is said of Secrets is left out altogether.
"""

from __future__ import annotations

import logging
import marshal
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from manifold import __version__, assets
from manifold.k8s import others
from manifold.model import Diagnostic, Document, Glance, Key, ObjectId, Origin, Severity, Source, Span
from manifold.model import Path as Place
from manifold.read import Reading, read
from manifold.read.packed import Opened

FORMAT = 1
SIZE = 16  # bytes of a digest
MOST_FILES = 24  # of as many different questions the answers are kept


def digest(data: bytes) -> bytes:
    """What tells a text from others."""
    return blake2b(data, digest_size=SIZE).digest()


def folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the cache is: MANIFOLD_CACHE_DIR, or a folder of its own where the XDG base directories say that caches are.

    None where there is no such place: a user without a home.
    """
    own = environment.get("MANIFOLD_CACHE_DIR")
    if own:
        return Path(own)
    base = environment.get("XDG_CACHE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "manifold" / "runs"
    try:
        return Path.home() / ".cache" / "manifold" / "runs"
    except RuntimeError:
        return None


def program() -> str:
    """What tells one state of this program, and of what it stands on, from another.

    An installation has a record of what it holds; in a checkout files change while the version stays, so it is told by theirs.
    """
    import orjson

    here = Path(__file__).parent
    beside = sorted(f.name for f in Path(orjson.__file__).parents[1].glob("*.dist-info"))  # names and versions
    record = next(here.parent.glob("manifold_k8s-*.dist-info/RECORD"), None)
    own = record.read_bytes() if record is not None else repr(_files(here)).encode()
    return f"{__version__} {sys.implementation.cache_tag} {digest(own + repr(beside).encode()).hex()}"


def _files(here: Path) -> list[tuple[Any, ...]]:
    """The files of a checkout, with their sizes and times."""
    places = {here, *(assets.root(name) for name in ("schemas", "rules") if here not in assets.root(name).parents)}
    found = []
    for place in sorted(places):
        for inside, below, names in os.walk(place):
            below[:] = sorted(n for n in below if n != "__pycache__")
            for name in sorted(names):
                status = os.stat(f"{inside}/{name}")  # noqa: PTH116 - hundreds of Paths would take longer than their files
                found.append((inside, name, status.st_mtime_ns, status.st_size))
    return found


WORDS = frozenset((b"manifold", b"sops"))
"""What texts are looked through for that hold comments or values of a meaning of their own."""


class Entry(NamedTuple):
    """What is known of a file."""

    text: bytes
    """The digest of its text."""
    pieces: int
    objects: tuple[tuple[Any, ...], ...]
    """Of each object: index, apiVersion, kind, key, glance."""
    marks: tuple[bytes, ...]
    """What others see of each object."""
    plain: bool
    """Whether the text holds none of WORDS."""


def entry(source: Source, reading: Reading, marks: Sequence[bytes]) -> Entry | None:
    """What is to be kept of a file that was read; None where it holds more than objects, or what JSON cannot hold."""
    if reading.diagnostics or reading.skipped or reading.lists or len(marks) != len(reading.documents):
        return None
    plain = not any(word in source.data for word in WORDS)
    objects = tuple(
        (d.index, d.api_version, d.kind, tuple(d.key()), tuple(d.glance or others.glance(d.body)))
        for d in reading.documents
    )
    return Entry(digest(source.data), reading.pieces, objects, tuple(marks), plain)


class _Home:
    """A file whose objects are known, and which is read when one of them is opened after all."""

    __slots__ = ("_documents", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._documents: list[Document] = []

    def document(self, number: int) -> Document:
        if not self._documents:
            self._documents = read(self.source, packed=True).documents
        return self._documents[number]


class Recalled(Document):
    """A document that was not read in this run: its identity is known, and the rest is read when it is asked for."""

    __slots__ = ("_home", "_number", "_values")
    _home: _Home
    _number: int
    _values: tuple[Any, ...]

    def __init__(self, home: _Home, number: int, values: tuple[Any, ...]) -> None:
        fix = object.__setattr__  # the noun is frozen
        fix(self, "_home", home)
        fix(self, "_number", number)
        fix(self, "_values", values)

    # The fields of the noun, each made when it is asked for: of most of ten thousand objects few are.

    @property
    def source(self) -> str:
        return self._home.source.name

    @property
    def index(self) -> int:
        found: int = self._values[0]
        return found

    @property
    def named(self) -> bool:
        return self._home.source.named

    @property
    def body(self) -> dict[str, Any]:
        return self._home.document(self._number).body

    @property
    def locate(self) -> Callable[[Place], Span]:
        return self._home.document(self._number).locate

    @property
    def api_version(self) -> str:
        found: str = self._values[1]
        return found

    @property
    def kind(self) -> str:
        found: str = self._values[2]
        return found

    def key(self, default_namespace: str = "") -> Key:
        found = Key(*self._values[3])
        return found if found.namespace or not default_namespace else found._replace(namespace=default_namespace)

    @property
    def glance(self) -> Glance:
        return Glance(*self._values[4])

    def opened(self) -> Document:
        return Opened(self)

    def mentions(self, word: str) -> bool:
        return self._home.document(self._number).mentions(word)


class Cache:
    """The answers to one question: what is looked at and how, but for what the files hold."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.context = b""
        """The context in which counts what was found."""
        self._before: dict[str, tuple[Any, ...]] = {}
        self._found: dict[str, tuple[tuple[Any, ...], ...]] = {}
        self._open: frozenset[str] = frozenset()
        self._now: dict[str, tuple[Any, ...]] = {}
        self._noted = False
        self._load()

    @classmethod
    def of(cls, question: object, place: Path) -> Cache:
        """The cache in a folder for a question, whose `repr` tells it from others."""
        asked = repr((FORMAT, program(), question))
        return cls(place / f"{digest(asked.encode('utf-8', 'surrogatepass')).hex()}.bin")

    def _load(self) -> None:
        try:
            data = self._file.read_bytes()
        except OSError:
            return  # there was no such run, or nobody may know of it
        if digest(data[SIZE:]) != data[:SIZE]:
            logging.getLogger("manifold").debug("the cache %s is damaged and not used", self._file)
            return
        self.context, self._before, self._found, open_ = marshal.loads(data[SIZE:])
        self._open = frozenset(open_)
        with suppress(OSError):  # of another user perhaps, who alone may say that it was of use
            os.utime(self._file)

    def recall(self, source: Source) -> Reading | None:
        """What a file holds, if it is as it was; its objects are not read yet."""
        known = self._before.get(source.name)
        if known is None:
            return None
        text, pieces, objects, _, _ = known
        if text != digest(source.data):
            return None
        self._now[source.name] = known
        home = _Home(source)
        return Reading([Recalled(home, number, values) for number, values in enumerate(objects)], pieces=pieces)

    def note(self, source: Source, values: tuple[Any, ...]) -> None:
        """Keep the values of an Entry, of a file that was read just now."""
        self._now[source.name] = values
        self._noted = True

    def lacks(self, words: Iterable[bytes], name: str) -> bool:
        """Whether a file is known not to hold all of these words."""
        known = self._now.get(name)
        return known is not None and Entry._make(known).plain and not WORDS.isdisjoint(words)

    def whole(self, sources: Iterable[Source], rest: object) -> bytes:
        """The context of this run: what is seen of the objects of all sources, and the `rest` that matters to them."""
        out = blake2b(repr(rest).encode("utf-8", "surrogatepass"), digest_size=SIZE)
        for source in sources:
            known = self._now.get(source.name)
            out.update(source.name.encode("utf-8", "surrogatepass"))
            out.update(digest(source.data) if known is None else b"".join((b"\0", *Entry._make(known).marks)))
        return out.digest()

    def known(self, context: bytes) -> dict[str, list[Diagnostic]]:
        """What was found, by file, in files that are as they were, if the context is as it was."""
        if context != self.context:
            return {}
        return {
            name: [_diagnostic(name, values) for values in self._found.get(name, ())]
            for name, known in self._now.items()
            if name not in self._open and known is self._before.get(name)
        }

    def save(self, context: bytes, found: Mapping[str, Sequence[Diagnostic]], keeps: Callable[[str], bool]) -> None:
        """Keep what was found, by file; `keeps` says of which files it may be kept. Nothing is written where all is as it was."""
        if context == self.context and not self._noted and self._now.keys() == self._before.keys():
            return
        kept = {n: tuple(map(_values, there)) for n, there in found.items() if there and n in self._now and keeps(n)}
        open_ = tuple(n for n in self._now if not keeps(n))
        data = marshal.dumps((context, self._now, kept, open_))
        try:
            self._write(digest(data) + data)
            self._tidy()
        except OSError as error:  # a full disk or a folder that nobody may write to: the next run takes its time again
            logging.getLogger("manifold").debug("the cache could not be kept: %s", error)

    def _write(self, data: bytes) -> None:
        """All of it or nothing."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).replace(self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _tidy(self) -> None:
        """Remove the answers that were not asked for the longest."""
        there = sorted(self._file.parent.glob("*.bin"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
        for old in there[MOST_FILES:]:
            old.unlink(missing_ok=True)


def _values(d: Diagnostic) -> tuple[Any, ...]:
    return (
        str(d.origin), d.rule, str(d.severity), d.message, d.reason, d.path, tuple(d.span), d.document, tuple(d.object),
        d.kubernetes, d.help,
    )  # fmt: skip


def _diagnostic(file: str, values: Sequence[Any]) -> Diagnostic:
    origin, rule, severity, message, reason, path, span, document, about, kubernetes, help = values
    return Diagnostic(
        Origin(origin), rule, Severity(severity), message, reason, path, file, Span(*span), document, ObjectId(*about),
        kubernetes, help,
    )  # fmt: skip
