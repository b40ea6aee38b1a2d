"""`manifold.yaml`: the settings of a tree of manifests, found beside or above the place where one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("manifold.yaml", "manifold.yml", ".manifold.yaml")


@dataclass(frozen=True, slots=True)
class PathRule:
    """Rules that do not hold for some files, and why."""

    match: tuple[str, ...]
    ignore: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force; empty where the file says nothing. Paths are absolute."""

    file: Path | None = None
    kubernetes: tuple[str, ...] = ()
    namespace: str = ""
    profile: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    paths: tuple[PathRule, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    schemas: tuple[Path, ...] = ()
    skip_kind: tuple[str, ...] = ()
    missing_schema: str = ""
    fail_on: str = ""
    baseline: Path | None = None
    cluster: Path | None = None


def find(start: Path) -> Path | None:
    """The settings file of `start` or the nearest folder above it, stopping at the root of a git repository."""
    start = start.resolve()
    for folder in (start, *start.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
        if (folder / ".git").exists():
            return None
    return None


def load(file: Path | None) -> Config:
    """Read and check a settings file; without one, the settings are empty.

    Raises UsageError naming the line's path and what is allowed there.
    """
    if file is None:
        return Config()
    from manifold.read import own

    text, data = own.parse(file, "the settings are")
    return _checked(file, text, {} if data is None else data)


def _checked(file: Path, text: bytes, data: Any) -> Config:
    from manifold.read import own

    own.hold(file, text, data, "config", "setting")
    folder = file.resolve().parent
    versions = data.get("kubernetes-version", ())

    def names(key: str) -> tuple[str, ...]:
        return tuple(data.get(key, ()))

    def places(key: str) -> tuple[Path, ...]:
        return tuple(folder / name for name in names(key))

    def place(key: str) -> Path | None:
        return folder / data[key] if key in data else None

    return Config(
        file=file,
        kubernetes=(versions,) if isinstance(versions, str) else tuple(versions),
        namespace=data.get("namespace", ""),
        profile=data.get("profile", ""),
        select=names("select"),
        ignore=names("ignore"),
        severity=data.get("severity", {}),
        parameters=data.get("parameters", {}),
        paths=tuple(PathRule(tuple(p["match"]), tuple(p["ignore"]), p["reason"]) for p in data.get("paths", ())),
        exclude=names("exclude"),
        rules=places("rules"),
        schemas=places("schemas"),
        skip_kind=names("skip-kind"),
        missing_schema=data.get("missing-schema", ""),
        fail_on=data.get("fail-on", ""),
        baseline=place("baseline"),
        cluster=place("cluster"),
    )
