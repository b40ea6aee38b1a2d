"""Plain command lines, read without typer: it takes as long to import as one file takes to be looked at.

What is not plainly a command with options of `OPTIONS` and paths is left to typer, which has more to say: help, completion,
options that stand together, and every mistake.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from manifold import cli
from manifold.cli._options import PATHS, Command, Option, flag

# What typer takes for a flag's value in a variable of the environment; it knows more words.
_YES, _NO = ("1", "true"), ("0", "false")


def command(arguments: Sequence[str]) -> Callable[[], int] | None:
    """The command that the arguments ask for, ready to run; None where it is not for us to say."""
    if not arguments or arguments[0] not in cli.PLAIN or "_MANIFOLD_COMPLETE" in os.environ:
        return None
    if "--debug" in arguments or os.environ.get("MANIFOLD_DEBUG"):
        return None
    found: Command = importlib.import_module(f"manifold.cli.{arguments[0]}").command
    values = read(found, arguments[1:])
    return None if values is None else partial(found, **values)


def read(command: Command, arguments: Sequence[str]) -> dict[str, Any] | None:
    """The value of each option of a command; None where typer has to say it."""
    options = command.options
    names = {flag(name): name for name in options if name != PATHS}
    names |= {option.short: name for name, option in options.items() if option.short}
    values: dict[str, Any] = {PATHS: []}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            values[PATHS] += map(Path, rest)
        elif word == "-" or (word and word[0] != "-"):
            values[PATHS].append(Path(word))
        else:
            key, equals, text = word.partition("=") if word.startswith("--") else (word, "", "")
            name = names.get(key)
            if name is None:  # the empty word, too
                return None
            option = options[name]
            if option.type is bool:
                if equals:
                    return None
                values[name] = True
                continue
            value = text if equals else next(rest, "")
            if value[:1] in ("", "-") or not _take(values, name, option, value):
                return None
    if not values[PATHS] or not all(map(_given, options, options.values(), [values] * len(options))):
        return None
    return values


def _take(values: dict[str, Any], name: str, option: Option, text: str) -> bool:
    """Take a text for an option's value; whether it can be one."""
    if option.type is int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= (option.least or 0)):
            return False
        values[name] = int(text)
    elif option.type == list[str]:
        values.setdefault(name, []).append(text)
    elif option.type == list[Path]:
        values.setdefault(name, []).append(Path(text))
    elif option.type is str:
        values[name] = text
    elif option.type == Path | None:
        values[name] = Path(text)
    else:
        return False
    return True


def _given(name: str, option: Option, values: dict[str, Any]) -> bool:
    """Fill in what the command line leaves open; whether we know how."""
    if name in values:
        return True
    said = os.environ.get(option.env, "") if option.env else ""
    if said and (option.type is not bool or said not in (*_YES, *_NO)):
        return False
    values[name] = said in _YES if said else option.default
    return True
