"""`manifold validate`."""

from __future__ import annotations

from manifold.cli._checks import REPORTING, finish, request
from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold validate deploy/ · kustomize build . | manifold validate - · manifold validate -k 1.33 -k 1.37 -o sarif=out.sarif ."


@takes("paths", *REPORTING)
def command(settings: Settings) -> int:
    """Say what kubectl and the API server would answer to a create of these manifests, and nothing else."""
    return finish(settings, request(settings, validate=True, lint=False))
