"""`manifold schema`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

EPILOG = "Examples: manifold schema list · manifold schema import cert-manager · kubectl get crds -o yaml | manifold schema import -"
group = typer.Typer(
    help="List the releases and kinds that we know; show schemas; import definitions of custom kinds.",
    no_args_is_help=True,
)
Version = Annotated[
    str, typer.Option("--kubernetes-version", "-k", metavar="1.NN", help="Release; default: the newest we ship.")
]


Definitions = Annotated[
    list[Path] | None,
    typer.Option(
        "--schema", metavar="PATH", help="CustomResourceDefinitions besides those of the settings: file or folder."
    ),
]


@group.command("versions")
def versions() -> None:
    """The releases of Kubernetes that we answer for."""
    from manifold.apiserver.schema import versions as known
    from manifold.apiserver.server import FULL_VERDICT

    for version in known():
        full = tuple(map(int, version.split("."))) >= FULL_VERDICT
        sys.stdout.write(f"{version}  {'full verdict' if full else 'schema and lifecycle'}\n")


@group.command("list")
def kinds(
    kubernetes_version: Version = "",
    schema: Definitions = None,
) -> None:
    """All kinds that a release serves, and those that definitions add."""
    from rich.table import Table

    from manifold.apiserver.schema import load
    from manifold.cli._tables import show as show_table
    from manifold.cli.explain import kinds as known

    found = known(load(kubernetes_version or None), schema or ())
    table = Table("apiVersion", "kind", "plural", "namespaced", box=None, header_style="bold", pad_edge=False)
    for kind in found:
        table.add_row(kind.api_version, kind.kind, kind.plural, "yes" if kind.namespaced else "no")
    show_table(table)


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="rule, config or report; or a kind.")],
    kubernetes_version: Version = "",
    schema: Definitions = None,
) -> None:
    """Print a JSON Schema of ours (rule, config, report), or the fields of a kind as `explain` does."""
    from manifold import assets

    file = assets.root("schemas") / "manifold" / f"{name}.json"
    if name.isidentifier() and file.is_file():
        sys.stdout.write(file.read_text(encoding="utf-8"))
        return
    from manifold.cli.explain import command as explain

    explain(name, kubernetes_version, schema=schema)


@group.command("import")
def import_definitions(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCES",
            help="Files, folders, - for standard input, https URLs, or projects as in cert-manager or cert-manager@v1.16.2.",
        ),
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the definitions are put.")] = Path(
        "schemas"
    ),
    known: Annotated[
        bool, typer.Option("--list", help="List the projects that can be named, and fetch nothing.")
    ] = False,
) -> None:
    """Gather CustomResourceDefinitions in a folder, one file each, for `schemas:` in the settings.

    Only this command fetches something, and only what it is told to.
    """
    from manifold import assets, config
    from manifold.cli._checks import write
    from manifold.errors import UsageError

    projects = assets.table("schemas", "definitions.yaml")["projects"]
    if known:
        for name, project in projects.items():
            sys.stdout.write(
                f"{name:26} {project['version']:32} {project['urls'][0].format(version=project['version'])}\n"
            )
        return
    if not sources:
        raise UsageError("name what to import: a file, a folder, an https URL, or a project (`--list` shows them)")
    found: dict[str, dict[str, Any]] = {}
    for source in sources:
        bodies = _definitions(source, projects)
        if not bodies:
            raise UsageError(f"{source}: there is no CustomResourceDefinition")
        found.update((str(body["metadata"]["name"]), body) for body in bodies)
    to.mkdir(parents=True, exist_ok=True)
    for name, body in sorted(found.items()):
        plural, _, domain = name.partition(".")
        write(_text(body), to / f"{domain}_{plural}.yaml")
        sys.stdout.write(f"{to / f'{domain}_{plural}.yaml'}  {_kinds(body)}\n")
    settings = config.load(config.find(Path.cwd()))
    if to.resolve() not in [p.resolve() for p in settings.schemas]:
        where = settings.file or "manifold.yaml"
        sys.stdout.write(f"\nTo know them in every run: `schemas: [{to}]` in {where}; or `--schema {to}` in one.\n")


def _kinds(body: dict[str, Any]) -> str:
    spec = body["spec"]
    served = [v["name"] for v in spec.get("versions", ()) if v.get("served", True)]
    return f"{spec['names']['kind']} {', '.join(served)}"


def _text(body: dict[str, Any]) -> str:
    """A definition as YAML, without what a cluster or an installer wrote into it."""
    import yaml

    meta = {k: v for k, v in body["metadata"].items() if k in ("name", "labels", "annotations")}
    notes = {
        k: v for k, v in (meta.pop("annotations", None) or {}).items() if not k.startswith("kubectl.kubernetes.io/")
    }
    whole = {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": meta | ({"annotations": notes} if notes else {}),
    }
    dumper = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
    return str(yaml.dump(whole | {"spec": body["spec"]}, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120))


def _definitions(source: str, projects: dict[str, Any]) -> list[dict[str, Any]]:
    """The definitions that a source holds; the server must take each.

    Raises UsageError for a source that is none, or a definition that is refused.
    """
    from manifold import api
    from manifold.errors import UsageError

    bodies: list[dict[str, Any]] = []
    name, _, version = source.partition("@")
    if "://" in source or (name in projects and not Path(source).exists()):
        from manifold.cluster.download import fetch

        urls = [source]
        if "://" not in source:
            urls = [u.format(version=version or projects[name]["version"]) for u in projects[name]["urls"]]
        for url in urls:
            sys.stderr.write(f"fetching {url}\n")
            bodies += [d.body for d in api.documents(fetch(url)).documents]
    else:
        from manifold.inputs import Request, load

        if source != "-" and not Path(source).exists():
            import difflib

            near = difflib.get_close_matches(source, projects, 1)
            hint = f": did you mean {near[0]}?" if near else " (`--list` shows the projects)"
            raise UsageError(f"{source}: neither a file nor a project that we know{hint}")
        loaded = load(Request([Path(source)]))
        bad = [d for d in loaded.diagnostics if d.rejects]
        if bad:
            raise UsageError(f"{bad[0].file}: {bad[0].message}")
        bodies = [d.body for d in loaded.documents]
    out = [b for b in bodies if api.is_crd(b)]
    for body in out:
        refused = [d for d in api.validate([body]) if d.rejects]
        if refused:
            where = (body.get("metadata") or {}).get("name") or source
            raise UsageError(
                f"{where}: the server would refuse this definition: {refused[0].path}: {refused[0].message}"
            )
    return out
