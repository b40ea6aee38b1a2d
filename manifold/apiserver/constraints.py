"""The engine of `schemas/constraints/*.yaml`: what one value, list or object must be, by type.

The tables are compiled into one check per type; a type without constraints, and without fields whose types have some,
costs nothing. CONTRIBUTING.md describes the words of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cache
from pathlib import Path as File
from typing import Any

from manifold import assets
from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.schema import Reach, Type
from manifold.k8s import regexes
from manifold.model import MapKey, Path

Check = Callable[[Any, Path, Faults], None]
Spec = dict[str, Any]
Tables = dict[str, dict[str, Spec | list[Spec]]]

ARTEFACT = "constraints.json.zz"
WORDS = frozenset(
    (
        "required", "format", "pattern", "range", "enum", "min-length", "max-length", "min-items", "max-items", "unique",
        "unique-by", "each", "keys", "since", "until", "source", "message", "help", "reason", "one-of",
        "at-most-one", "first-of", "spelled", "missing", "or-empty", "kinds",
    )
)  # fmt: skip


def read_tables(folder: File) -> Tables:
    """All tables of a folder, joined: type name -> field -> words, or a list of them for different releases.

    Raises ValueError for a word that does not exist, or a field that two tables constrain.
    """
    import yaml

    joined: Tables = {}
    for file in sorted(folder.glob("*.yaml")):
        data = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
        for name, fields in (data.get("types") or {}).items():
            into = joined.setdefault(name, {})
            for field, spec in fields.items():
                if field in into:
                    raise ValueError(f"{file.name}: {name}.{field} stands in another table as well")
                where = f"{file.name}: {name}.{field}"
                into[field] = [known(s, where) for s in spec] if isinstance(spec, list) else known(spec, where)
    return joined


def _formats() -> dict[str, Callable[[str], list[str]]]:
    from manifold.k8s.formats import FORMATS

    return FORMATS


def known(spec: Spec, where: str) -> Spec:
    """The spec without its sources. Raises ValueError for a word or a format that does not exist."""
    for word, value in spec.items():
        if word not in WORDS:
            raise ValueError(f"{where}: there is no word {word!r}")
        if word in ("each", "keys"):
            known(value, f"{where}.{word}")
        if word == "format" and value not in _formats():
            raise ValueError(f"{where}: there is no format {value!r}")
    return {k: v for k, v in spec.items() if k != "source"}


def specs(found: Spec | list[Spec] | None, release: tuple[int, int]) -> list[Spec]:
    """What a table says of a field, as far as it is of the release."""
    return [s for s in (found if isinstance(found, list) else [found] if found else ()) if holds(s, release)]


def compiled(folder: File) -> bytes:
    """The tables of a folder as the artefact that is shipped: YAML at each start would cost a tenth of the time of a run."""
    return assets.pack(read_tables(folder), sorted(folder.glob("*.yaml")))


@cache
def tables() -> Tables:
    """The tables in force: the artefact, or in a checkout whose tables have changed since, the tables themselves."""
    root = assets.root("schemas")
    made, found = assets.unpack(root / ARTEFACT)
    folder = root / "constraints"
    files = list(folder.glob("*.yaml"))
    if len(files) == len(made) and all(assets.unchanged(made, f) for f in files):
        return dict(found)
    return read_tables(folder)


@cache
def members(name: str) -> dict[str, int]:
    """The members of a type's union (`first-of`), each with its place in the order of the server."""
    line = tables()[name]["$self"]
    assert isinstance(line, dict)
    return {member: i for i, member in enumerate(line["first-of"])}


