"""The other side of a diff or a plan: a cluster, a snapshot, a folder, or a git revision."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifold.cli._options import Settings
from manifold.errors import SourceError, UsageError
from manifold.model import Document


@dataclass(slots=True)
class Side:
    """Objects to compare with; `applied` are manifests that stand for what was applied before, `cluster` a live one."""

    live: list[dict[str, Any]]
    cluster: Any = None
    manifests: bool = False


def loaded(paths: Sequence[Path], settings: Settings) -> Any:
    """The documents of the paths.

    Raises SourceError when one cannot be read as kubectl reads it: half a plan would mislead.
    """
    from manifold.cli._checks import nothing, settled
    from manifold.inputs import Request, load

    config = settled(settings)
    out = load(
        Request(
            paths,
            skip_kind=[*settings.skip_kind, *config.skip_kind],
            only_manifests=settings.only_manifests,
            config=config,
        )
    )
    bad = [d for d in out.diagnostics if d.rejects]
    if bad:
        d = bad[0]
        raise SourceError(f"{d.file}:{d.span.line}: {d.message}" if d.span.line else f"{d.file}: {d.message}")
    if not out.documents:
        nothing(settings, paths)
    return out


def side(against: str, paths: Sequence[Path], settings: Settings) -> Side:
    """What --against (or --cluster, or the kubeconfig) names.

    `FILE` or `FOLDER`: a snapshot when it holds live objects, else manifests; `git:REV`; `live`, or nothing: the cluster.
    """
    if settings.cluster is not None:
        from manifold.cli._checks import cluster_objects

        return Side(cluster_objects(settings))
    if against.startswith("git:"):
        from manifold.read import read
        from manifold.read.git import at

        documents = [d for source in at(against[4:], paths) for d in read(source).documents]
        return Side([d.body for d in decrypted(documents, quietly=True)], manifests=True)
    if against and against != "live":
        if not Path(against).exists():
            raise UsageError(
                f"--against {against}: there is no such file or folder (git:REV for a revision, live for the cluster)"
            )
        found = loaded([Path(against)], settings)
        bodies = [d.body for d in found.documents]
        stored = any(
            (b.get("metadata") or {}).get("uid") or (b.get("metadata") or {}).get("managedFields") for b in bodies
        )
        if not stored:
            bodies = [d.body for d in decrypted(found.documents, quietly=True)]
        return Side(bodies, manifests=not stored)
    from manifold.cluster.client import Cluster
    from manifold.cluster.kubeconfig import load

    return Side([], Cluster(load(settings.kubeconfig, settings.context)))


def decrypted(
    documents: Sequence[Document],
    live: Iterable[Mapping[str, Any]] = (),
    namespace: str = "default",
    *,
    quietly: bool = False,
) -> list[Document]:
    """The documents, with what `live` holds, or something like it, in place of what SOPS encrypted; each file is named once.

    What has no name or kind that could be read is left out.
    """
    from manifold import sops

    if not any(sops.sealed(d.body) for d in documents):
        return list(documents)
    there = {Document("", 0, dict(b)).key(): b for b in live}
    out = []
    said: list[str] = []
    told: dict[str, list[str]] = {}
    for document in documents:
        if not sops.sealed(document.body):
            out.append(document)
            continue
        if sops.nameless(document.body):
            at = document.locate((sops.FIELD,)).line
            said.append(f"{document.source}:{at}: left out: SOPS encrypted even kind or name of this object")
            continue
        key = document.key(namespace)
        before = there.get(key) or there.get(key._replace(namespace=""))
        out.append(document.with_body(sops.plain(document.body, before)))
        told.setdefault(document.source, []).append(f"{key.kind} {key.name}")
    for file, names in told.items():
        shown = f"{', '.join(names[:3])}{' and more' if len(names) > 3 else ''}"
        said.append(f"{file}: encrypted by SOPS, so its values are not looked at: {shown}")
    for line in () if quietly else said:
        sys.stderr.write(f"manifold: {line}\n")
    return out


def server_for(
    documents: Sequence[Any], live: Sequence[dict[str, Any]], settings: Settings, *, whole: bool = False
) -> Any:
    """The API server on paper that knows the definitions among the inputs and on the other side.

    `whole`: the other side is a cluster, and admission looks at it.
    """
    from manifold import api
    from manifold.cli._checks import settled
    from manifold.inputs import definitions

    config = settled(settings)
    versions = list(settings.kubernetes_version or config.kubernetes)
    if len(versions) > 1:
        raise UsageError("give one --kubernetes-version here")
    crds = [d.body for d in documents if api.is_crd(d.body)] + [b for b in live if api.is_crd(b)]
    crds += [d.body for d in definitions((*settings.schema, *config.schemas))]
    return api.server(
        versions[0] if versions else None, crds, live if whole else (), [d.body for d in documents] if whole else ()
    )
