"""`manifold explain`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold import assets
from manifold.cli import _definitions
from manifold.errors import UsageError

EPILOG = (
    "Examples: manifold explain image-latest · manifold explain kube-linter:latest-tag · "
    "manifold explain api/unknown-field · manifold explain Deployment.spec.strategy · "
    "manifold explain 'po.spec.containers[0].image' · manifold explain autoscaling/v1/HorizontalPodAutoscaler.spec"
)
# apiVersion, where one is wanted; kind; and the path in it, whose map keys may hold slashes and dots in brackets.
_WHAT = re.compile(r"(?:(?P<api>(?:[a-z0-9.-]+/)?[a-z0-9-]+)/)?(?P<kind>[A-Za-z0-9-]+)(?P<path>(?:[.\[].*)?)", re.ASCII)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<key>[^\[\]]*)\]")


def _explained(incomplete: str) -> list[str]:
    from manifold.lint.catalogue import rules

    names = [*rules(), *assets.table("rules", "answers.yaml")["answers"]]
    return [name for name in names if name.startswith(incomplete)]


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RULE|[VERSION/]KIND.path",
            autocompletion=_explained,
            help="A rule's id, a peer's name for it, or a field.",
        ),
    ],
    kubernetes_version: Annotated[
        str, typer.Option("--kubernetes-version", "-k", metavar="1.NN", help="Release, for a field.")
    ] = "",
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", metavar="PATH", help="Rules of your own as well: file or folder.")
    ] = None,
    schema: Annotated[
        list[Path] | None,
        typer.Option(
            "--schema", metavar="PATH", help="CustomResourceDefinitions besides those of the settings: file or folder."
        ),
    ] = None,
) -> int:
    """Show a rule's page, or a field's documentation, constraints, default and whether it can change."""
    from manifold.cli.rules import there
    from manifold.lint.catalogue import aliases

    known = there(rules or ())
    answers = assets.table("rules", "answers.yaml")["answers"]
    if what in known:
        _show(_rule(known[what]))
    elif what in aliases(known):
        for name in (ours.partition("@")[0] for ours in aliases(known)[what]):
            _show(_rule(known[name]) if name in known else _answer(name, answers[name]))
    elif what in answers:
        _show(_answer(what, answers[what]))
    else:
        _field(what, kubernetes_version or None, schema or ())
    return 0


def _show(lines: list[str]) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    if console.is_terminal:
        console.print(Markdown("\n".join(lines)))
    else:
        sys.stdout.write("\n".join(lines) + "\n")


def _examples(bad: str, good: str) -> list[str]:
    out: list[str] = []
    for title, text in (("Bad", bad), ("Good", good)):
        if text:
            out += [f"**{title}**", "", "```yaml", text.rstrip(), "```", ""]
    return out


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _rule(rule: Any) -> list[str]:
    """The page of a lint rule, as Markdown."""
    text = [
        f"# {rule.id}",
        "",
        f"**{rule.severity.value}** · pack {rule.pack} · profiles {', '.join(rule.profiles)}",
        "",
        _sentence(rule.summary),
        "",
        f"**Why**: {rule.why}",
        "",
        f"**Mend it**: {rule.fix}" + _mendable(rule.id),
        "",
    ]
    if rule.kinds:
        kinds = ", ".join({"$workload": "all that make Pods", "$any": "all"}.get(k, k) for k in rule.kinds)
        text += [f"**Kinds**: {kinds}", ""]
    if rule.cel:
        text += ["**What must hold**", "", "```cel", rule.cel.rstrip(), "```", ""]
    if rule.parameters:
        text += ["**Parameters** (with their defaults; the settings change them)", "", "```yaml"]
        text += ["parameters:", f"  {rule.id}:"]
        text += [f"    {k}: {_plain(v)}" for k, v in rule.parameters.items()] + ["```", ""]
    text += _examples(rule.bad, rule.good)
    if rule.aliases:
        text += [f"**Equivalents**: {', '.join(rule.aliases)}", ""]
    if rule.differs:
        text += [f"**How it differs**: {rule.differs}", ""]
    if links := reading(rule):
        text += ["**References**", "", *(f"- {link}" for link in links), ""]
    if rule.mandatory:
        return [*text, "It cannot be suppressed."]
    return [*text, f"**Suppress it**: `# manifold: ignore[{rule.id}] reason` on the line or above it."]


def reading(rule: Any) -> list[str]:
    """Where to read more: the rule's own references, and the chapters of the documentation on its topic."""
    table = assets.table("rules", "reading.yaml")
    topics = [page for topic in table["topics"] if rule.id in topic["rules"] for page in topic["read"]]
    return [*rule.references, *(table["base"] + page for page in topics or table["packs"].get(rule.pack, ()))]


