"""Where the shipped data (`schemas/`, `rules/`) lies: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def root(name: str) -> Path:
    """The folder `schemas` or `rules`.

    Raises FileNotFoundError when the installation lacks it.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "_assets" / name, here.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the installation lacks its folder {name!r}: install manifold-k8s again")
