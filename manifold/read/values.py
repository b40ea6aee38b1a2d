"""YAML that is no manifest, such as kustomizations and their patches: its values alone, within the bounds of manifests."""

from __future__ import annotations

from typing import Any

from manifold.read import split


def values(data: bytes) -> list[Any]:
    """The documents of a text without the empty ones; none where one of them cannot be read, or would take all room."""
    from manifold.read import exact, fast

    out: list[Any] = []
    for piece in split.pieces(split.decode(data)[0]):
        if piece.bad:
            return []
        text = piece.text.removeprefix("\ufeff")
        if not text.strip(" \r\n"):
            continue
        text = text if text.endswith("\n") else text + "\n"
        value = fast.parse(text)
        if value is None:
            try:
                value = exact.parse(text).value
            except exact.UnreadableError:
                return []
        if value is not None:
            out.append(value)
    return out
