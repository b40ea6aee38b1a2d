"""How the server reaches a webhook: by a URL or a Service; and the review versions that a webhook understands.

Source: k8s.io/apiserver v0.37.2 pkg/util/webhook/validation.go; the review versions of
kubernetes v1.37.2 pkg/apis/admissionregistration/validation and apiextensions-apiserver pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from manifold.apiserver import faults as reasons
from manifold.apiserver.faults import Faults
from manifold.k8s.formats import dns_1035_label, dns_subdomain
from manifold.model import Path
from manifold.patterns import late

Body = dict[str, Any]

KNOWN_REVIEWS = ("v1", "v1beta1")
_BAD_ESCAPE = late(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = late(r"[\x00-\x1f\x7f]")


def client(config: Body, path: Path, faults: Faults) -> None:
    """A client configuration: exactly one of `url` and `service`, and that one well-formed."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        faults.required(path, "exactly one of url and service must be set")
    elif url is not None:
        _url(url, (*path, "url"), faults)
    elif service is not None:
        _service(service, (*path, "service"), faults)


def _url(text: str, path: Path, faults: Faults) -> None:
    try:
        if _CONTROL.search(text) or _BAD_ESCAPE.search(text) or text.startswith(":"):
            raise ValueError("bad character")
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        if re.search(r"[\s<>\"{}|\\^`]", host) or (parts.port is not None and parts.port < 0):
            raise ValueError("bad host")
    except ValueError:
        faults.required(path, f"{text!r} is no URL: https://host[:port][/path]")
        return
    if parts.scheme.lower() != "https":
        faults.invalid(path, "only https is allowed: https://host[:port][/path]")
    if not host:
        faults.invalid(path, "a host must be named: https://host[:port][/path]")
    if "@" in parts.netloc:
        faults.invalid(path, "user information is not allowed in the URL")
    if parts.fragment:
        faults.invalid(path, "a fragment is not allowed in the URL")
    if parts.query:
        faults.invalid(path, "a query is not allowed in the URL")


def _service(service: Body, path: Path, faults: Faults) -> None:
    # The server takes the two for one another, and blames the one that is there.
    for name, blamed in (("namespace", "name"), ("name", "namespace")):
        if not service.get(name):
            faults.add(reasons.REQUIRED, (*path, blamed), f"{name} must be set", at=(*path, name))
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        faults.invalid((*path, "port"), f"{port} is no port: 1 to 65535")
    text = service.get("path")
    if not text or text == "/":
        return
    here = (*path, "path")
    if text == "//":
        faults.invalid(here, "the first segment is empty")
        return
    if not text.startswith("/"):
        faults.invalid(here, "must begin with /")
    for i, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            faults.invalid(here, f"segment {i} is empty")
            continue
        for message in dns_subdomain(step):
            faults.invalid(here, f"segment {i}: {message}")


def knows_review(versions: Sequence[str] | None) -> bool:
    """Whether the server speaks one of the review versions."""
    return any(v in KNOWN_REVIEWS for v in versions or ())


def review_versions(versions: Sequence[str] | None, path: Path, faults: Faults, *, recognized: bool = True) -> None:
    """The review versions: some, each once, DNS labels, and (`recognized`) one of them known to the server."""
    if not versions:
        faults.required(path, f"at least one of {', '.join(KNOWN_REVIEWS)} must be listed")
        return
    seen = set()
    for i, version in enumerate(versions):
        if version in seen:
            faults.invalid((*path, i), f"{version!r} occurs more than once")
            continue
        seen.add(version)
        for message in dns_1035_label(version):
            faults.invalid((*path, i), message)
    if recognized and not knows_review(versions):
        faults.invalid(path, f"at least one of {', '.join(KNOWN_REVIEWS)} must be listed")
