"""`manifold.yaml`: the settings of a tree of manifests, found beside or above the place where one stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manifold import assets
from manifold.errors import UsageError
from manifold.model import KEY
from manifold.records import field, record

NAMES = ("manifold.yaml", "manifold.yml", ".manifold.yaml")


@record(frozen=True)
class PathRule:
    """Rules that do not hold for some files, and why."""

    match: tuple[str, ...]
    ignore: tuple[str, ...]
    reason: str


@record(frozen=True)
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
    import yaml

    try:
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: the settings cannot be read: {error.strerror}") from error
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(file)
        why = getattr(error, "problem", None) or "it cannot be read"
        raise UsageError(f"{where}: the settings are no YAML: {why}") from error
    return _checked(file, text, {} if data is None else data)


def _refusal(file: Path, text: bytes, error: Any) -> UsageError:
    """What is wrong in the settings, where, and what may have been meant."""
    from manifold.read import exact

    path = tuple(error.absolute_path)
    message = str(error.message)
    if error.validator == "additionalProperties":
        unknown = next(name for name in error.instance if name not in error.schema["properties"])
        import difflib

        near = difflib.get_close_matches(str(unknown), error.schema["properties"], 1)
        message = f"there is no setting `{unknown}`" + (f"; did you mean `{near[0]}`?" if near else "")
        path = (*path, str(unknown))
    else:
        if error.validator == "enum":
            message = f"must be one of {', '.join(map(str, error.validator_value))}"
        elif error.validator == "type":
            message = f"must be of type {error.validator_value}"
        elif error.validator == "required":
            message = f"lacks {', '.join(f'`{name}`' for name in error.validator_value if name not in error.instance)}"
        elif path == ("kubernetes-version",):
            message = 'must be a release in quotes, "1.35", or a list of them'
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        message = f"{where or 'the file'}: {message}"
    root = exact.compose(text.decode("utf-8", "replace"))
    span = exact.locate_composed(root, (*path, KEY) if error.validator == "additionalProperties" else path, 0)
    return UsageError(f"{file}:{span.line}:{span.column}: {message}")


def _checked(file: Path, text: bytes, data: Any) -> Config:
    import jsonschema

    schema = json.loads((assets.root("schemas") / "manifold" / "config.json").read_bytes())
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.absolute_path))
    )
    if errors:
        raise _refusal(file, text, errors[0])
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
