"""Admission: the plug-ins that are on by default, one module each, in the order in which a real server runs them."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

# The order of kube-apiserver 1.37.2 (its log names it at start), of those that have a module here.
ORDER = ("nodetaint", "serviceaccount", "priority", "tolerations", "protection")


@cache
def plugins() -> tuple[ModuleType, ...]:
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in ORDER)


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Change a defaulted object as the plug-ins do, in place."""
    for plugin in plugins():
        plugin.mutate(body, context, faults)
