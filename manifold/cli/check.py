"""`manifold check`."""

from __future__ import annotations

from manifold.cli._checks import LINTING, REPORTING, finish, request
from manifold.cli._options import Settings, takes

EPILOG = "Examples: manifold check deploy/ · kustomize build . | manifold check - · manifold check -k 1.33 -k 1.37 -o sarif=out.sarif ."


@takes("paths", *LINTING, *REPORTING)
def command(settings: Settings) -> int:
    """Say what the API server would answer, what the lint rules find, and what refers to nothing; each defect once."""
    return finish(settings, request(settings, validate=True, lint=True))
