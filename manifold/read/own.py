"""Files that users write for manifold itself, settings and rules: read, and held against the JSON Schemas of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manifold import assets
from manifold.errors import UsageError
from manifold.model import KEY
from manifold.read import exact


def parse(file: Path, what: str) -> tuple[bytes, Any]:
    """The text of a file, and what it says; `what` is what it ought to be: "the settings are".

    Raises UsageError naming the file and the place, where it cannot be read or is no YAML.
    """
    import yaml

    try:
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        return text, yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist, which YAML 1.1 reads as one
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(file)
        why = getattr(error, "problem", None) or "it cannot be read"
        raise UsageError(f"{where}: {what} no YAML: {why}") from error


def hold(file: Path, text: bytes, data: Any, schema: str, word: str) -> None:
    """Hold `data`, which `text` says, against `schemas/manifold/<schema>.json`; `word` is what its keys are called.

    Raises UsageError naming file, line and column of the first thing that is wrong, and what is allowed there.
    """
    import jsonschema

    wanted = json.loads((assets.root("schemas") / "manifold" / f"{schema}.json").read_bytes())
    errors = sorted(
        jsonschema.Draft202012Validator(wanted).iter_errors(data),
        # What is misspelled first: that something else is missing follows from it.
        key=lambda e: (e.validator != "additionalProperties", list(map(str, e.absolute_path))),
    )
    if errors:
        path, message = _described(errors[0], word)
        raise UsageError(f"{place(file, text, path)}: {message}")
    odd = _no_text(data)
    if odd is not None:
        raise UsageError(
            f"{place(file, text, (*odd, KEY))}: {_spelled(odd)}: this {word} is no text: put its name in quotes"
        )


def _no_text(data: Any) -> tuple[str | int, ...] | None:
    """The path of a key that is no text, of which JSON Schemas do not speak: `1`, or `on`, which YAML 1.1 reads as true."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    seen: set[int] = set()  # an alias may lead back
    while stack:
        path, value = stack.pop()
        if not isinstance(value, (dict, list)) or id(value) in seen:
            continue
        seen.add(id(value))
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(name, str):
                return (*path, str(name))
            stack.append(((*path, name), inner))
    return None


def place(file: Path, text: bytes, path: tuple[str | int, ...]) -> str:
    """Where the value at `path` is, as in `file:3:7`; the place of its nearest ancestor where there is none."""
    span = exact.locate_composed(exact.compose(text.decode("utf-8", "replace")), path, 0)
    return f"{file}:{span.line}:{span.column}" if span.line else str(file)


def _described(error: Any, word: str) -> tuple[tuple[str | int, ...], str]:
    """The path of what is wrong, and a sentence about it."""
    import difflib

    path = tuple(error.absolute_path)
    rule, wanted = error.validator, error.validator_value
    if rule == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(name for name in error.instance if name not in known)
        near = difflib.get_close_matches(str(unknown), known, 1)
        hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}"
        return (*path, str(unknown), KEY), f"there is no {word} `{unknown}`{hint}"
    message = str(error.message)
    if rule == "enum":
        message = f"must be one of {', '.join(map(str, wanted))}"
    elif rule == "type":
        message = f"must be of type {' or '.join([wanted] if isinstance(wanted, str) else wanted)}"
    elif rule == "required":
        message = f"lacks {', '.join(f'`{name}`' for name in wanted if name not in error.instance)}"
    elif rule == "oneOf" and all(list(option) == ["required"] for option in wanted):
        names = [option["required"][0] for option in wanted]
        there = [name for name in names if name in error.instance]
        message = f"must have one of {', '.join(names)}" + (f", not {' and '.join(there)}" if there else "")
    elif rule in ("minLength", "minItems"):
        message = "must not be empty"
    if "x-wanted" in error.schema:
        message = f"must be {error.schema['x-wanted']}"
    return path, f"{_spelled(path) or 'the file'}: {message}"


def _spelled(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
