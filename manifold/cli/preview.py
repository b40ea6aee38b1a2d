"""`manifold preview`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold.cli._options import Settings, takes
from manifold.errors import UsageError

EPILOG = "Examples: manifold preview deploy/web.yaml --show-origin · manifold preview deploy/ --cluster prod.snapshot -o json · manifold preview web.yaml --live"
FORMATS = ("yaml", "json")
HIDDEN = "***"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@takes("paths", "cluster", "kubeconfig", "context", formats=FORMATS)
def command(
    settings: Settings,
    show_origin: Annotated[
        bool,
        typer.Option(
            "--show-origin", help="Tell of each field where it comes from: a default, an admission plug-in, the server."
        ),
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask the cluster itself, by dry run.")] = False,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Print the values of Secrets.")] = False,
) -> int:
    """Print the objects as the server would store them: defaults and admission applied."""
    from manifold.cli._checks import choose, write
    from manifold.cli._live import decrypted, loaded
    from manifold.report import _preview

    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["yaml"])]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    if live and (show_origin or settings.cluster):
        raise UsageError("--live gives the server's own answer: it goes with neither --show-origin nor --cluster")
    found = loaded(settings.paths, settings)
    found.documents = decrypted(found.documents)
    made, refused = _asked(found.documents, settings) if live else _previewed(found.documents, settings, show_origin)
    if not show_secrets:
        made = [(_masked(body), origins) for body, origins in made]
    bodies = [body for body, _ in made]
    for name, file in outputs:
        if name == "json":
            text = _preview.json_with_origins(made) if show_origin else _preview.json(bodies)
        elif show_origin:
            text = _preview.yaml_with_origins(made, colour=not file and settings.colour())
        else:
            text = _preview.yaml(bodies)
        write(text, Path(file) if file else None)
    return int(refused > 0)


def _previewed(documents: Any, settings: Settings, show_origin: bool) -> tuple[list[tuple[dict[str, Any], Any]], int]:
    """(object, origins) of what the server on paper takes, and how many it refuses."""
    from manifold import api
    from manifold.apiserver.origin import origins
    from manifold.apiserver.store import stored
    from manifold.cli._checks import cluster_objects
    from manifold.cli._live import server_for

    there = cluster_objects(settings)
    asked = server_for(documents, there, settings)
    asked = api.server(asked.version, asked.definitions, there, [d.body for d in documents])
    made: list[tuple[dict[str, Any], Any]] = []
    refused = 0
    namespace = settings.namespace or "default"
    for document in documents:
        if show_origin:
            answer, body, found = origins(asked, document.body, namespace)
        else:
            answer, found = asked.create(document.body, namespace, admit=True), {}
            body = None if answer.object is None or answer.faults.refused else stored(answer)
        asked.take(answer)
        for d in (api.diagnose(f, document, asked.version) for f in answer.faults):
            if d.rejects or body is None:
                place = f"{d.file}:{d.span.line}:{d.span.column}"
                sys.stderr.write(f"{place}: {d.path + ': ' if d.path else ''}{d.message}\n")
        if body is None:
            refused += 1
        else:
            made.append((body, found))
    return made, refused


def _asked(documents: Any, settings: Settings) -> tuple[list[tuple[dict[str, Any], Any]], int]:
    """The same of a live cluster, which is asked by dry run."""
    from manifold.cluster.client import Cluster
    from manifold.cluster.kubeconfig import load

    cluster = Cluster(load(settings.kubeconfig, settings.context))
    made: list[tuple[dict[str, Any], Any]] = []
    refused = 0
    for document in documents:
        resource = cluster.resource(document.api_version, document.kind)
        if resource is None:
            message = f"the cluster does not serve {document.kind} of {document.api_version}"
            sys.stderr.write(f"{document.source}: {message}\n")
            refused += 1
            continue
        key = document.key((settings.namespace or cluster.access.namespace) if resource.namespaced else "")
        reply = cluster.dry_create(document.body, key.namespace)
        if reply.accepted:
            meta = {k: v for k, v in (reply.body.get("metadata") or {}).items() if k != "managedFields"}
            made.append(({**reply.body, "metadata": meta}, {}))
        else:
            sys.stderr.write(f"{document.source}: {document.kind} {key.name}: {reply.body.get('message', 'refused')}\n")
            refused += 1
    return made, refused


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    if (body.get("apiVersion"), body.get("kind")) != ("v1", "Secret"):
        return body
    out = {
        k: dict.fromkeys(v, HIDDEN) if k in ("data", "stringData") and isinstance(v, dict) else v
        for k, v in body.items()
    }
    notes = (body.get("metadata") or {}).get("annotations") or {}
    if LAST_APPLIED in notes:  # it holds the whole Secret once more
        out["metadata"] = {**body["metadata"], "annotations": {**notes, LAST_APPLIED: HIDDEN}}
    return out
