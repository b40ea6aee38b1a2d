"""ValidatingAdmissionPolicy: see `manifold.apiserver.policies.validating`, which is loaded only where policies may be installed."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "ValidatingAdmissionPolicy"
PLACE = 220
KINDS = None
ALONE = True


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Hold an object against the policies that match it."""
    if context.run is not None or context.world is not None:
        from manifold.apiserver.policies import validating

        validating.validate(body, context, faults)
