"""`manifold snapshot`."""

from __future__ import annotations

from typing import Annotated

import typer

from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold snapshot > prod.snapshot · manifold snapshot -n shop --kind Deployment,Service -o json=shop.json"
FORMATS = ("json",)


@takes("kubeconfig", "context", formats=FORMATS)
def command(
    settings: Settings,
    kind: Annotated[
        list[str],
        typer.Option(metavar="KIND", help="Only these kinds; may be given several times, or separated by commas."),
    ] = [],  # noqa: B006
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Keep the values of Secrets; without it they are masked.")
    ] = False,
) -> int:
    """Write live state to a file that stands for the cluster in diff, plan, preview and check."""
    from pathlib import Path

    import orjson

    from manifold.cli._checks import choose, write
    from manifold.cluster.client import Cluster
    from manifold.cluster.kubeconfig import load
    from manifold.cluster.snapshot import take

    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["json"])]
    for name, _ in outputs:
        choose("--output", name, FORMATS)
    cluster = Cluster(load(settings.kubeconfig, settings.context))
    only = [k.strip() for text in kind for k in text.split(",") if k.strip()]
    objects = list(take(cluster, [settings.namespace] if settings.namespace else (), secrets=secrets, only=only))
    data = {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {
            "annotations": {"manifold/kubernetes": cluster.version(), "manifold/context": cluster.access.context}
        },
        "items": objects,
    }
    text = orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"
    for _, file in outputs:
        write(text, Path(file) if file else None, private=True)
    return 0
