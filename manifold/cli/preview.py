"""`manifold preview`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold preview deploy/web.yaml · manifold preview deploy/ --cluster prod.snapshot -o json"
HIDDEN = "***"


@takes("paths", "cluster")
def command(
    settings: Settings,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Print the values of Secrets.")] = False,
) -> int:
    """Print the objects as the server would store them: defaults and admission applied."""
    from manifold import api
    from manifold.apiserver.store import stored
    from manifold.cli._checks import choose, cluster_objects, write
    from manifold.cli._live import loaded, server_for

    outputs = [(name, file) for name, _, file in (o.partition("=") for o in settings.output or ["yaml"])]
    for name, _ in outputs:
        choose("--output", name, ("yaml", "json"))
    found = loaded(settings.paths, settings)
    there = cluster_objects(settings)
    asked = server_for(found.documents, there, settings)
    if there:
        asked = api.server(asked.version, asked.definitions, there)
    objects: list[dict[str, Any]] = []
    refused = 0
    for document in found.documents:
        answer = asked.create(document.body, settings.namespace or "default", admit=True)
        for d in (api.diagnose(f, document, asked.version) for f in answer.faults):
            if d.rejects:
                sys.stderr.write(
                    f"{d.file}:{d.span.line}:{d.span.column}: {d.path + ': ' if d.path else ''}{d.message}\n"
                )
        if answer.object is None or answer.faults.refused:
            refused += 1
            continue
        body = stored(answer)
        objects.append(body if show_secrets else _masked(body))
    for name, file in outputs:
        write(_render(objects, as_json=name == "json"), Path(file) if file else None)
    return int(refused > 0)


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    if (body.get("apiVersion"), body.get("kind")) != ("v1", "Secret"):
        return body
    return {
        k: dict.fromkeys(v, HIDDEN) if k in ("data", "stringData") and isinstance(v, dict) else v
        for k, v in body.items()
    }


def _render(objects: list[dict[str, Any]], *, as_json: bool) -> str:
    if as_json:
        import orjson

        data: Any = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
        return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return "".join(
        f"---\n{yaml.dump(o, Dumper=dumper, sort_keys=False, allow_unicode=True, width=1000)}" for o in objects
    )
