"""`${NAME}`: values that Flux, envsubst and the like fill in before the object is sent, so nobody knows them yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from manifold.model import Diagnostic, Origin
from manifold.patterns import late

# ${NAME}, and what Flux and bash make of it: ${NAME:-default}, ${NAME/a/b}, ${NAME,,}
_PLACEHOLDER = late(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:[:=,^/#%-][^}]*)?\}")
_SHOWN = 3


def set_aside(
    found: Iterable[Diagnostic], lines: Callable[[str], list[str]], holds: Callable[[str], bool]
) -> list[Diagnostic]:
    """The diagnostics without those that blame a placeholder; for each file with such, one note that says so.

    `holds` tells quickly whether a file may hold placeholders at all, `lines` gives its lines.
    """
    kept: list[Diagnostic] = []
    aside: dict[str, list[tuple[Diagnostic, list[str]]]] = {}
    texts: dict[str, list[str]] = {}

    def of(file: str) -> list[str]:
        if file not in texts:
            texts[file] = lines(file)
        return texts[file]

    for d in found:
        blamed = _named(d, of) if d.span.line and d.origin is not Origin.YAML and holds(d.file) else []
        if not blamed:
            kept.append(d)
            continue
        aside.setdefault(d.file, []).append((d, blamed))
    return [*kept, *map(_note, aside.values())]


def _named(d: Diagnostic, lines: Callable[[str], list[str]]) -> list[str]:
    """The placeholders in the value that a diagnostic points at."""
    line = lines(d.file)[d.span.line - 1 : d.span.line]
    if not line or "${" not in line[0]:
        return []
    stop = d.span.end_column - 1 if d.span.end_line == d.span.line else None
    return _PLACEHOLDER.findall(line[0][d.span.column - 1 : stop])


def _note(aside: list[tuple[Diagnostic, list[str]]]) -> Diagnostic:
    aside.sort(key=lambda pair: pair[0].span)
    first = aside[0][0]
    names = list(dict.fromkeys(name for _, found in aside for name in found))
    places = len({d.span for d, _ in aside})
    shown = ", ".join(f"${{{n}}}" for n in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    if places > 1:
        message = f"{places} values hold {shown}, to be filled in later: what they would be blamed for now was left out"
    else:
        message = f"{shown} is to be filled in later: what it would be blamed for now was left out"
    return first.as_note(
        "placeholder", message, "check what is sent as well: pipe the filled-in manifests to `manifold check -`"
    )
