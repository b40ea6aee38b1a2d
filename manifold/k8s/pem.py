"""PEM: blocks of base64 between `-----BEGIN X-----` and `-----END X-----`, read as Go reads them.

Source: the behaviour of Go's encoding/pem (Decode); what stands around the blocks does not matter.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import NamedTuple

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"\n-----END ", b"-----"


class Block(NamedTuple):
    """One block: its type (`CERTIFICATE`), its headers, its content."""

    type: str
    headers: dict[str, str]
    data: bytes


def _line(text: bytes) -> tuple[bytes, bytes]:
    line, _, rest = text.partition(b"\n")
    return line.removesuffix(b"\r").rstrip(b" \t"), rest


def _closed(rest: bytes, name: bytes) -> bool:
    """Whether what follows `-----END ` ends a block of this type and nothing else."""
    line, _ = _line(rest)
    return line == name + _DASHES


def _content(text: bytes) -> bytes | None:
    try:
        return binascii.a2b_base64(text.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error:
        return None


def blocks(text: bytes) -> Iterator[Block]:
    """The blocks of a text, one after another; what cannot be read as one is passed over."""
    rest = text
    while (end := rest.find(_END)) >= 0:
        after = rest[end + len(_END) :]
        # The last beginning before an end: one without an end of its own does not count.
        begin = rest.rfind(_BEGIN, 0, end + 1)
        if begin < 0 or (begin > 0 and rest[begin - 1 : begin] != b"\n"):
            rest = after
            continue
        first, body = _line(rest[begin + len(_BEGIN) : end + 1])
        if not first.endswith(_DASHES):
            rest = after
            continue
        name = first.removesuffix(_DASHES)
        headers = {}
        while b":" in (line := _line(body)[0]):
            key, _, value = line.partition(b":")
            headers[key.strip().decode("utf-8", "replace")] = value.strip().decode("utf-8", "replace")
            body = _line(body)[1]
        data = _content(body)
        if data is not None and _closed(after, name):
            yield Block(name.decode("utf-8", "replace"), headers, data)
        rest = b"\n" + _line(after)[1]
