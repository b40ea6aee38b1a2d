"""Where the shipped data (`schemas/`, `rules/`) lies: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def pack(data: Any, sources: Iterable[Path]) -> bytes:
    """A compact file's bytes: JSON values, and the check sums of the files that they were made from."""
    import zlib

    import orjson

    made = {file.relative_to(root("schemas").parent).as_posix(): zlib.crc32(file.read_bytes()) for file in sources}
    return zlib.compress(orjson.dumps({"of": made, "data": data}, option=orjson.OPT_SORT_KEYS), 9)


def unpack(artefact: Path) -> tuple[dict[str, int], Any]:
    """What `pack` packed: the check sums by path, and the JSON values; nothing where there is no such file."""
    import zlib

    import orjson

    if not artefact.exists():
        return {}, {}
    packed = orjson.loads(zlib.decompress(artefact.read_bytes()))
    return packed["of"], packed["data"]


@cache
def installed() -> bool:
    """Whether the data lies in an installation, where it does not change."""
    return root("schemas").parent.name == "_assets"


def unchanged(made: Mapping[str, int], file: Path) -> bool:
    """Whether a file is as it was when a compact one was made from it; always so in an installation.

    Told by content: the times of a fresh checkout tell nothing.
    """
    import zlib

    if installed():
        return True
    place = root("schemas").parent
    return made.get(file.relative_to(place).as_posix()) == zlib.crc32(file.read_bytes())


@cache
def _tables() -> tuple[dict[str, int], dict[str, Any]]:
    """The tables as one compact file: reading hundreds of YAML files at each start would cost more than a small run."""
    return unpack(root("schemas") / ARTEFACT)


def table(folder: str, name: str) -> Any:
    """A YAML file of `schemas` or `rules` as JSON values, which must not be changed.

    Comes out of the compact file that `scripts/build_tables.py` makes, unless a checkout's own file has changed since.
    """
    made, known = _tables()
    key = f"{folder}/{name}"
    if key in known and (installed() or unchanged(made, root(folder) / name)):
        return known[key]
    return parse(root(folder) / name)


def parse(file: Path) -> Any:
    """A YAML file as JSON values."""
    import yaml

    return yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)


def names() -> list[tuple[str, str]]:
    """The (folder, name) of every table: what is YAML under `schemas` and `rules`, constraints aside.

    An installation has those that its compact file was made from.
    """
    if installed() and (known := _tables()[1]):
        return sorted((folder, name) for folder, _, name in (key.partition("/") for key in known))
    found = [("schemas", p.name) for p in root("schemas").glob("*.yaml")]
    rules = root("rules")
    found += [("rules", p.relative_to(rules).as_posix()) for p in (*rules.glob("*.yaml"), *rules.glob("*/*.yaml"))]
    return sorted(found)


def compiled() -> bytes:
    """The compact file's bytes, from the YAML files."""
    files = {f"{folder}/{name}": root(folder) / name for folder, name in names()}
    return pack({key: parse(file) for key, file in files.items()}, files.values())
