"""The rules that there are: one file each under `rules/<pack>/`, and those of a user's own folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from manifold import assets
from manifold.errors import UsageError
from manifold.model import Severity

PROFILES = ("recommended", "strict", "security", "reliability", "cost", "all")
WORDS = frozenset(
    (
        "id", "summary", "why", "fix", "severity", "kinds", "profiles", "at", "expect", "uses", "when", "cel", "message", "parameters",
        "aliases", "differs", "references", "examples", "mandatory",
    )
)  # fmt: skip
NEEDED = ("id", "summary", "why", "fix", "severity", "message", "examples")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: data alone. What holds is said by `expect` (a JSON Schema fragment at the places `at`), by `cel` (an
    expression there), or by `uses` (a check's name)."""

    id: str
    pack: str
    summary: str
    why: str
    fix: str
    severity: Severity
    message: str
    kinds: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("all",)
    at: str = "$"
    expect: Mapping[str, Any] | None = None
    uses: str = ""
    when: tuple[str, ...] = ()
    """With `uses`: places of which one must be there for the check to find anything; empty: it is asked of each object."""
    cel: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    differs: str = ""
    references: tuple[str, ...] = ()
    good: str = ""
    bad: str = ""
    mandatory: bool = False
    """Cannot be suppressed."""


def _rule(data: Any, pack: str, name: str, file: object) -> Rule:
    """The rule that a file `<pack>/<name>.yaml` holds; `file` is what it is called where it holds none."""

    def wrong(why: str) -> UsageError:
        return UsageError(f"{file}: {why}")

    if not isinstance(data, dict):
        raise wrong("a rule is a map")
    unknown = sorted(set(data) - WORDS)
    if unknown:
        raise wrong(f"there is no word {unknown[0]!r} in a rule")
    missing = [w for w in NEEDED if not data.get(w)]
    if missing:
        raise wrong(f"`{missing[0]}` is missing")
    if data["id"] != name:
        raise wrong(f"the id {data['id']!r} must be the file's name")
    if sum(word in data for word in ("expect", "uses", "cel")) != 1:
        raise wrong("give one of `expect`, `cel` and `uses`")
    profiles = tuple(data.get("profiles", ()))
    if bad := [p for p in profiles if p not in PROFILES]:
        raise wrong(f"there is no profile {bad[0]!r}")
    examples = data["examples"]
    return Rule(
        id=data["id"],
        pack=pack,
        summary=data["summary"],
        why=data["why"],
        fix=data["fix"],
        severity=Severity(data["severity"]),
        message=data["message"],
        kinds=tuple(data.get("kinds", ())),
        profiles=(*profiles, "all"),
        at=data.get("at", "$"),
        expect=data.get("expect"),
        uses=data.get("uses", ""),
        when=tuple(data.get("when", ())),
        cel=data.get("cel", ""),
        parameters=data.get("parameters", {}),
        aliases=tuple(data.get("aliases", ())),
        differs=data.get("differs", ""),
        references=tuple(data.get("references", ())),
        good=examples.get("good", ""),
        bad=examples.get("bad", ""),
        mandatory=bool(data.get("mandatory", False)),
    )


def read(folder: Path) -> dict[str, Rule]:
    """The rules of a folder (or of one file), by id: files lie in it or, by pack, in folders of it.

    Raises UsageError naming all files that are no rules, a line each, and ids given twice.
    """
    found: dict[str, Rule] = {}
    wrong: list[str] = []
    files = [folder] if folder.is_file() else sorted(f for p in ("*.y*ml", "*/*.y*ml") for f in folder.glob(p))
    files = [file for file in files if file.suffix in (".yaml", ".yml")]
    if not files:
        raise UsageError(f"{folder}: there is no rule, which is a file <id>.yaml or <pack>/<id>.yaml")
    for file in files:
        try:
            rule = _read(file)
            if rule.id in found:
                raise UsageError(f"{file}: the id {rule.id!r} is given twice")
        except UsageError as error:
            wrong.append(str(error))
        else:
            found[rule.id] = rule
    if wrong:
        raise UsageError("\n".join(wrong))
    return found


def _placeholders(message: str, known: Sequence[str]) -> str:
    """What is wrong with the words in braces of a message; `known` are those that there are, if they are known."""
    from string import Formatter

    try:
        names = [name for _, name, _, _ in Formatter().parse(message) if name is not None]
    except ValueError as error:
        return f"{error}; a brace that is meant as one is written twice, {{{{ or }}}}"
    # `{value[limits]}` is a part of the value
    strange = next((n for n in names if known and n.replace(".", "[").partition("[")[0] not in known), None)
    return (
        "" if strange is None else f"there is no {{{strange}}}; there are {{name}} and {{value}}, and {{{{ for a brace"
    )


