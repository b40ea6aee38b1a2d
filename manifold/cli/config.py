"""`manifold config`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

NAMES = {"kubernetes": "kubernetes-version"}  # fields that are called otherwise in the file
EPILOG = "Examples: manifold config · manifold config --config other.yaml. What may be set: manifold schema show config"


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = {f.name: NAMES.get(f.name, f.name.replace("_", "-")) for f in dataclasses.fields(value)}
        return {name: _plain(getattr(value, field)) for field, name in names.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


def command(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings; default: manifold.yaml here or above.")
    ] = None,
) -> int:
    """Show the settings in force, and where they come from."""
    import yaml

    from manifold.config import find, load

    file = config or find(Path.cwd())
    settings = {k: v for k, v in _plain(load(file)).items() if v not in (None, "", [], {}) and k != "file"}
    sys.stdout.write(f"# {file or 'no manifold.yaml here or above: defaults'}\n")
    if settings:
        sys.stdout.write(yaml.safe_dump(settings, sort_keys=False))
    return 0