def _release(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def holds(spec: Spec, release: tuple[int, int]) -> bool:
    """Whether a spec is of this release: from `since` on, before `until`."""
    since, until = spec.get("since"), spec.get("until")
    return not ((since and release < _release(since)) or (until and release >= _release(until)))


def _many(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, path: Path, faults: Faults) -> None:
        for one in checks:
            one(value, path, faults)

    return check


def _texts(spec: Spec) -> list[Check]:
    found: list[Check] = []
    reason, said, help = spec.get("reason"), spec.get("message"), spec.get("help", "")
    if "format" in spec:
        test = _formats()[spec["format"]]

        def format(value: Any, path: Path, faults: Faults) -> None:
            for message in test(value):
                faults.add(reason or reasons.INVALID, path, said or message, help)

        found.append(format)
    if "pattern" in spec:
        expression = regexes.compiled(spec["pattern"])

        def pattern(value: Any, path: Path, faults: Faults) -> None:
            if not expression.search(str(value)):
                faults.add(reason or reasons.INVALID, path, said or f"does not match {spec['pattern']}", help)

        found.append(pattern)
    if "max-length" in spec:
        limit = spec["max-length"]

        def longest(value: Any, path: Path, faults: Faults) -> None:
            if len(value) > limit or (not value.isascii() and len(value.encode("utf-8", "surrogatepass")) > limit):
                faults.add(reason or reasons.TOO_LONG, path, said or f"longer than {limit} bytes", help)

        found.append(longest)
    if "min-length" in spec:
        least = spec["min-length"]

        def shortest(value: Any, path: Path, faults: Faults) -> None:
            if len(value) < least:
                faults.add(reason or reasons.INVALID, path, said or f"shorter than {least} characters", help)

        found.append(shortest)
    return found


def _numbers(spec: Spec) -> list[Check]:
    if "range" not in spec:
        return []
    low, high = spec["range"]
    reason, said, help = spec.get("reason", reasons.INVALID), spec.get("message"), spec.get("help", "")
    if not said:
        said = (
            f"must be {low} to {high}"
            if low is not None and high is not None
            else f"must be at least {low}"
            if high is None
            else f"must be at most {high}"
        )

    def between(value: Any, path: Path, faults: Faults) -> None:
        if value.__class__ is int and ((low is not None and value < low) or (high is not None and value > high)):
            faults.add(reason, path, f"{value}: {said}", help)

    return [between]


def _choices(spec: Spec) -> list[Check]:
    if "enum" not in spec:
        return []
    allowed = frozenset(spec["enum"])
    names = spec["enum"]
    reason, help = spec.get("reason", reasons.NOT_SUPPORTED), spec.get("help", "")

    def one_of(value: Any, path: Path, faults: Faults) -> None:
        if value not in allowed:
            faults.add(reason, path, reasons.not_among(value, names), help)

    return [one_of]


def _lists(spec: Spec, release: tuple[int, int]) -> list[Check]:
    found: list[Check] = []
    help = spec.get("help", "")
    if "max-items" in spec:
        most = spec["max-items"]

        def longest(value: Any, path: Path, faults: Faults) -> None:
            if len(value) > most:
                faults.add(
                    spec.get("reason", reasons.TOO_MANY), path, f"{len(value)} items, at most {most} are allowed", help
                )

        found.append(longest)
    if "min-items" in spec:
        least = spec["min-items"]

        def shortest(value: Any, path: Path, faults: Faults) -> None:
            if len(value) < least:
                faults.add(
                    spec.get("reason", reasons.INVALID), path, f"{len(value)} items, at least {least} are needed", help
                )

        found.append(shortest)
    if spec.get("unique") or "unique-by" in spec:
        by = tuple(spec.get("unique-by", ()))

        def unique(value: Any, path: Path, faults: Faults) -> None:
            if len(value) < 2:
                return
            seen = set()
            for i, item in enumerate(value):
                key = tuple(item.get(k) for k in by) if by else item
                if key in seen:
                    shown = key[0] if by and len(key) == 1 else key
                    faults.add(
                        spec.get("reason", reasons.DUPLICATE), (*path, i), f"{shown!r} occurs more than once", help
                    )
                seen.add(key)

        found.append(unique)
    each = _value(spec["each"], release) if "each" in spec else None
    if each is not None:

        def items(value: Any, path: Path, faults: Faults) -> None:
            if value.__class__ is dict:
                for k, v in value.items():
                    each(v, (*path, MapKey(k)), faults)
            else:
                for i, v in enumerate(value):
                    each(v, (*path, i), faults)

        found.append(items)
    keys = _value(spec["keys"], release) if "keys" in spec else None
    if keys is not None:

        def names(value: Any, path: Path, faults: Faults) -> None:
            for k in value:
                keys(k, (*path, MapKey(k)), faults)

        found.append(names)
    return found


def _value(spec: Spec, release: tuple[int, int]) -> Check | None:
    """The check of one present value."""
    if not holds(spec, release):
        return None
    checks = _choices(spec) + _texts(spec) + _numbers(spec) + _lists(spec, release)
    if not checks and not spec.get("required"):
        return None
    present = _many(checks) if checks else None
    if present is not None and spec.get("or-empty"):
        present = _unless_empty(present)
    if not spec.get("required"):
        return present
    reason, help = spec.get("missing", reasons.REQUIRED), spec.get("help", "")
    message = spec.get("message") or _needed(spec)

    null_only = spec["required"] == "present"

    def required(value: Any, path: Path, faults: Faults) -> None:
        if value is None or (not null_only and (value == "" or (value.__class__ in (list, dict) and not value))):
            faults.add(reason, path, message, help)
        elif present is not None:
            present(value, path, faults)

    return required


def _unless_empty(present: Check) -> Check:
    def check(value: Any, path: Path, faults: Faults) -> None:
        if value != "":
            present(value, path, faults)

    return check


def _needed(spec: Spec) -> str:
    """What is said of a value that is missing."""
    if "enum" in spec:
        return reasons.not_among(None, spec["enum"])
    low, high = spec.get("range", (None, None))
    if low is not None:
        return f"must be set: {low} to {high}" if high is not None else f"must be set: at least {low}"
    return "this field must be set"


def _first(spec: Spec) -> Callable[[Any, Path, Faults], Container[str]]:
    """Of the members that are set the first counts: the others are forbidden, and what is in them is not looked at."""
    order = {name: i for i, name in enumerate(spec["first-of"])}
    spelled = spec.get("spelled", {})
    said, help = spec.get("message") or "only one of these can be set", spec.get("help", "")

    def check(value: Any, path: Path, faults: Faults) -> Container[str]:
        found = [name for name in value if name in order and value[name] is not None]
        if len(found) < 2:
            return ()
        found.sort(key=order.__getitem__)
        for name in found[1:]:
            where = (*path, spelled.get(name, name))
            faults.add(reasons.FORBIDDEN, where, f"{said}, and `{found[0]}` is set already", help, at=(*path, name))
        return found[1:]

    return check


def _union(spec: Spec, exactly: bool) -> Check:
    members = tuple(spec["one-of"] if exactly else spec["at-most-one"])
    names = ", ".join(members)
    help = spec.get("help", "")

    def check(value: Any, path: Path, faults: Faults) -> None:
        first = ""
        for member in members:
            if value.get(member) is None:
                continue
            if first:
                faults.add(
                    reasons.FORBIDDEN,
                    (*path, member),
                    spec.get("message") or f"`{first}` is set already: at most one of {names}",
                    help,
                )
            else:
                first = member
        if exactly and not first:
            faults.add(reasons.REQUIRED, path, spec.get("message") or f"one of these must be set: {names}", help)

    return check


Known = dict[Any, None]
# Fields whose checks see one hashable value, and nothing of which two that are equal could fare differently.
_SCALAR = frozenset(("string", "integer", "boolean", "time", "micro-time", "duration"))
MOST_KNOWN = 4096


def _remember(value: Any, check: Check, path: Path, faults: Faults, good: Known) -> None:
    """Look at a value, and know it for good if nothing is wrong with it: images and ports come a thousand times."""
    before = len(faults)
    check(value, path, faults)
    if len(faults) == before and len(good) < MOST_KNOWN:
        good[value] = None


class Compiled:
    """The checks of one release, by type; built as types are met."""

    def __init__(self, release: tuple[int, int], found: Tables | None = None) -> None:
        self._release = release
        self._checks: dict[int, tuple[Type, Check | None]] = {}
        self._tables = tables() if found is None else found
        self.reaches = Reach(self._tables.__contains__)

    def check(self, type: Type) -> Check | None:
        """The check of a type, or None when nothing below it is constrained."""
        known = self._checks.get(id(type))
        if known is not None:
            return known[1]
        if not self.reaches(type):
            self._checks[id(type)] = (type, None)
            return None

        made: list[Check] = []

        def late(value: Any, path: Path, faults: Faults) -> None:
            made[0](value, path, faults)

        self._checks[id(type)] = (type, late)  # for types that hold themselves
        made.append(self._walk(type))
        self._checks[id(type)] = (type, made[0])
        return made[0]

    def _walk(self, type: Type) -> Check:
        if type.shape in ("list", "map"):
            assert type.items is not None
            item = self.check(type.items)
            assert item is not None
            keyed = type.shape == "map"

            def walk(value: Any, path: Path, faults: Faults) -> None:
                if keyed:
                    for k, v in value.items():
                        item(v, (*path, MapKey(k)), faults)
                else:
                    for i, v in enumerate(value):
                        item(v, (*path, i), faults)

            return walk
        return self._fields(type)

    def _fields(self, type: Type) -> Check:
        lines = self._tables.get(type.name, {})
        always: list[tuple[str, Check]] = []  # looked at whether the field is there or not
        present: dict[str, list[Check]] = {}
        for name, line in lines.items():
            for spec in specs(line, self._release) if name != "$self" else ():
                made = _value(spec, self._release)
                if made is None:
                    continue
                if spec.get("required"):
                    always.append((name, made))
                else:
                    present.setdefault(name, []).append(made)
        for name, field in type.fields.items():
            below = self.check(field.type)
            if below is not None:
                present.setdefault(name, []).append(below)
        whole: list[Check] = []
        first: Callable[[Any, Path, Faults], Container[str]] | None = None
        for spec in specs(lines.get("$self"), self._release):
            if "first-of" in spec:
                first = _first(spec)
            if "one-of" in spec:
                whole.append(_union(spec, True))
            if "at-most-one" in spec:
                whole.append(_union(spec, False))
        scalar = {name for name, field in type.fields.items() if field.type.shape in _SCALAR}

        def known(name: str) -> Known | None:
            return {} if name in scalar else None

        needed = [(name, one, known(name)) for name, one in always]
        table = {name: (_many(checks), known(name)) for name, checks in present.items()}

        def check(value: Any, path: Path, faults: Faults) -> None:
            for one in whole:
                one(value, path, faults)
            for name, one, good in needed:
                inner = value.get(name)
                if good is None or inner.__class__ is list or inner.__class__ is dict:
                    one(inner, (*path, name), faults)
                elif inner not in good:
                    _remember(inner, one, (*path, name), faults, good)
            for name, inner in value.items():
                found = table.get(name)
                if found is not None and inner is not None:
                    one, good = found
                    if good is None or inner.__class__ is list or inner.__class__ is dict:
                        one(inner, (*path, name), faults)
                    elif inner not in good:
                        _remember(inner, one, (*path, name), faults, good)

        if first is None:
            return check

        def first_only(value: Any, path: Path, faults: Faults) -> None:
            extra = first(value, path, faults)
            check({k: v for k, v in value.items() if k not in extra} if extra else value, path, faults)

        return first_only


@cache
def of(release: tuple[int, int]) -> Compiled:
    """The compiled tables of a release."""
    return Compiled(release)


def check(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Hold a defaulted object against the tables."""
    found = of(context.server.release).check(context.kind.type)
    if found is not None:
        found(body, (), faults)


def told(spec: Spec) -> list[str]:
    """What a line of a table says, as `explain` tells it: a word and its meaning a line."""
    out: list[str] = []
    for word, value in spec.items():
        if word == "format":
            meaning = (_formats()[value].__doc__ or "").partition("\n")[0].rstrip(".")
            out.append(f"format: {value} ({meaning})" if meaning else f"format: {value}")
        elif word == "range":
            low, high = value
            out.append(
                f"range: at least {low}"
                if high is None
                else f"range: {low} to {high}"
                if low is not None
                else f"range: at most {high}"
            )
        elif word in ("enum", "one-of", "at-most-one", "first-of"):
            said = {"enum": "one of", "one-of": "exactly one of"}.get(word, "at most one of")
            out.append(f"{said}: {', '.join(map(str, value))}")
        elif word in ("each", "keys"):
            whose = "each item" if word == "each" else "each key"
            out += [f"{whose}: {line}" for line in told(value)]
        elif word in ("since", "until"):
            out.append(f"{'since' if word == 'since' else 'before'} Kubernetes {value}")
        elif word in ("unique", "or-empty"):
            out.append("unique: no item twice" if word == "unique" else "or empty")
        elif word == "unique-by":
            out.append(f"unique: no two items with the same {', '.join(value)}")
        elif word in ("pattern", "min-length", "max-length", "min-items", "max-items"):
            out.append(f"{word.replace('-', ' ')}: {value}")
    return out
