"""Reviews of tokens, which are answered and not stored.

Follows kubernetes v1.37.2 pkg/registry/authentication/tokenreview and pkg/apis/authentication/validation.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

Body = dict[str, Any]

_SHORTEST = 600


def create_token_review(body: Body, context: Context, faults: Faults) -> None:
    """A TokenReview needs a token."""
    if not (body.get("spec") or {}).get("token"):
        faults.required(("spec", "token"), "there is no token to look at")


def create_token_request(body: Body, context: Context, faults: Faults) -> None:
    """A TokenRequest: for how long."""
    seconds = (body.get("spec") or {}).get("expirationSeconds") or 0
    if not _SHORTEST <= seconds <= 1 << 32:
        faults.invalid(("spec", "expirationSeconds"), f"{seconds} must be {_SHORTEST} to {1 << 32}")


CREATE = {"TokenReview": create_token_review, "TokenRequest": create_token_request}
UPDATE: dict[str, Any] = {}
