"""`manifold plan`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from manifold.cli._options import WAYS, Settings, takes
from manifold.cli._ways import How
from manifold.model import Document

EPILOG = "Examples: manifold plan deploy/ · manifold plan deploy/ --cluster prod.snapshot --prune -l app=shop · manifold plan . --against git:main -o json"
FORMATS = ("text", "json", "markdown")


@takes("paths", "cluster", "kubeconfig", "context", formats=FORMATS)
def command(
    settings: Settings,
    against: Annotated[
        str,
        typer.Option(
            help="A snapshot file, a folder of manifests, git:REV, or live, as --kubeconfig and --context mean it; default: nothing is there yet."
        ),
    ] = "",
    how: How = "auto",
    prune: Annotated[bool, typer.Option("--prune", help="Also delete what the manifests no longer name.")] = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="What may be pruned, by label.")] = "",
    prune_all: Annotated[bool, typer.Option("--prune-all", help="Prune without a selector.")] = False,
    prune_allowlist: Annotated[
        list[str],
        typer.Option(metavar="GROUP/VERSION/KIND", help="Kinds that may be pruned, in place of kubectl's list."),
    ] = [],  # noqa: B006
    applyset: Annotated[
        str, typer.Option(metavar="KIND/NAME", help="Prune by this apply set (alpha in kubectl).")
    ] = "",
) -> int:
    """Show in which order to apply these manifests, what each step waits for and what it risks."""
    from pathlib import Path

    from manifold import api
    from manifold.cli._checks import choose, write
    from manifold.cli._live import Side, decrypted, loaded, server_for, side
    from manifold.cli.diff import definitions
    from manifold.errors import UsageError
    from manifold.plan import Prune
    from manifold.report import _plan

    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["text"])]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    choose("--how", how, WAYS)
    wants_prune = prune or bool(selector or applyset or prune_all)
    if wants_prune and not prune:
        raise UsageError("--selector, --applyset and --prune-all say what --prune may delete: give --prune as well")
    meant = against or settings.cluster or settings.kubeconfig or settings.context
    other = side(against, settings.paths, settings) if meant else Side([])
    found = loaded(settings.paths, settings)
    namespace = settings.namespace or (other.cluster.access.namespace if other.cluster else "default")
    live = other.live
    if other.cluster is not None:
        live = _objects(other.cluster, found.documents, namespace, everything=prune)
    documents = decrypted(found.documents, () if other.manifests else live, namespace)
    if prune and len(documents) < len(found.documents):
        raise UsageError("--prune: SOPS encrypted names of objects, which would be taken for gone: decrypt them first")
    found.documents = documents
    whole = bool(live) and other.cluster is None and not other.manifests
    known = [*live, *(definitions(other.cluster, found.documents) if other.cluster else ())]
    asked = server_for(found.documents, known, settings, whole=whole)
    way: Any = how
    if other.manifests:
        before: Any = "server" if how == "server" else "client"
        live = api.applied(live, asked, how=before, namespace=namespace)
    asking = Prune(selector, applyset, tuple(prune_allowlist), prune_all, namespace) if prune else None
    plan = api.planned(found.documents, asked, live, prune=asking, how=way, namespace=namespace)
    for name, file in outputs:
        if name == "text":
            text = _plan.text(
                plan,
                colour=not file and settings.colour(),
                verbose=settings.verbose,
                columns=0 if file else settings.columns(),
            )
        else:
            text = _plan.json(plan) if name == "json" else _plan.markdown(plan)
        write(text, Path(file) if file else None)
    return int(bool(plan.problems))


def _objects(cluster: Any, documents: Sequence[Document], namespace: str, *, everything: bool) -> list[dict[str, Any]]:
    """What is there of the documents' objects; all objects where something may be pruned."""
    if everything:
        from manifold.cluster.snapshot import take

        return list(take(cluster))
    out = []
    for document in documents:
        resource = cluster.resource(document.api_version, document.kind)
        if resource is None:
            continue
        key = document.key(namespace if resource.namespaced else "")
        found = cluster.get(resource, key.namespace, key.name) if key.name else None
        if found is not None:
            out.append(found)
    return out + _beside(cluster, documents, namespace, out)


# What says whether an apply disturbs what runs, or fights with it.
BESIDE = (("policy/v1", "PodDisruptionBudget"), ("autoscaling/v2", "HorizontalPodAutoscaler"))


def _beside(
    cluster: Any, documents: Sequence[Document], namespace: str, known: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The budgets and autoscalers in the documents' namespaces, as far as they may be listed."""
    from manifold.errors import ClusterError

    have = {(b.get("kind"), b["metadata"].get("namespace"), b["metadata"].get("name")) for b in known}
    out = []
    for sort in BESIDE:
        resource = cluster.resource(*sort)
        for space in sorted({d.key(namespace).namespace for d in documents}) if resource is not None else ():
            try:
                found = list(cluster.list(resource, space))
            except ClusterError as error:
                sys.stderr.write(f"{error}; the plan says less of its risks\n")
                continue
            out += [b for b in found if (b["kind"], space, b["metadata"].get("name")) not in have]
    return out
