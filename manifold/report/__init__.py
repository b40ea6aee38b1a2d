"""Reports: nouns in, a string out. One module a format, found by its name, holding `render(report) -> str`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import cast

from manifold.errors import UsageError
from manifold.model import Report


def formats() -> list[str]:
    """The names of all formats, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def renderer(name: str) -> Callable[[Report], str]:
    """The function that renders a report as `name`.

    Raises UsageError when there is no such format.
    """
    if name not in formats():
        raise UsageError(f"there is no output format {name!r}; there are: {', '.join(formats())}")
    return cast("Callable[[Report], str]", importlib.import_module(f"{__name__}.{name}").render)
