"""Differences as text, JSON or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manifold.model import Difference, Key
from manifold.report._block import dump

SIGNS = {
    "create": ("+", "32"),
    "update": ("~", "33"),
    "replace": ("±", "35"),
    "gone": ("-", "31"),
    "refused": ("!", "1;31"),
    "conflict": ("!", "1;31"),
    "unchanged": ("=", "2"),
}
WIDEST = 100


def _key(key: Key) -> str:
    name = f"{key.namespace}/{key.name}" if key.namespace else key.name
    return f"{key.kind}{'.' + key.group if key.group else ''} {name}"


def value(v: Any) -> str:
    """A value on one line, shortened in its middle."""
    import json

    text = json.dumps(v, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 30]} … {text[-25:]}"


# What most paths begin with, and says little.
_PREFIXES = ("spec.template.spec.", "spec.jobTemplate.spec.template.spec.", "spec.")


def told(changes: Sequence[Any]) -> list[str]:
    """Changes in a line each, with their values where those are short: `containers[name="web"].image: web:1 → web:2`."""
    out = []
    for c in changes:
        path = next((c.path[len(p) :] for p in _PREFIXES if c.path.startswith(p)), c.path)
        if isinstance(c.before, dict | list) or isinstance(c.after, dict | list):
            out.append(f"{path} {'goes' if c.after is None else 'comes' if c.before is None else 'changes'}")
        elif c.path.endswith("[#order]"):
            out.append(f"{path.removesuffix('[#order]')} in another order")
        elif c.before is None:
            out.append(f"{path}: {_short(c.after)}")
        else:
            out.append(f"{path}: {_short(c.before)} → {'nothing' if c.after is None else _short(c.after)}")
    return out


def _short(v: Any) -> str:
    text = v if isinstance(v, str) else value(v)
    text = text.replace("\n", "⏎")
    return text if len(text) <= 48 else f"{text[:30]} … {text[-12:]}"


def _whole(v: Any, sign: str, indent: str) -> list[str]:
    """A value that came or went, as YAML."""
    return [f"{indent}{sign} {line}" for line in dump(v).rstrip("\n").removesuffix("\n...").split("\n")]


def text(found: Sequence[Difference], *, colour: bool = False, verbose: bool = False) -> str:
    """Readable differences, most telling first: what changes, then a line of totals."""
    from manifold.report.text import Painter, printable

    paint = Painter(colour)
    out: list[str] = []
    for d in found:
        if d.verb == "unchanged" and not verbose:
            continue
        sign, code = SIGNS[d.verb]
        out.append(
            paint(code, f"{sign} {_key(d.key)}")
            + (f"  {paint('2', d.verb)}" if d.verb not in ("create", "update") else "")
        )
        if d.verb == "create":
            out += [
                paint("32", printable_line)
                for c in d.changes
                for printable_line in map(printable, _whole(c.after, "+", "    "))
            ]
        else:
            for c in d.changes:
                out += _change(c, paint, printable)
        out += [
            f"    {paint('1;31', 'refused')} {printable(f'{x.path}: ' if x.path else '')}{printable(x.message)}"
            for x in d.diagnostics
            if x.rejects
        ]
        out += [f"    {paint('36', 'note:')} {printable(note)}" for note in d.notes]
        if verbose:
            for manager, paths in d.theirs.items():
                more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
                out.append(paint("2", printable(f"    left to {manager}: {', '.join(paths[:5])}{more}")))
        out.append("")
    out.append(paint("1", totals(found)))
    return "\n".join(out) + "\n"


def _change(c: Any, paint: Any, printable: Any) -> list[str]:
    simple = not isinstance(c.before, (dict, list)) and not isinstance(c.after, (dict, list))
    if c.before is not None and c.after is not None and simple:
        if isinstance(c.before, str) and isinstance(c.after, str) and ("\n" in c.before or "\n" in c.after):
            return [f"    {c.path}:", *_lines(c.before, c.after, paint, printable)]
        return [
            f"    {printable(c.path)}: {paint('31', printable(value(c.before)))} → {paint('32', printable(value(c.after)))}"
        ]
    out = [f"    {printable(c.path)}:"]
    if c.before is not None:
        out += [paint("31", printable(line)) for line in _whole(c.before, "-", "      ")]
    if c.after is not None:
        out += [paint("32", printable(line)) for line in _whole(c.after, "+", "      ")]
    return out


def _lines(before: str, after: str, paint: Any, printable: Any) -> list[str]:
    """Texts of several lines, line by line."""
    out = []
    for line in _unified(before, after):
        code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "2")
        out.append(f"      {paint(code, printable(line))}")
    return out


def _unified(before: str, after: str) -> list[str]:
    """The lines of a unified diff without its head."""
    import difflib

    return list(difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=2))[2:]


def totals(found: Sequence[Difference]) -> str:
    """`2 to create, 1 to update, 7 unchanged`."""
    words = {
        "create": "to create",
        "update": "to update",
        "replace": "to replace",
        "gone": "no longer there",
        "refused": "refused",
        "conflict": "in conflict",
        "unchanged": "unchanged",
    }
    parts = []
    for verb, word in words.items():
        n = sum(1 for d in found if d.verb == verb)
        if n:
            parts.append(f"{n} {word}")
    return ", ".join(parts) or "nothing to compare"


def json(found: Sequence[Difference]) -> str:
    """A versioned JSON document."""
    import orjson

    summary: dict[str, int] = {}
    for d in found:
        summary[d.verb] = summary.get(d.verb, 0) + 1
    data = {"version": 1, "summary": summary, "objects": [d.to_dict() for d in found]}
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


def markdown(found: Sequence[Difference]) -> str:
    """For a pull request's comment: a folded block an object."""
    out = [f"**manifold diff**: {totals(found)}", ""]
    for d in found:
        if d.verb == "unchanged":
            continue
        sign, _ = SIGNS[d.verb]
        out += [f"<details><summary><code>{sign} {_key(d.key)}</code> {d.verb}</summary>", "", "```diff"]
        for c in d.changes:
            if d.verb != "create":
                out.append(f"@@ {c.path} @@")
            if isinstance(c.before, str) and isinstance(c.after, str) and ("\n" in c.before or "\n" in c.after):
                out += _unified(c.before, c.after)
                continue
            if c.before is not None:
                out += _whole(c.before, "-", "")
            if c.after is not None:
                out += _whole(c.after, "+", "")
        out += ["```", ""]
        out += [f"- refused: {f'`{x.path}` ' if x.path else ''}{x.message}" for x in d.diagnostics if x.rejects]
        out += [f"- {note}" for note in d.notes]
        out += ["</details>", ""]
    return "\n".join(out).rstrip() + "\n"
