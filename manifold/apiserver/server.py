"""The API server on paper: decode, default, admit, validate, in the order of a real one.

The parts are found by name, so that a new group is a new file: `validate/<group>.py`, `default/<group>.py` with the
group's first label (`networking` for networking.k8s.io, `core` for the empty one), `admission/<plugin>.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Kind
from manifold.apiserver.world import World

Body = dict[str, Any]
Validator = Callable[[Body, Context, Faults], None]
UpdateValidator = Callable[[Body, Body, Context, Faults], None]


@cache
def part(stage: str, group: str) -> ModuleType | None:
    """The module of `stage` (`validate`, `default`) for an API group, or None when the group needs none."""
    name = f"manifold.apiserver.{stage}.{group.partition('.')[0] or 'core'}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


@dataclass(slots=True)
class Answer:
    """What the server answers: the object as it would be stored (None when it cannot even be decoded), and the faults."""

    object: Body | None
    faults: Faults
    kind: Kind | None


class Server:
    """An API server of one release, with the definitions and (optionally) the cluster that it knows."""

    def __init__(
        self, version: str | None = None, crds: Iterable[Mapping[str, Any]] = (), world: World | None = None
    ) -> None:
        raise NotImplementedError
