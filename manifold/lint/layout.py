"""Which manifests are applied together: what is missing can only be told within such a unit.

Files that one kustomization lists, its bases included, are a unit. So are the files of a folder, unless two of them define
the same object: then the folder is a collection of alternatives, and each file stands for itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache

from manifold import assets
from manifold.model import Document, Kustomization


@cache
def makes(api_version: str) -> bool:
    """Whether the operator of an API group may make Pods, ConfigMaps and the like: of all groups but those known not to."""
    group = api_version.rpartition("/")[0]
    return "." in group and not group.endswith(_passive())


@cache
def _passive() -> tuple[str, ...]:
    return tuple(line["group"] for line in assets.table("rules", "passive-groups.yaml")["groups"])


def units(documents: Sequence[Document], kustomizations: Iterable[Kustomization]) -> dict[str, str]:
    """The unit of each file, by the file's name as documents have it."""
    grouped = _kustomized(kustomizations)
    out: dict[str, str] = {}
    folders: dict[str, list[Document]] = {}
    inside_of: dict[str, list[Document] | None] = {}
    real = _Real()
    for document in documents:
        file = document.source
        if file not in out:
            unit = out[file] = (grouped.get(real(file)) if grouped and file else None) or file
            # as texts: a Path for each document costs more than all else here
            folder = os.path.dirname(file) or "."  # noqa: PTH120
            inside_of[file] = folders.setdefault(folder, []) if unit == file else None
        there = inside_of[file]
        if there is not None:
            there.append(document)
    for folder, inside in folders.items():
        if not _alternatives(inside):
            for document in inside:
                out[document.source] = f"{folder}/"
    return out


class _Real:
    """The real path of a file; that of its folder is looked for once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, file: str) -> str:
        folder, name = os.path.split(file)
        if os.path.islink(file) or name in ("", ".", ".."):  # noqa: PTH114
            return os.path.realpath(file)
        found = self._folders.get(folder)
        if found is None:
            found = self._folders[folder] = os.path.realpath(folder or ".")
        return os.path.join(found, name)  # noqa: PTH118


def changed(kustomizations: Iterable[Kustomization]) -> frozenset[str]:
    """The units of which the files alone do not tell what is applied."""
    found = list(kustomizations)
    grouped = _kustomized(found)
    return frozenset(grouped.get(k.folder, f"kustomization {k.folder}") for k in found if k.changes)


def _alternatives(documents: Sequence[Document]) -> bool:
    """Whether two files define the same object."""
    defined: dict[tuple[str, ...], str] = {}
    for d in documents:
        identity = d.key()
        if identity.name:
            key = (d.api_version, *identity)
            if defined.setdefault(key, d.source) != d.source:
                return True
    return False


def _kustomized(kustomizations: Iterable[Kustomization]) -> dict[str, str]:
    """The unit of each file, by its real path, that kustomizations list."""
    leader: dict[str, str] = {}

    def find(node: str) -> str:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for k in kustomizations:
        for member in k.members:
            leader[find(member)] = find(k.folder)
    return {node: f"kustomization {find(node)}" for node in list(leader)}
