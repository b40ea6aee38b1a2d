"""Admission: the plug-ins that are on by default, one module each, in the order in which a real server runs them.

A new plug-in is a new module here, and no edit elsewhere. It declares

- `NAME`: the plug-in's name, as `--enable-admission-plugins` spells it;
- `PLACE`: its place in the order (kube-apiserver names the order in its log at start; ours are tens, so that there is room);
- `KINDS`: the (group, kind) pairs that it looks at, or None for all;
- `ALONE`: True where it has an answer without a cluster, and is asked in every verdict;

and has `mutate(body, context, faults)`, which changes the defaulted object in place, `validate(body, context, faults)`,
which looks at what will be stored, or both. On an update `context.old` is the stored object.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

SUFFIXES = (".py", ".so", ".pyd")
Step = Callable[[dict[str, Any], Context, Faults], None]


@cache
def plugins() -> tuple[ModuleType, ...]:
    """The modules here that are plug-ins, in their order."""
    files = (file for folder in __path__ for file in os.listdir(folder) if file.endswith(SUFFIXES))  # noqa: PTH208
    names = sorted({file.partition(".")[0] for file in files} - {"__init__", ""})
    found = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(sorted((m for m in found if hasattr(m, "PLACE")), key=lambda m: (m.PLACE, m.NAME)))


@cache
def steps(stage: str, group: str, kind: str, alone: bool = False) -> tuple[tuple[str, Step], ...]:
    """The (name, function) pairs that one stage runs for a kind; `alone`: only those that need no cluster."""
    return tuple(
        (plugin.NAME, function)
        for plugin in plugins()
        if (plugin.KINDS is None or (group, kind) in plugin.KINDS)
        and (function := getattr(plugin, stage, None)) is not None
        and (plugin.ALONE or not alone)
    )


def mutate(body: dict[str, Any], context: Context, faults: Faults, *, alone: bool = False) -> None:
    """Change a defaulted object as the plug-ins do, in place; `context.trace` is told of each plug-in that ran.

    `alone`: only those run that need no cluster.
    """
    context.alone = alone
    for name, function in steps("mutate", context.kind.group, context.kind.kind, alone):
        function(body, context, faults)
        if context.trace is not None:
            context.trace(name, body)


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """What the plug-ins say of an object that is valid in itself; without a cluster, those that can do without."""
    for _, function in steps("validate", context.kind.group, context.kind.kind, context.world is None):
        function(body, context, faults)
