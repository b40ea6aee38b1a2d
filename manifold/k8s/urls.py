"""URLs as Go reads them (net/url): which texts are one, and what their parts are."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote, unquote_plus, unquote_to_bytes

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[a-zA-Z][-+.a-zA-Z0-9]*(?=:)", re.ASCII)
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_OF_HOST = re.compile(r"(?:[-_.~a-zA-Z0-9!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%(?:25|[89a-fA-F][0-9a-fA-F]))*")
_OF_USER = re.compile(r"[-._:~!$&'()*+,;=%@a-zA-Z0-9]*", re.ASCII)
_OF_PATH = re.compile(r"[-_.~a-zA-Z0-9!$&'()*+,;=:@\[\]%/]*", re.ASCII)
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)


class Url(NamedTuple):
    """The parts of a URL; `path` as it is written."""

    scheme: str
    host: str
    path: str
    query: str

    @property
    def hostname(self) -> str:
        """The host without brackets and port."""
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.partition(":")[0]

    @property
    def port(self) -> str:
        """The port as it is written; empty without one."""
        return self.host.rpartition("]")[2].partition(":")[2]

    @property
    def escaped_path(self) -> str:
        """The path with everything escaped that must be; one that is written properly stays."""
        if _OF_PATH.fullmatch(self.path) or self.path == "*":
            return self.path
        return quote(unquote_to_bytes(self.path), safe="/$&+,:;=@-_.~")

    def parameters(self) -> dict[str, list[str]]:
        """The values of each parameter of the query, in order; what is not well written is left out."""
        out: dict[str, list[str]] = {}
        for part in self.query.split("&"):
            key, _, value = part.partition("=")
            if part and ";" not in part and not _BROKEN.search(part):
                out.setdefault(unquote_plus(key), []).append(unquote_plus(value))
        return out


def parse(text: str) -> Url:
    """An absolute URL or an absolute path, as `url.ParseRequestURI` and then `url.Parse` take them.

    Raises ValueError for anything else.
    """
    _read(text, request=True)
    rest, _, fragment = text.partition("#")
    if _BROKEN.search(fragment):
        raise ValueError("a percent sign must be followed by two hexadecimal digits")
    return _read(rest, request=False)


def _read(text: str, *, request: bool) -> Url:
    if _CONTROL.search(text):
        raise ValueError("a URL has no control characters")
    if not text and request:
        raise ValueError("a URL is not empty")
    if text == "*":
        return Url("", "", "*", "")
    if text.startswith(":"):
        raise ValueError("the scheme is missing before the colon")
    found = _SCHEME.match(text)
    scheme, rest = (found[0].lower(), text[found.end() + 1 :]) if found else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, "", "", query)
        if request:
            raise ValueError("a URL has a scheme, or begins with a slash")
        if ":" in rest.partition("/")[0]:
            raise ValueError("the first part of a relative path has no colon")
    host = ""
    if rest.startswith("//") and (scheme or (not request and not rest.startswith("///"))):
        authority, slash, path = rest[2:].partition("/")
        user, at, host = authority.rpartition("@")
        _host(host)
        if at and (not _OF_USER.fullmatch(user) or _BROKEN.search(user)):
            raise ValueError("the user is badly formed")
        rest = slash + path
    if _BROKEN.search(rest):
        raise ValueError("a percent sign must be followed by two hexadecimal digits")
    return Url(scheme, host, rest, query)


def _host(host: str) -> None:
    if not _OF_HOST.fullmatch(host):
        raise ValueError("the host has a character that hosts do not have")
    if "[" in host:
        if not host.startswith("[") or "]" not in host or host.rindex("["):
            raise ValueError("brackets stand around the whole host")
        address, _, port = host[1:].rpartition("]")
        if ipaddress.ip_address(address.partition("%25")[0]).version != 6:
            raise ValueError("brackets stand around an IPv6 address")
    else:
        _, colon, digits = host.partition(":")
        port = colon + digits
    if not _PORT.fullmatch(port):
        raise ValueError(f"{port!r} is no port")
