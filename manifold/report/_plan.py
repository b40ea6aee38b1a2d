"""A plan as text, JSON or Markdown."""

from __future__ import annotations

import re

from manifold.model import Key, Plan, Step

# What rich fills its columns with, before the end of a line or of its colour.
_PADDING = re.compile(r"\s+(?=(?:\x1b\[[0-9;]*m)*$)")
SIGNS = {
    "create": ("+", "32"),
    "update": ("~", "33"),
    "replace": ("±", "35"),
    "refused": ("!", "1;31"),
    "conflict": ("!", "1;31"),
    "unchanged": ("=", "2"),
    "gone": ("-", "31"),
}


def _name(key: Key) -> str:
    return f"{key.kind} {key.namespace + '/' if key.namespace else ''}{key.name}"


NARROW = 120
"""On a terminal of fewer columns there is no room for reasons beside the steps: they stand below."""


def text(plan: Plan, *, colour: bool = False, verbose: bool = False, columns: int = 0) -> str:
    """The waves, with reasons beside and waits and risks below each step; drawn by rich.

    `columns` is the width of the terminal, 0 where none is written to.
    """
    import io

    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=colour,
        color_system="standard" if colour else None,
        width=min(columns, 160) or 160,
        highlight=False,
        legacy_windows=False,
    )
    narrow = 0 < columns < NARROW
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=not narrow, overflow="fold")
    if not narrow:
        table.add_column(overflow="fold")

    def add(label: Text, step: Text, reasons: Text) -> None:
        if not narrow:
            table.add_row(label, step, reasons)
            return
        if step.plain:
            table.add_row(label, step)
        if reasons.plain:
            table.add_row("", Padding(reasons, (0, 0, 0, 4)))

    for number, wave in enumerate(plan.waves, 1):
        for i, step in enumerate(wave):
            sign, style = SIGNS[step.verb]
            colours = {"32": "green", "33": "yellow", "35": "magenta", "1;31": "bold red", "2": "dim", "31": "red"}
            label = Text(f"wave {number}", style="bold") if i == 0 else Text("")
            add(
                label,
                Text(f"{sign} {_name(step.key)}", style=colours[style]),
                Text("; ".join(_reasons(step)), style="dim"),
            )
            for line, look in _below(step, verbose):
                add(Text(""), Text(""), Text(line, style=look))
    console.print(table)
    if plan.pruned:
        console.print(Text("then prune", style="bold"))
        for key in plan.pruned:
            console.print(Text(f"        - {_name(key)}", style="red"))
    if plan.unchanged:
        n = len(plan.unchanged)
        console.print(Text(f"unchanged: {n} object{'s' if n > 1 else ''}", style="dim"))
    for problem in plan.problems:
        console.print(Text(f"problem: {problem}", style="bold red"), soft_wrap=True)
    if not plan.waves and not plan.pruned:
        console.print("nothing to apply")
    return "".join(f"{_PADDING.sub('', line)}\n" for line in stream.getvalue().splitlines())


def _reasons(step: Step) -> list[str]:
    """The most telling: what it follows, then who needs it; that it lives in a namespace only where nothing else is known."""
    found = [r for r in step.because if not r.startswith("last:") and not r.endswith(", where it lives")]
    return sorted(found, key=lambda r: r.startswith("because"))[:3] or list(step.because[:1])


def _below(step: Step, verbose: bool) -> list[tuple[str, str]]:
    shown = step.summary if verbose or len(step.summary) <= 6 else (*step.summary[:4], step.summary[-1])
    lines = [(line, "") for line in shown]
    if len(step.summary) > len(shown):
        lines.insert(-1, (f"and {len(step.summary) - len(shown)} more (-v)", "dim"))
    lines += [(f"wait: {w}", "cyan") for w in step.waits]
    return lines + [(f"risk: {r}", "bold yellow") for r in step.risks]


def json(plan: Plan) -> str:
    """The plan as the contract's JSON."""
    import orjson

    return orjson.dumps(plan.to_dict(), option=orjson.OPT_INDENT_2).decode() + "\n"


def markdown(plan: Plan) -> str:
    """For a pull request's comment."""
    from manifold.report.markdown import cell

    out = ["| wave | | object | why |", "|---|---|---|---|"]
    for number, wave in enumerate(plan.waves, 1):
        for step in wave:
            why = "; ".join(
                (*_reasons(step), *(f"wait: {w}" for w in step.waits), *(f"**risk**: {r}" for r in step.risks))
            )
            out.append(f"| {number} | `{SIGNS[step.verb][0]}` | {cell(_name(step.key))} | {cell(why)} |")
    out += [f"| prune | `-` | {cell(_name(key))} | |" for key in plan.pruned]
    out.append("")
    if plan.unchanged:
        out.append(f"{len(plan.unchanged)} unchanged.")
    out += [f"> **problem**: {p}" for p in plan.problems]
    return "\n".join(out).rstrip() + "\n"
