"""What was read, as bytes: documents that were read in one process and are looked at in another.

Most documents are packed ones of clean text, which are a few plain values; the rest is pickled, its sources by their number.
"""

from __future__ import annotations

import io
import marshal
import pickle
from collections.abc import Sequence
from typing import Any

from manifold.model import Glance, Key, Source
from manifold.read.packed import Packed
from manifold.read.reader import Late, Reading


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, source: Source) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._source = source

    def persistent_id(self, obj: Any) -> Any:
        return True if obj is self._source else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, source: Source) -> None:
        super().__init__(file)
        self._source = source

    def persistent_load(self, pid: Any) -> Any:
        return self._source


def _whole(reading: Reading, source: Source) -> bytes:
    file = io.BytesIO()
    _Pickler(file, source).dump(reading)
    return file.getvalue()


def _plain(reading: Reading) -> list[Any] | None:
    """The values that make up a reading of nothing but packed documents of clean text; None for another."""
    if reading.diagnostics or reading.skipped or reading.lists:
        return None
    out = []
    for document in reading.documents:
        place = document.locate.place if document.locate.__class__ is Late else None
        if place is None or document.__class__ is not Packed:
            return None
        out.append((*document.state(), place))
    return out


Read = tuple[int, Reading, Any]
"""The number of a source, what it holds, and whatever plain values go along."""


def dump(read: Sequence[Read], sources: Sequence[Source]) -> bytes:
    """What was read of some sources, as bytes that `load` takes."""
    return marshal.dumps(
        [
            (number, reading.pieces, plain, more)
            if (plain := _plain(reading)) is not None
            else (number, 0, _whole(reading, sources[number]), more)
            for number, reading, more in read
        ]
    )


def load(data: bytes, sources: Sequence[Source]) -> list[Read]:
    """What `dump` was given, of the same sources."""
    out = []
    for number, pieces, found, more in marshal.loads(data):
        source = sources[number]
        if isinstance(found, bytes):
            reading = _Unpickler(io.BytesIO(found), source).load()
        else:
            name, named = source.name, source.named
            documents: list[Any] = [
                Packed(
                    name, index, json, api_version, kind, Key(*key), Glance(*glance), Late((source, piece), line), named
                )
                for index, json, api_version, kind, key, glance, (piece, line) in found
            ]
            reading = Reading(documents, pieces=pieces)
        out.append((number, reading, more))
    return out
