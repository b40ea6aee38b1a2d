"""`manifold lint`."""

from __future__ import annotations

from manifold.cli._checks import LINTING, REPORTING, finish, request
from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold lint deploy/ · kustomize build . | manifold lint - · manifold lint -k 1.33 -k 1.37 -o sarif=out.sarif ."


@takes("paths", *LINTING, *REPORTING)
def command(settings: Settings) -> int:
    """Apply the lint rules to manifests."""
    return finish(settings, request(settings, validate=False, lint=True))
