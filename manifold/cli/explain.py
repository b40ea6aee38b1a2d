"""`manifold explain`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from manifold.errors import UsageError

EPILOG = "Examples: manifold explain image-latest · manifold explain kube-linter:latest-tag · manifold explain Deployment.spec.strategy"


def command(
    what: Annotated[
        str, typer.Argument(metavar="RULE|KIND.path", help="A rule's id, a peer's name for it, or a field.")
    ],
    kubernetes_version: Annotated[
        str, typer.Option("--kubernetes-version", "-k", metavar="1.NN", help="Release, for a field.")
    ] = "",
) -> int:
    """Show a rule's page, or a field's documentation, constraints and default."""
    from manifold.lint.catalogue import aliases, rules

    known = rules()
    if what in known:
        _rule(known[what])
    elif what in aliases(known):
        for name in aliases(known)[what]:
            _rule(known[name])
    else:
        _field(what, kubernetes_version or None)
    return 0


def _rule(rule: Any) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    text = [
        f"# {rule.id}",
        "",
        f"**{rule.severity.value}** · pack {rule.pack} · profiles {', '.join(rule.profiles)}",
        "",
        rule.summary.capitalize() + ".",
        "",
    ]
    text += [f"**Why**: {rule.why}", "", f"**Mend it**: {rule.fix}", ""]
    if rule.parameters:
        text += ["**Parameters**", ""] + [f"- `{k}`: {v!r}" for k, v in rule.parameters.items()] + [""]
    text += [
        "**Bad**",
        "",
        "```yaml",
        rule.bad.rstrip(),
        "```",
        "",
        "**Good**",
        "",
        "```yaml",
        rule.good.rstrip(),
        "```",
        "",
    ]
    if rule.aliases:
        text += [f"**Equivalents**: {', '.join(rule.aliases)}", ""]
    if rule.differs:
        text += [f"**How it differs**: {rule.differs}", ""]
    text += [f"- {r}" for r in rule.references]
    text += (
        [f"Suppress it: `# manifold: ignore[{rule.id}] reason` on the line or above it."]
        if not rule.mandatory
        else ["It cannot be suppressed."]
    )
    console = Console()
    if console.is_terminal:
        console.print(Markdown("\n".join(text)))
    else:
        sys.stdout.write("\n".join(text) + "\n")


def _field(what: str, version: str | None) -> None:
    from manifold.apiserver import constraints
    from manifold.apiserver.schema import load

    schema = load(version)
    name, *parts = what.split(".")
    kinds = [k for k in schema.kinds() if k.kind.lower() == name.lower() or k.plural == name.lower()]
    if not kinds:
        raise UsageError(
            f"{what!r} is neither a rule (`manifold rules`) nor a kind of Kubernetes {schema.version} (`manifold schema list`)"
        )
    kind = kinds[0]
    owner = here = kind.type
    field = None
    for i, part in enumerate(parts):
        while here.shape in ("list", "map") and here.items is not None and part not in here.fields:
            here = here.items
        field = here.fields.get(part)
        if field is None:
            import difflib

            near = difflib.get_close_matches(part, list(here.fields), 1)
            raise UsageError(
                f"{kind.kind}.{'.'.join(parts[:i])}".rstrip(".")
                + f" has no field {part!r}"
                + (f": did you mean {near[0]}?" if near else "")
            )
        owner, here = here, field.type
    out = [f"{kind.api_version} {kind.kind}" + (f"  {'.'.join(parts)}" if parts else ""), f"type: {_type(here)}"]
    if field is not None:
        out.append(f"required: {'yes' if field.required else 'no'}")
        if field.default is not None:
            out.append(f"default: {field.default!r}")
        if here.enum:
            out.append(f"one of: {', '.join(sorted(here.enum))}")
        said = constraints.tables().get(owner.name, {}).get(parts[-1])
        if said:
            out += [f"{word}: {value}" for word, value in said.items() if word not in ("required", "help", "message")]
        if here.shape == "list":
            out.append(
                f"merges: {'item by item, by ' + ', '.join(here.map_keys) if here.map_keys else here.list_type or 'as a whole (atomic)'}"
            )
    text = _description(schema.version, here.name, owner.name if field is not None else "", parts[-1] if parts else "")
    if text:
        out += ["", text]
    inner = here
    while inner.shape in ("list", "map") and inner.items is not None:
        inner = inner.items
    if inner.fields:
        out += ["", "fields:"] + [
            f"  {f.name}{' (required)' if f.required else ''}: {_type(f.type)}" for f in inner.fields.values()
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