def _read(file: Path) -> Rule:
    """A user's rule, held against the published schema.

    Raises UsageError naming file and place.
    """
    from manifold.read import own

    text, data = own.parse(file, "the rule is")
    own.hold(file, text, data, "rule", "key")
    if wrong := _placeholders(data["message"], () if "uses" in data else ("name", "value")):
        raise UsageError(f"{own.place(file, text, ('message',))}: message: {wrong}")
    try:
        if "uses" not in data:
            from manifold.lint.expectations import Expectations

            expectations = Expectations()
            expectations.add(0, data.get("at", "$"), data.get("expect", {}))
            expectations.look()
        if "cel" in data:
            from manifold.k8s.cel import Scope, check
            from manifold.k8s.cel.check import DYN

            scope = Scope({"object": DYN, "self": DYN, "parameters": DYN})
            if messages := check(data["cel"], scope, ("bool", "string")):
                raise ValueError(messages[0])
        elif "uses" in data:
            import importlib.util

            if importlib.util.find_spec(f"manifold.lint.checks.{data['uses'].replace('-', '_')}") is None:
                raise ValueError(f"there is no check {data['uses']!r}")
    except ValueError as error:
        word = next(w for w in ("cel", "expect", "uses") if w in data)
        raise UsageError(f"{own.place(file, text, (word,))}: {word}: {error}") from error
    # Who writes a rule wants it, whatever the profile.
    return _rule({"profiles": PROFILES[:-1], **data}, file.parent.name, file.stem, file)


@cache
def known(folders: tuple[Path, ...] = ()) -> dict[str, Rule]:
    """The rules that we ship and those of these folders, by id.

    Raises UsageError for a folder without rules, a rule that is none, or an id that is taken.
    """
    found = dict(rules())
    for folder in folders:
        if not folder.exists():
            raise UsageError(f"{folder}: there is no such folder of rules")
        for name, rule in read(folder).items():
            if name in found:
                raise UsageError(f"{folder}: the id {name!r} is taken by a rule of pack {found[name].pack}")
            found[name] = rule
    return found


@cache
def rules() -> dict[str, Rule]:
    """The rules that we ship, by id."""
    found = (
        _rule(assets.table(folder, name), pack, file.removesuffix(".yaml"), name)
        for folder, name in assets.names()
        for pack, inside, file in (name.partition("/"),)
        if folder == "rules" and inside
    )
    return {rule.id: rule for rule in found}


def aliases(known: Mapping[str, Rule]) -> dict[str, list[str]]:
    """A peer's name of a check -> our ids: rules, or what the server says of paths with a pattern (`rules/answers.yaml`)."""
    out: dict[str, list[str]] = {}
    for rule in known.values():
        for alias in rule.aliases:
            out.setdefault(alias, []).append(rule.id)
    for name, page in assets.table("rules", "answers.yaml")["answers"].items():
        for alias, patterns in page.get("aliases", {}).items():
            for pattern in [patterns] if isinstance(patterns, str) else patterns:
                out.setdefault(alias, []).append(f"{name}@{pattern}")
    return out


def resolve(names: Iterable[str], known: Mapping[str, Rule]) -> set[str]:
    """The ids that ids, packs and peers' names stand for; a name may be several with commas between.

    A peer's name alone (`kube-linter`) stands for all that is equivalent to one of its checks.

    Raises UsageError for a name that stands for nothing, with the nearest that would.
    """
    packs: dict[str, set[str]] = {}
    for rule in known.values():
        packs.setdefault(rule.pack, set()).add(rule.id)
    peers = aliases(known)
    answers = assets.table("rules", "answers.yaml")["answers"]
    out: set[str] = set()
    for name in (part.strip() for text in names for part in text.split(",")):
        if not name:
            continue
        if name in known:
            out.add(name)
        elif name in packs:
            out |= packs[name]
        elif name in peers:
            out |= {ours.partition("@")[0] for ours in peers[name]}
        elif whole := [ours for peer, found in peers.items() if peer.startswith(f"{name}:") for ours in found]:
            out |= {ours.partition("@")[0] for ours in whole}
        elif name in answers or name.startswith(("api/", "yaml/", "reference/")):
            out.add(name)
        else:
            import difflib

            near = difflib.get_close_matches(name, [*known, *packs, *peers, *answers], 1)
            raise UsageError(
                f"there is no rule {name!r}"
                + (f": did you mean {near[0]}?" if near else " (`manifold rules` lists them)")
            )
    return out


def choose(
    known: Mapping[str, Rule], profile: str = "", select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> list[Rule]:
    """The rules in force: those selected, or those of the profile, without those ignored.

    Raises UsageError for a profile or a name that does not exist.
    """
    profile = profile or "recommended"
    if profile not in PROFILES:
        raise UsageError(f"there is no profile {profile!r}; there are: {', '.join(PROFILES)}")
    wanted = resolve(select, known)
    left_out = resolve(ignore, known)
    if kept := sorted(name for name in left_out if name in known and known[name].mandatory):
        raise UsageError(f"{kept[0]} cannot be ignored: it is mandatory")
    chosen = [r for r in known.values() if (r.id in wanted if wanted else profile in r.profiles)]
    return [r for r in chosen if r.id not in left_out]
