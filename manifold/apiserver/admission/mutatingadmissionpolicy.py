"""MutatingAdmissionPolicy: see `manifold.apiserver.policies.mutating`, which is loaded only where policies may be installed."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "MutatingAdmissionPolicy"
PLACE = 200
KINDS = None
ALONE = True


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Change an object in place as the policies that match it say."""
    if context.run is not None or context.world is not None:
        from manifold.apiserver.policies import mutating

        mutating.mutate(body, context, faults)
