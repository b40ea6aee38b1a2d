"""A file from the web, where somebody asks for it by name: over HTTPS alone, bounded in size and time."""

from __future__ import annotations

import ssl

from manifold.errors import ClusterError, UsageError

MOST = 64 * 1024 * 1024
SECONDS = 60.0


def fetch(url: str) -> bytes:
    """What a URL answers with, redirects followed.

    Raises UsageError for a URL that is not HTTPS, ClusterError where nothing (or too much) comes.
    """
    import urllib3

    if not url.startswith("https://"):
        raise UsageError(f"{url}: only https:// is fetched")
    pool = urllib3.PoolManager(
        ssl_context=ssl.create_default_context(), timeout=urllib3.Timeout(total=SECONDS), retries=urllib3.Retry(3)
    )
    try:
        reply = pool.request("GET", url, preload_content=False)
        try:
            if reply.status != 200:
                raise ClusterError(f"{url} answers with HTTP {reply.status}")
            if not str(reply.geturl() or url).startswith(("https://", "/")):
                raise ClusterError(f"{url} leads to a place without TLS")
            data: bytes = reply.read(MOST + 1)
        finally:
            reply.release_conn()
    except urllib3.exceptions.HTTPError as error:
        cause = getattr(error, "reason", None) or error
        while isinstance(cause.__cause__, OSError):
            cause = cause.__cause__
        why = getattr(cause, "strerror", None) or cause
        raise ClusterError(
            f"{url} cannot be fetched: {why}; where it can be, save it to a file and import that"
        ) from error
    if len(data) > MOST:
        raise ClusterError(f"{url} is larger than {MOST >> 20} MiB")
    return data
