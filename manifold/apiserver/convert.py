"""One object in several versions of its kind: what a server that stores one version answers in another.

Of the built-in kinds only autoscalers are served in two forms (autoscaling/v1 and v2, see `autoscalers`). Other kinds, and
custom resources without a webhook, differ in the name of the version alone.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver import autoscalers

Body = dict[str, Any]
FORMER = "autoscaling/v1"


def convert(body: Body, api_version: str) -> Body:
    """A stored object as it is answered in another version of its kind; a fresh one where they differ."""
    if body.get("apiVersion") == api_version:
        return body
    if body.get("kind") == "HorizontalPodAutoscaler":
        if api_version == FORMER:
            return autoscalers.former(body)
        if body.get("apiVersion") == FORMER:
            return {**autoscalers.modern(body), "apiVersion": api_version}
    return {**body, "apiVersion": api_version}
