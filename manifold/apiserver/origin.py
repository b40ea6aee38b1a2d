"""Where each field of a stored object comes from: the manifest, a default, an admission plug-in, the server itself.

The object is watched as it goes through the stages of a create; a field belongs to the last stage that made or changed
its value. That the server writes a value in another spelling (`0.5` as `500m`) is no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.create import ALLOCATED
from manifold.apiserver.decode import copy
from manifold.apiserver.server import Answer, Server
from manifold.apiserver.store import stored
from manifold.k8s.pods import amount
from manifold.model import Path

Body = dict[str, Any]

WRITTEN, DEFAULT, SERVER, PICKED = "written", "default", "server", "allocated"
"""What is not the name of a plug-in: `server` prepares (status, selectors of Jobs), `allocated` is what it picks."""
# The server's stages, as it tells of them, by the word that people see.
STAGES = {"decode": WRITTEN, "default": DEFAULT, "prepare": SERVER}
_ABSENT = object()


def origins(server: Server, body: Body, namespace: str = "default") -> tuple[Answer, Body | None, dict[Path, str]]:
    """The answer to a create, the object as stored (None where it is refused), and the origin of each of its leaves."""
    seen: list[tuple[str, Any]] = [(WRITTEN, body)]

    def watch(stage: str, now: Body) -> None:
        seen.append((STAGES.get(stage, stage), copy(now)))

    answer = server.create(body, namespace, admit=True, trace=watch)
    if answer.object is None or answer.faults.refused:
        return answer, None, {}
    final = stored(answer)
    found: dict[Path, str] = {}
    _walk(final, [(name, value) for name, value in seen], (), found)
    return answer, final, found


def _walk(value: Any, seen: list[tuple[str, Any]], path: Path, found: dict[Path, str]) -> None:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            below = [(stage, v[name] if isinstance(v, Mapping) and name in v else _ABSENT) for stage, v in seen]
            _walk(inner, below, (*path, name), found)
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            below = [(stage, v[i] if isinstance(v, list) and i < len(v) else _ABSENT) for stage, v in seen]
            _walk(inner, below, (*path, i), found)
    else:
        found[path] = _origin(value, seen)


def _origin(value: Any, seen: list[tuple[str, Any]]) -> str:
    if isinstance(value, str) and ALLOCATED in value and not _has(seen[0][1], ALLOCATED):
        return PICKED
    origin, before = "", _ABSENT
    for stage, now in seen:
        if now is not _ABSENT and (before is _ABSENT or not _same(before, now)):
            origin = stage
        before = now
    if origin:
        return origin
    return DEFAULT  # what Go writes of an absent field


def _has(value: Any, text: str) -> bool:
    return isinstance(value, str) and text in value


def _same(one: Any, other: Any) -> bool:
    """Whether two values of one field are the same, however they are spelled."""
    if one == other and isinstance(one, bool) == isinstance(other, bool):
        return True
    if isinstance(one, dict | list) or isinstance(other, dict | list) or one is None or other is None:
        return False
    try:
        return amount(one) == amount(other)
    except ValueError:
        return False
