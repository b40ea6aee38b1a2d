"""JSON Patch (RFC 6902), as the API server applies it (github.com/evanphx/json-patch v4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from manifold.apiserver.patch.merge import equal

MOST_COPIED = 3 * 1024 * 1024
"""Bytes of JSON that the `copy` operations of a patch may copy together (k8s.io/apiserver pkg/server/config.go, JSONPatchMaxCopyBytes)."""


class PatchError(ValueError):
    """A patch that does not fit the document."""


class TestFailedError(PatchError):
    """A `test` of a patch that does not hold."""

    __test__ = False  # no test case, whatever its name begins with


def apply(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """The document with the operations done one after the other; what is given stays as it is.

    Raises TestFailedError for a `test` that does not hold, PatchError for an operation that cannot be done.
    """
    whole = {"": deepcopy(document)}
    copied = 0
    for operation in operations:
        if operation.get("op") == "copy":
            copied += len(json.dumps(_get(whole, str(operation.get("from") or "")), separators=(",", ":")))
            if copied > MOST_COPIED:
                raise PatchError(f"copies more than {MOST_COPIED} bytes")
        _do(whole, operation)
    return whole[""]


def _do(whole: dict[str, Any], operation: Mapping[str, Any]) -> None:
    name, path = operation.get("op"), str(operation.get("path") or "")
    if name in ("add", "replace", "test") and "value" not in operation:
        value = None
    else:
        value = deepcopy(operation.get("value"))
    if name == "add":
        _put(whole, path, value, insert=True)
    elif name == "replace":
        _get(whole, path)
        _put(whole, path, value, insert=False)
    elif name == "remove":
        _take(whole, path)
    elif name == "move":
        _put(whole, path, _take(whole, str(operation.get("from") or "")), insert=True)
    elif name == "copy":
        _put(whole, path, deepcopy(_get(whole, str(operation.get("from") or ""))), insert=True)
    elif name == "test":
        if not equal(_get(whole, path), value):
            raise TestFailedError(f"the value at {path} is another one")
    else:
        raise PatchError(f"{name!r} is no operation: add, remove, replace, move, copy, test")


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"the path {path!r} must begin with a slash")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]


def _index(text: str, count: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise PatchError(f"{text!r} is no index of a list") from None
    if number < 0:
        number += count
    if not 0 <= number < count:
        raise PatchError(f"the list has no item {text}")
    return number


def _holder(whole: dict[str, Any], steps: list[str], path: str) -> Any:
    value: Any = whole
    for step in steps[:-1]:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list):
            value = value[_index(step, len(value))]
        else:
            raise PatchError(f"there is nothing at {path!r}: {step!r} is missing")
    return value


def _get(whole: dict[str, Any], path: str) -> Any:
    steps = _steps(path)
    holder = _holder(whole, steps, path)
    if isinstance(holder, list):
        return holder[_index(steps[-1], len(holder))]
    if not isinstance(holder, dict) or steps[-1] not in holder:
        raise PatchError(f"there is nothing at {path!r}")
    return holder[steps[-1]]


def _put(whole: dict[str, Any], path: str, value: Any, *, insert: bool) -> None:
    steps = _steps(path)
    holder, last = _holder(whole, steps, path), steps[-1]
    if isinstance(holder, dict):
        holder[last] = value
    elif not isinstance(holder, list):
        raise PatchError(f"there is nothing at {path!r}")
    elif not insert:
        holder[_index(last, len(holder))] = value
    elif last == "-":
        holder.append(value)
    else:
        holder.insert(_index(last, len(holder) + 1), value)


def _take(whole: dict[str, Any], path: str) -> Any:
    found = _get(whole, path)
    steps = _steps(path)
    holder = _holder(whole, steps, path)
    if isinstance(holder, list):
        del holder[_index(steps[-1], len(holder))]
    else:
        del holder[steps[-1]]
    return found
