"""By what repairs are judged: the server of the request, and whether an object has become worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manifold import api
from manifold.apiserver import faults as reasons
from manifold.apiserver.server import Server
from manifold.inputs import Request
from manifold.model import Diagnostic, Document, spell

_READ = frozenset(("yaml/metadata", "yaml/no-kind", "yaml/no-object", "yaml/no-objects", "yaml/list"))
"""What the reader says of a text that it could read: its objects are wrong, not its YAML."""
# What the server says before it looks at values.
_STRICT = frozenset((reasons.UNKNOWN_FIELD, reasons.TYPE, "NotFound"))


def judge(request: Request, documents: Sequence[Document]) -> Server:
    """The API server by which these documents are repaired: of the last release asked for, with all definitions at hand."""
    return api.server(
        request.releases[-1], [d.body for d in (*request.definitions(), *documents) if api.is_crd(d.body)], ()
    )


def unreadable(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics of a text that could not be read, so that it has to stay whole."""
    return [d for d in found if d.rejects and d.rule not in _READ]


def worse(was: Document, now: Document, server: Server) -> str:
    """Why a repaired object may not replace the old one; empty when it may."""
    first, then = server.create(was.body).faults, server.create(now.body).faults
    strict = [sum(f.reason in _STRICT and not f.warning for f in faults) for faults in (first, then)]
    judged = not any(f.rule == "api/no-such-kind" for f in first)  # else nothing was said of it before
    if (judged and then.refused and not first.refused) or strict[1] > strict[0]:
        fault = next(f for f in then if not f.warning)
        return f"the repaired {now.kind} would be refused ({spell(fault.path)}: {fault.message}): left as it is"
    return ""
