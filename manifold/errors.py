"""What stops a run. What a manifest says wrong is data (a `Diagnostic`), never one of these.

ManifoldError
├── UsageError          exit 2: an option, setting or rule id that does not exist or does not fit
├── IncompleteError     exit 3: something asked for could not be looked at
│   ├── SourceError     a file that cannot be read
│   └── ClusterError    a cluster that cannot be reached, or refuses
└── ReadError           raised by `manifold.api.read` alone: kubectl could not read the text
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manifold.model import Diagnostic


class ManifoldError(Exception):
    """Base of all errors that end a run; the message is a sentence that names cause and cure."""

    exit_code = 3


class UsageError(ManifoldError):
    """The command line, the configuration or a rule file asks for what does not exist."""

    exit_code = 2


class IncompleteError(ManifoldError):
    """Part of what was asked for could not be done."""


class SourceError(IncompleteError):
    """A file or folder cannot be read."""


class ClusterError(IncompleteError):
    """The cluster is unreachable, refuses the credentials or forbids the request."""


class ProcessError(IncompleteError):
    """A process that did part of the work came to an end that it did not tell, as when the system kills it."""


class ReadError(ManifoldError):
    """kubectl could not read the text; `objects` are those that came before the error."""

    def __init__(self, diagnostics: Sequence[Diagnostic], objects: list[dict[str, Any]]) -> None:
        super().__init__(diagnostics[0].message if diagnostics else "the text cannot be read")
        self.diagnostics = list(diagnostics)
        self.objects = objects
