"""`manifold diff`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from manifold.cli._options import Settings, takes
from manifold.errors import UsageError

EPILOG = "Examples: manifold diff deploy/ --against staging.snapshot · manifold diff deploy/ --against git:main · manifold diff deploy/ --context prod"
FORMATS = ("text", "json", "markdown")


@takes("paths", "cluster", "kubeconfig", "context")
def command(
    settings: Settings,
    against: Annotated[
        str, typer.Option(help="A snapshot file, a folder of manifests, git:REV, or live (default: the cluster).")
    ] = "",
    how: Annotated[
        str,
        typer.Option(
            metavar="auto|server|client", help="As `kubectl apply` or `kubectl apply --server-side` would do it."
        ),
    ] = "auto",
    field_manager: Annotated[str, typer.Option(help="Who applies, for server-side apply.")] = "kubectl",
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take over fields that other managers own.")
    ] = False,
) -> int:
    """Show what an apply of these manifests would change."""
    from manifold import api
    from manifold.cli._checks import choose, write
    from manifold.cli._live import loaded, server_for, side
    from manifold.report import _diff

    choose("--how", how, ("auto", "server", "client"))
    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["text"])]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    other = side(against, settings.paths, settings)
    found = loaded(settings.paths, settings)
    namespace = settings.namespace or (other.cluster.access.namespace if other.cluster else "default")
    if other.cluster is not None:
        differences = _live(other.cluster, found.documents, namespace, field_manager, force_conflicts)
    else:
        asked = server_for(found.documents, other.live, settings)
        live = other.live
        if other.manifests:
            live = api.applied(live, asked, field_manager=field_manager, namespace=namespace)
        way: Any = "server" if other.manifests else how
        results = api.outcomes(
            found.documents,
            asked,
            live,
            how=way,
            field_manager=field_manager,
            force=force_conflicts,
            namespace=namespace,
        )
        differences = api.differences(found.documents, results, live)
        if other.manifests:
            differences += api.gone(live, results)
    for name, file in outputs:
        if name == "text":
            text = _diff.text(differences, colour=not file and settings.colour(), verbose=settings.verbose)
            text = "" if settings.quiet and all(d.verb == "unchanged" for d in differences) else text
        else:
            text = _diff.json(differences) if name == "json" else _diff.markdown(differences)
        write(text, _path(file))
    return int(any(d.verb != "unchanged" for d in differences))


def _path(file: str) -> Any:
    from pathlib import Path

    return Path(file) if file else None


def _live(cluster: Any, documents: Any, namespace: str, manager: str, force: bool) -> list[Any]:
    """Ask the cluster itself: what is there, and what a server-side apply of each document would make of it."""
    from manifold import api

    live: list[dict[str, Any]] = []
    results = []
    for document in documents:
        resource = cluster.resource(document.api_version, document.kind)
        if resource is None:
            raise UsageError(f"{document.source}: the cluster does not serve {document.kind} of {document.api_version}")
        key = document.key(namespace if resource.namespaced else "")
        before = cluster.get(resource, key.namespace, key.name) if key.name else None
        if before is not None:
            live.append(before)
        reply = cluster.dry_run(document.body, key.namespace, field_manager=manager, force=force)
        results.append(api.answered(document, key, before, reply.accepted, reply.body))
    return api.differences(documents, results, live)