def _plain(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _mendable(rule: str) -> str:
    """What `manifold fix` does about a rule's findings."""
    from manifold.fix.marks import MENDABLE

    lines = [e for chapter in assets.table("rules", "repairs.yaml").values() for e in chapter]
    puts = [e["put"] for e in lines if rule in e["rules"]]
    if puts:
        return f" `manifold fix --unsafe --select {rule}` puts {' and '.join(puts)}."
    if rule in MENDABLE:
        return " `manifold fix` mends it where it is sure."
    return ""


def _answer(name: str, page: dict[str, str]) -> list[str]:
    """The page of what the API server, kubectl or the reader says, as Markdown."""
    who = {"api": "said by the API server", "yaml": "said by kubectl"}.get(
        name.partition("/")[0], "found by the reader"
    )
    text = [f"# {name}", "", f"*{who}*", "", _sentence(page["summary"]), ""]
    text += [f"**Why**: {page['why']}", "", f"**Mend it**: {page['fix']}", ""]
    text += _examples(page.get("bad", ""), page.get("good", ""))
    if name.startswith(("api/", "yaml/")):
        text.append("Errors of it cannot be suppressed: the object would be refused all the same.")
    return text


def kinds(schema: Any, definitions: Sequence[Path]) -> list[Any]:
    """The kinds of a release, and those of the definitions that the settings or `definitions` name."""
    from manifold import config
    from manifold.apiserver import crd
    from manifold.inputs import definitions as read

    settings = config.load(config.find(Path.cwd()))
    given = read((*definitions, *settings.schemas))
    return [*schema.kinds(), *crd.kinds([d.body for d in given])]


def _kind(what: str, schema: Any, definitions: Sequence[Path]) -> tuple[Any, str]:
    """The kind that is asked for, and the path in it.

    Without a version it is the one that the server prefers, of the core group where several groups have the kind.
    Raises UsageError where there is none.
    """
    from manifold.k8s.versions import order

    found = _WHAT.fullmatch(what)
    there = kinds(schema, definitions)
    name = found["kind"].lower() if found else ""
    long = assets.table("schemas", "short-names.yaml")["short-names"].get(name, "").lower()
    named = [
        k for k in there if name in (k.kind.lower(), k.plural) or (k.custom is not None and name in k.custom.others)
    ] or [k for k in there if k.kind.lower() == long and k.custom is None]
    if not found or not named:
        import difflib

        from manifold.cli.rules import there as rules

        kinds_by_name = {k.kind.lower(): k.kind for k in there}
        answers = assets.table("rules", "answers.yaml")["answers"]
        words = [] if found and found["path"] else [*rules(), *answers]
        near = difflib.get_close_matches(what, words, 1) or [
            kinds_by_name[n] for n in difflib.get_close_matches(name, kinds_by_name, 1)
        ]
        raise UsageError(
            f"{what!r} is neither a rule (`manifold rules`) nor a kind of Kubernetes {schema.version} (`manifold schema list`)"
            + (f": did you mean {near[0]}?" if near else "")
        )
    served = [k for k in named if found["api"] in (None, k.api_version)]
    if not served:
        versions = " and ".join(k.api_version for k in named)
        raise UsageError(
            f"there is no {named[0].kind} in {found['api']}: Kubernetes {schema.version} has it in {versions}"
        )
    return max(served, key=lambda k: (not k.group, k.custom is None, order(k.version))), found["path"]


def _steps(path: str, what: str) -> list[tuple[str, bool]]:
    """The steps of a path as reports print it, each with whether it is an index or a key in brackets.

    Raises UsageError for what is no path.
    """
    out = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise UsageError(
                f"{what!r} is no path: fields after dots, indexes and keys in brackets: spec.containers[0].image"
            )
        out.append((step["name"], False) if step["name"] is not None else (step["key"], True))
        at = step.end()
    return out


def _field(what: str, version: str | None, definitions: Sequence[Path]) -> None:
    from manifold.apiserver import constraints, immutable
    from manifold.apiserver.default import tables as defaults
    from manifold.apiserver.schema import load

    schema = load(version)
    kind, path = _kind(what, schema, definitions)
    owner = here = kind.type
    field = None
    member = ""
    parts: list[str] = []
    # What the definition of a custom kind says of the place, and of what holds it.
    said_of: Mapping[str, Any] = kind.custom.schema(kind.version) if kind.custom is not None else {}
    above: Mapping[str, Any] = {}
    for part, bracketed in _steps(path, what):
        inner = here
        while inner.shape in ("list", "map") and inner.items is not None:
            inner = inner.items
        if here.items is not None and here.shape in ("list", "map") and (bracketed or part.isdigit()):
            member = f"[{part}]: {'an item' if here.shape == 'list' else 'a value'} of it, {_type(here.items)}"
            here, said_of = here.items, _definitions.member(said_of)
            continue
        if not bracketed and part not in inner.fields and here.shape == "map" and here.items is not None:
            member = f"{part}: a value of it, {_type(here.items)}"
            here, said_of = here.items, _definitions.member(said_of)
            continue
        at = f"{kind.kind}.{'.'.join(parts)}".rstrip(".")
        if bracketed:
            raise UsageError(f"{at} is neither a list nor a map: [{part}] is not in it")
        if part not in inner.fields:
            import difflib

            near = difflib.get_close_matches(part, list(inner.fields), 1)
            raise UsageError(f"{at} has no field {part!r}" + (f": did you mean {near[0]}?" if near else ""))
        field = inner.fields[part]
        owner, here, member = inner, field.type, ""
        above, said_of = said_of, _definitions.below(said_of, part)
        parts.append(part)
    if field is not None:
        here = field.type  # of a member, what its list or map is tells most
        said_of = _definitions.below(above, parts[-1]) or said_of
    out = [f"{kind.api_version} {kind.kind}" + (f"  {'.'.join(parts)}" if parts else ""), f"type: {_type(here)}"]
    if member:
        out.append(member)
    if field is not None:
        needed = field.required or _definitions.required(above, parts[-1])
        out.append(f"required: {'yes' if needed else 'no'}")
        lines = constraints.specs(constraints.tables().get(owner.name, {}).get(parts[-1]), schema.release)
        # What OpenAPI calls a default of a number or a text that is none is Go's zero value.
        unset = field.default in ("", {}) or (field.default.__class__ is int and field.default == 0)
        default = defaults.tables().get(owner.name, {}).get(parts[-1], None if unset else field.default)
        if default is not None:
            out.append(f"default: {default!r}")
        if here.enum and not any("enum" in s for s in lines):
            out.append(f"one of: {', '.join(sorted(here.enum))}")
        for said in lines:
            out += [line for line in constraints.told(said) if line not in out]
        out += _definitions.told(said_of)
        if immutable.keeps(kind.group, kind.kind, tuple(parts), schema.release):
            out.append("changes: never once the object exists")
        if here.shape == "list":
            out.append(
                f"merges: {'item by item, by ' + ', '.join(here.map_keys) if here.map_keys else here.list_type or 'as a whole (atomic)'}"
            )
    text = _description(schema.version, here.name, owner.name if field is not None else "", parts[-1] if parts else "")
    if not text and isinstance(words := said_of.get("description"), str):
        import textwrap

        text = textwrap.fill(" ".join(words.split()), 100)
    if text:
        out += ["", text]
    inner = here
    while inner.shape in ("list", "map") and inner.items is not None:
        inner = inner.items
    for said in constraints.specs(constraints.tables().get(inner.name, {}).get("$self"), schema.release):
        out += ["", *constraints.told(said)]
    if inner.fields:
        out += ["", "fields:"] + [
            f"  {f.name}{' (required)' if f.required or _definitions.required(said_of, f.name) else ''}: {_type(f.type)}"
            for f in inner.fields.values()
        ]
    sys.stdout.write("\n".join(out) + "\n")


def _type(type: Any) -> str:
    if type.shape == "list":
        return f"list of {_type(type.items)}"
    if type.shape == "map":
        return f"map of {_type(type.items)}"
    return type.name or (f"{type.shape} ({type.format})" if type.format else str(type.shape))


def _description(version: str, name: str, owner: str, field: str) -> str:
    """The documentation of a field, or of a kind, from the schemas of the kubernetes-validate package."""
    import importlib.util
    import json
    import textwrap
    from pathlib import Path

    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        return ""
    file = (
        Path(spec.submodule_search_locations[0])
        / "kubernetes-json-schema"
        / f"v{version}.0-local"
        / "_definitions.json"
    )
    if not file.exists():
        return ""
    definitions = json.loads(file.read_bytes())["$defs"]
    wanted = owner or name
    found: dict[str, Any] = next((d for n, d in definitions.items() if n.endswith(f".{wanted}")), {})
    text = found.get("properties", {}).get(field, {}).get("description", "") if owner else found.get("description", "")
    return textwrap.fill(text, 100)
