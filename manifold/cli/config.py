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


def _defaults() -> dict[str, Any]:
    """What holds where neither the settings nor an option say anything, but for what then is empty."""
    from manifold.apiserver.schema import newest

    return {
        "kubernetes-version": [newest()],
        "namespace": "default",
        "profile": "recommended",
        "missing-schema": "warn",
        "fail-on": "error",
    }


def command(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings; default: manifold.yaml here or above.")
    ] = None,
) -> int:
    """Show the settings in force, where they come from, and which are defaults."""
    import yaml

    from manifold.config import find, load

    file = config or find(Path.cwd())
    loaded = load(file)
    defaults = _defaults()
    sys.stdout.write(f"# {file or 'no manifold.yaml here or above: defaults'}\n")
    for name, value in _plain(loaded).items():
        if name == "file":
            continue
        if value not in (None, "", [], {}):
            sys.stdout.write(yaml.safe_dump({name: value}, sort_keys=False))
        elif (default := defaults.get(name, value)) in (None, ""):
            sys.stdout.write(f"# {name}: none by default\n")
        else:
            text = yaml.safe_dump(default, default_flow_style=True).removesuffix("\n").removesuffix("\n...")
            sys.stdout.write(f"{name}: {text}  # default\n")
    return 0
