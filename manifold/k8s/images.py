"""Image references as the container world spells them: name, tag and digest.

Source: the grammar of github.com/distribution/reference v0.6 (`ParseNormalizedNamed`), which kubernetes v1.37.2
pkg/util/parsers uses.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from manifold.patterns import late

_COMPONENT = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = late(
    rf"((?:{_DOMAIN}/)?{_PART}(?:/{_PART})*)"
    r"(?::(\w[\w.-]{0,127}))?"
    r"(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_IDENTIFIER = late(r"[a-f0-9]{64}")
_LONGEST_NAME = 255
# Hexadecimal digits of the digests that are supported: github.com/opencontainers/go-digest
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Image(NamedTuple):
    """The parts of a reference; `tag` and `digest` are empty where it has none."""

    name: str
    tag: str
    digest: str


def _domain(text: str) -> tuple[str, str]:
    """The registry of a reference, docker.io where none is written, and the rest."""
    first, slash, rest = text.partition("/")
    named = slash and (any(c in first for c in ".:") or first == "localhost" or first.lower() != first)
    domain, rest = (first, rest) if named else ("docker.io", text)
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    return domain, rest


@lru_cache(maxsize=4096)
def parse(text: str) -> Image | None:
    """The parts of an image reference, its registry written out; None for what is none."""
    if _IDENTIFIER.fullmatch(text):
        return None
    domain, rest = _domain(text)
    path = rest.partition(":")[0]
    if path != path.lower():
        return None
    found = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if found is None or len(found[1]) > _LONGEST_NAME:
        return None
    algorithm, _, digits = (found[3] or "").partition(":")
    if algorithm and (len(digits) != _DIGITS.get(algorithm) or digits != digits.lower()):
        return None
    return Image(found[1], found[2] or "", found[3] or "")
