"""Where the shipped data (`schemas/`, `rules/`) lies: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


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


ARTEFACT = "tables.json.zz"
# A fresh clone writes its files within seconds, in any order: none of them is newer than what was made of it.
CHECKOUT = 10_000_000_000  # nanoseconds


@cache
def _tables() -> tuple[dict[str, Any], int]:
    """The tables as one compact file, and when it was made (0: trust nothing, there is none).

    Reading some forty YAML files at each start would cost more than the checks of a small run.
    """
    import zlib

    import orjson

    file = root("schemas") / ARTEFACT
    if not file.exists():
        return {}, 0
    return orjson.loads(zlib.decompress(file.read_bytes())), file.stat().st_mtime_ns


def table(folder: str, name: str) -> Any:
    """A YAML file of `schemas` or `rules` as JSON values, which must not be changed.

    Comes out of the compact file that `scripts/build_tables.py` makes, unless a checkout's own file is newer by more than a clone takes.
    """
    known, made = _tables()
    key = f"{folder}/{name}"
    file = root(folder) / name
    installed = file.parent.parent.name == "_assets" or "_assets" in file.parts
    if key in known and (installed or file.stat().st_mtime_ns <= made + CHECKOUT):
        return known[key]
    return parse(file)


def parse(file: Path) -> Any:
    """A YAML file as JSON values."""
    import yaml

    return yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)


def names() -> list[tuple[str, str]]:
    """The (folder, name) of every table: what is YAML under `schemas` and `rules`, constraints aside."""
    found = [("schemas", p.name) for p in root("schemas").glob("*.yaml")]
    rules = root("rules")
    found += [("rules", p.relative_to(rules).as_posix()) for p in (*rules.glob("*.yaml"), *rules.glob("*/*.yaml"))]
    return sorted(found)


def compiled() -> bytes:
    """The compact file's bytes, from the YAML files."""
    import zlib

    import orjson

    data = {f"{folder}/{name}": parse(root(folder) / name) for folder, name in names()}
    return zlib.compress(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), 9)
