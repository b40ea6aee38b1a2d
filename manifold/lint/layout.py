"""Which manifests are applied together: what is missing can only be told within such a unit.

Files that one kustomization lists, its bases included, are a unit. So are the files of a folder, unless two of them define
the same object: then the folder is a collection of alternatives, and each file stands for itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from manifold import assets
from manifold.model import Document, Key, Kustomization
from manifold.read.realpath import Real


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
    place = Real()
    out: dict[str, str] = {}
    folders: dict[str, dict[str, list[Document]]] = {}
    files: dict[str, list[Document]] = {}
    for document in documents:
        file = document.source
        if file in files:
            files[file].append(document)
            continue
        there = files[file] = [document]
        unit = out[file] = (grouped.get(place.of(file) or "") if grouped and file else None) or file
        if unit == file:
            # as texts: a Path for each document costs more than all else here
            folders.setdefault(os.path.dirname(file) or ".", {})[file] = there  # noqa: PTH120
    for folder, inside in folders.items():
        if not _alternatives(inside):
            out |= dict.fromkeys(inside, f"{folder}/")
    return out


def changed(kustomizations: Iterable[Kustomization]) -> frozenset[str]:
    """The units of which the files alone do not tell what is applied."""
    found = list(kustomizations)
    grouped = _kustomized(found)
    return frozenset(grouped.get(k.folder, f"kustomization {k.folder}") for k in found if k.changes)


def _alternatives(files: Mapping[str, Sequence[Document]]) -> bool:
    """Whether two files define the same object."""
    if len(files) < 2:
        return False
    defined: dict[tuple[str, Key], str] = {}
    for file, documents in files.items():
        for d in documents:
            identity = d.key()
            if identity.name and defined.setdefault((d.api_version, identity), file) != file:
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
