"""Stored objects as YAML or JSON, with the origin of their fields beside them where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manifold.model import Path, spell
from manifold.report._block import dump

Body = dict[str, Any]
WRITTEN = "written"


def yaml(objects: Sequence[Body]) -> str:
    """A stream of documents."""
    from manifold.report import _yaml

    return "".join(f"---\n{_yaml.dumps(o)}" for o in objects)


def json(objects: Sequence[Body]) -> str:
    """One object by itself, several as a List."""
    import orjson

    data: Any = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


def json_with_origins(found: Sequence[tuple[Body, Mapping[Path, str]]]) -> str:
    """Each object with the origin of each of its leaves, by path."""
    import orjson

    data = {
        "version": 1,
        "objects": [{"object": body, "origins": {spell(p): o for p, o in origins.items()}} for body, origins in found],
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


def yaml_with_origins(found: Sequence[tuple[Body, Mapping[Path, str]]], *, colour: bool = False) -> str:
    """A stream of documents; what is not from the manifest has its origin behind it, at the topmost field that it made."""
    out = ["# Fields without a remark are as written in the manifest."]
    for body, origins in found:
        lines: list[tuple[str, str]] = []
        _map(body, (), "", origins, lines)
        width = min(60, max((len(text) for text, remark in lines if remark), default=0))
        out.append("---")
        for text, remark in lines:
            line = f"{text.ljust(width)}  # {remark}" if remark else text
            out.append(f"\x1b[2m{line}\x1b[0m" if remark and colour else line)
    return "\n".join(out) + "\n"


def _within(path: Path, origins: Mapping[Path, str]) -> set[str]:
    """The origins of all leaves at or below a path."""
    return {origin for leaf, origin in origins.items() if leaf[: len(path)] == path}


def _remark(path: Path, origins: Mapping[Path, str], above: str) -> str:
    """What is said at a path: the one origin of all that is below it, unless that has been said above."""
    found = _within(path, origins)
    one = next(iter(found)) if len(found) == 1 else ""
    return one if one not in ("", WRITTEN, above) else ""


def _scalar(value: Any) -> str:
    import yaml as writer

    text = writer.dump(value, Dumper=writer.SafeDumper, allow_unicode=True, default_flow_style=True, width=2**31)
    return text.removesuffix("\n...\n").rstrip("\n")


def _map(
    value: Body, path: Path, indent: str, origins: Mapping[Path, str], lines: list[tuple[str, str]], above: str = ""
) -> None:
    for name, inner in value.items():
        here = (*path, name)
        remark = _remark(here, origins, above)
        key = f"{indent}{_scalar(name)}:"
        if isinstance(inner, dict | list) and inner:
            lines.append((key, remark))
            below = indent + ("  " if isinstance(inner, dict) else "")
            write: Any = _map if isinstance(inner, dict) else _list
            write(inner, here, below, origins, lines, remark or above)
        elif isinstance(inner, str) and "\n" in inner:
            _lines({name: inner}, indent, remark, lines)
        else:
            lines.append((f"{key} {_scalar(inner)}", remark))


def _list(
    value: list[Any],
    path: Path,
    indent: str,
    origins: Mapping[Path, str],
    lines: list[tuple[str, str]],
    above: str = "",
) -> None:
    for i, inner in enumerate(value):
        here = (*path, i)
        remark = _remark(here, origins, above)
        if isinstance(inner, dict | list) and inner:
            start = len(lines)
            write: Any = _map if isinstance(inner, dict) else _list
            write(inner, here, f"{indent}  ", origins, lines, remark or above)
            first, said = lines[start]
            lines[start] = (f"{indent}- {first[len(indent) + 2 :]}", remark or said)
        elif isinstance(inner, str) and "\n" in inner:
            _lines([inner], indent, remark, lines)
        else:
            lines.append((f"{indent}- {_scalar(inner)}", remark))


def _lines(value: Any, indent: str, remark: str, lines: list[tuple[str, str]]) -> None:
    """A text of several lines under its key or in its list; the remark stands behind the first."""
    for i, line in enumerate(dump(value).rstrip("\n").split("\n")):
        lines.append((f"{indent}{line}" if line else "", remark if not i else ""))
