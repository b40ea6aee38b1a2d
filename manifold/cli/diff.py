"""`manifold diff`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from manifold.cli._options import WAYS, Settings, takes
from manifold.cli._ways import How
from manifold.model import Difference
from manifold.sops import sealed

EPILOG = "Examples: manifold diff deploy/ --against staging.snapshot · manifold diff deploy/ --against git:main · manifold diff deploy/ --context prod"
FORMATS = ("text", "json", "markdown")


@takes("paths", "cluster", "kubeconfig", "context", formats=FORMATS)
def command(
    settings: Settings,
    against: Annotated[
        str, typer.Option(help="A snapshot file, a folder of manifests, git:REV, or live (default: the cluster).")
    ] = "",
    how: How = "auto",
    field_manager: Annotated[str, typer.Option(help="Who applies, for server-side apply.")] = "kubectl",
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take over fields that other managers own.")
    ] = False,
) -> int:
    """Show what an apply of these manifests would change."""
    from manifold import api
    from manifold.cli._checks import choose, write
    from manifold.cli._live import decrypted, loaded, server_for, side
    from manifold.report import _diff

    choose("--how", how, WAYS)
    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["text"])]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    other = side(against, settings.paths, settings)
    found = loaded(settings.paths, settings)
    namespace = settings.namespace or (other.cluster.access.namespace if other.cluster else "default")
    if other.cluster is not None:
        differences = _live(other.cluster, found.documents, namespace, field_manager, force_conflicts, how)
    else:
        live = other.live
        found.documents = decrypted(found.documents, () if other.manifests else live, namespace)
        asked = server_for(found.documents, live, settings, whole=not other.manifests)
        if other.manifests:
            before: Any = "server" if how == "server" else "client"
            live = api.applied(live, asked, how=before, field_manager=field_manager, namespace=namespace)
        way: Any = how
        results = api.outcomes(
            found.documents,
            asked,
            live,
            how=way,
            field_manager=field_manager,
            force=force_conflicts,
            namespace=namespace,
        )
        differences = api.differences(found.documents, results, live, field_manager=field_manager)
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


def _live(
    cluster: Any, documents: Any, namespace: str, manager: str, force: bool, how: str = "server"
) -> list[Difference]:
    """Ask the cluster itself: what is there, and what an apply of each document would make of it.

    `server` sends a server-side apply, `client` the patch that kubectl would compute, `auto` goes on as the object was
    last applied, and creates what is not there as kubectl does by default; all by dry run.
    """
    from manifold import api
    from manifold.cli._live import decrypted

    there: list[dict[str, Any]] = []
    for document in (d for d in documents if sealed(d.body)):
        resource = cluster.resource(document.api_version, document.kind)
        key = document.key(namespace if resource is None or resource.namespaced else "")
        found = cluster.get(resource, key.namespace, key.name) if resource is not None and key.name else None
        there += [found] if found is not None else []
    documents = decrypted(documents, there, namespace)
    live: list[dict[str, Any]] = []
    results = []
    asked = api.server(None, definitions(cluster, documents))
    for document in documents:
        resource = cluster.resource(document.api_version, document.kind)
        if resource is None:
            results.append(api.unserved(asked, document, document.key(namespace)))
            continue
        key = document.key(namespace if resource.namespaced else "")
        if not key.name:
            results.append(api.nameless(document, key, asked.version))
            continue
        before = cluster.get(resource, key.namespace, key.name)
        if before is not None:
            live.append(before)
        if before is not None and (how == "client" or (how == "auto" and api.applied_client_side(before))):
            results.append(_patched(cluster, asked, document, key, before))
        elif before is None and how != "server":
            reply = cluster.dry_create(document.body, key.namespace)
            results.append(api.answered(asked, document, key, None, reply.accepted, reply.body))
        else:
            reply = cluster.dry_run(document.body, key.namespace, field_manager=manager, force=force)
            results.append(api.answered(asked, document, key, before, reply.accepted, reply.body))
    return api.differences(documents, results, live, field_manager=manager)


def definitions(cluster: Any, documents: Any) -> list[dict[str, Any]]:
    """The cluster's definitions of the custom kinds among the documents, as far as they may be read."""
    kinds = {(d.api_version, d.kind) for d in documents}
    resources = [r for r in (cluster.resource(*sort) for sort in sorted(kinds)) if r is not None]
    return [found for r in resources if (found := cluster.definition(r)) is not None]


def _patched(cluster: Any, asked: Any, document: Any, key: Any, before: dict[str, Any]) -> Any:
    """What comes of the patch that `kubectl apply` computes from the manifest and the live object."""
    from manifold import api

    patch, content_type, problem = api.three_way(asked, document, before, key.namespace)
    if problem:
        return api.Outcome(key, "refused", None, diagnostics=problem)
    if not patch:
        return api.Outcome(key, "unchanged", before)
    reply = cluster.dry_patch(document.body, key.namespace, patch, content_type)
    return api.answered(asked, document, key, before, reply.accepted, reply.body)
