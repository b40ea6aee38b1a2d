"""Every format that the API server checks, named once: a function from a text to what is wrong with it.

Each function returns one sentence a cause, and nothing for a good value; what the server says twice of one flaw (that an
empty name is empty, and no name) is said once. `FORMATS` finds them by the names that constraint tables use. Source:
k8s.io/apimachinery/pkg/util/validation, where no other is named.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import wraps

from manifold.patterns import late

Format = Callable[[str], list[str]]

_REMEMBERED = 8192


def _remembered(test: Format) -> Format:
    """`test`, the good values that it saw remembered: the same names and labels stand in manifests again and again."""
    good: set[str] = set()

    @wraps(test)
    def check(value: str) -> list[str]:
        if value in good:
            return []
        found = test(value)
        if not found and len(good) < _REMEMBERED and len(value) < 512:
            good.add(value)
        return found

    return check


_LABEL = late(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?", re.ASCII)
_SUBDOMAIN = late(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_LABEL_1035 = late(r"[a-z](?:[-a-z0-9]*[a-z0-9])?", re.ASCII)
_NAME = late(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?", re.ASCII)
_ENV = late(r"[-._a-zA-Z][-._a-zA-Z0-9]*", re.ASCII)
_KEY = late(r"[-._a-zA-Z0-9]+", re.ASCII)
_C_IDENTIFIER = late(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_HEADER = late(r"[-A-Za-z0-9]+", re.ASCII)
_PERCENT = late(r"[0-9]+%", re.ASCII)
_PORT_CHARS = late(r"[-a-z0-9]+", re.ASCII)
_UUID = late(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

NAME_HELP = "letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit"
LABEL_HELP = "lower-case letters, digits and `-`, beginning and ending with a letter or digit"


def _long(limit: int, unit: str = "characters") -> str:
    return f"longer than {limit} {unit}"


def _no(value: str, what: str, rule: str) -> str:
    return f"{value!r} is no {what}: {rule}" if value else f"must not be empty: {rule}"


def size(value: str) -> int:
    """The length that the server counts: bytes."""
    return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))


@_remembered
def dns_label(value: str) -> list[str]:
    """RFC 1123: `my-name`, at most 63 characters."""
    found = []
    if size(value) > 63:
        found.append(_long(63))
    if not _LABEL.fullmatch(value):
        found.append(_no(value, "DNS label", LABEL_HELP))
    return found


@_remembered
def dns_subdomain(value: str) -> list[str]:
    """RFC 1123: `my-name.example.com`, at most 253 characters."""
    found = []
    if size(value) > 253:
        found.append(_long(253))
    if not _SUBDOMAIN.fullmatch(value):
        found.append(_no(value, "DNS subdomain", f"{LABEL_HELP}, parts parted by dots"))
    return found


@_remembered
def dns_1035_label(value: str) -> list[str]:
    """RFC 1035: as a DNS label, and beginning with a letter."""
    found = []
    if size(value) > 63:
        found.append(_long(63))
    if not _LABEL_1035.fullmatch(value):
        rule = "lower-case letters, digits and `-`, beginning with a letter, ending with a letter or digit"
        found.append(_no(value, "DNS label of RFC 1035", rule))
    return found


def wildcard_subdomain(value: str) -> list[str]:
    """`*.example.com`."""
    found = []
    if size(value) > 253:
        found.append(_long(253))
    if not value.startswith("*.") or not _SUBDOMAIN.fullmatch(value[2:]):
        found.append(f"{value!r} is no wildcard DNS name: `*.` and a DNS subdomain")
    return found


@_remembered
def fully_qualified(value: str) -> list[str]:
    """A DNS subdomain of at least two parts; a final dot is allowed."""
    if not value:
        return ["must not be empty"]
    value = value.removesuffix(".")
    found = dns_subdomain(value)
    if found:
        return found
    if value.count(".") < 1:
        return ["must have at least two parts, parted by dots"]
    return [m for part in value.split(".") for m in dns_label(part)]


@_remembered
def qualified_name(value: str) -> list[str]:
    """The key of a label or annotation: `[prefix/]name`, the prefix a DNS subdomain."""
    prefix, slash, name = value.partition("/")
    if not slash:
        name = value
    elif "/" in name:
        return [f"{value!r} is no qualified name: at most one `/`"]
    found = []
    if slash:
        if not prefix:
            found.append("the part before `/` is empty")
        else:
            found += [f"the part before `/`: {m}" for m in dns_subdomain(prefix)]
    if not name:
        return [*found, "the part after `/` is empty" if slash else f"must not be empty: {NAME_HELP}"]
    if size(name) > 63:
        found.append(f"the name is {_long(63)}")
    if not _NAME.fullmatch(name):
        found.append(f"{name!r} is no name: {NAME_HELP}")
    return found


# What the server picks by itself, as it stands in previewed objects and in snapshots without uids.
PICKED = frozenset(("<allocated>", "<uid>"))


@_remembered
def label_value(value: str) -> list[str]:
    """The value of a label: at most 63 characters, or empty."""
    if not value or value in PICKED:
        return []
    found = []
    if size(value) > 63:
        found.append(_long(63))
    if not _NAME.fullmatch(value):
        found.append(f"{value!r} is no label value: {NAME_HELP}")
    return found


@_remembered
def env_name(value: str) -> list[str]:
    """The name of an environment variable: printable ASCII without `=`."""
    if not value:
        return ["must not be empty"]
    found = []
    if any(not " " <= c <= "~" or c == "=" for c in value):
        found.append(f"{value!r} is no name of an environment variable: printable ASCII without `=`")
    return found


def strict_env_name(value: str) -> list[str]:
    """The name of an environment variable before the rule was relaxed."""
    if not _ENV.fullmatch(value):
        return [
            f"{value!r} is no name of an environment variable: letters, digits, `_`, `-` and `.`, not beginning with a digit"
        ]
    return _no_dots(value)


@_remembered
def config_map_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret, which becomes a file name."""
    found = []
    if size(value) > 253:
        found.append(_long(253))
    if not _KEY.fullmatch(value):
        found.append(_no(value, "key", "letters, digits, `-`, `_` and `.`"))
    return found + _no_dots(value)


def _no_dots(value: str) -> list[str]:
    if value == ".":
        return ["must not be `.`"]
    if value == "..":
        return ["must not be `..`"]
    return ["must not begin with `..`"] if value.startswith("..") else []


def c_identifier(value: str) -> list[str]:
    """A C identifier."""
    return (
        []
        if _C_IDENTIFIER.fullmatch(value)
        else [f"{value!r} is no identifier: letters, digits and `_`, not beginning with a digit"]
    )


@_remembered
def port_name(value: str) -> list[str]:
    """An IANA service name: at most 15 characters, at least one letter, no `--`, no `-` at an end."""
    found = []
    if size(value) > 15:
        found.append(_long(15))
    if not _PORT_CHARS.fullmatch(value):
        found.append("only lower-case letters, digits and `-` are allowed")
    if not any("a" <= c <= "z" for c in value):
        found.append("at least one letter is needed")
    if "--" in value:
        found.append("no `--` is allowed")
    if value and (value[0] == "-" or value[-1] == "-"):
        found.append("must neither begin nor end with `-`")
    return found


def http_header(value: str) -> list[str]:
    """The name of an HTTP header."""
    return [] if _HEADER.fullmatch(value) else [_no(value, "header name", "letters, digits and `-`")]


def percent(value: str) -> list[str]:
    """`25%`."""
    return [] if _PERCENT.fullmatch(value) else [_no(value, "percentage", "digits and `%`, such as 25%")]


def path_segment(value: str) -> list[str]:
    """A part of a URL path: what names of RBAC objects may be (k8s.io/apimachinery/pkg/api/validation/path)."""
    if value in (".", ".."):
        return [f"must not be `{value}`"]
    return [f"must not hold `{c}`" for c in ("/", "%") if c in value]


@_remembered
def ip(value: str) -> list[str]:
    """An IP address, v4 or v6, without zone, without leading zeros, and no IPv4 address in the clothes of an IPv6 one."""
    if parse_ip(value) is not None:
        return []
    return [f"{value!r} is no IP address, such as 10.9.8.7 or 2001:db8::ffff" if value else "must be an IP address"]


def parse_ip(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None. Go's netip takes no zone here; Python's module refuses leading zeros as Go does."""
    if "%" in value:
        return None
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


@_remembered
def strict_ip(value: str) -> list[str]:
    """An IP address as new objects must write it."""
    address = parse_ip(value)
    if address is None:
        return ip(value)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return [f"{value!r} is an IPv4 address written as an IPv6 one: write {address.ipv4_mapped}"]
    return []


def parse_cidr(value: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """The block with its address, or None. The prefix is plain digits without a leading zero."""
    address, slash, bits = value.partition("/")
    if (
        not slash
        or not bits.isascii()
        or not bits.isdigit()
        or (len(bits) > 1 and bits[0] == "0")
        or parse_ip(address) is None
    ):
        return None
    try:
        return ipaddress.ip_interface(value)
    except ValueError:
        return None


@_remembered
def cidr(value: str) -> list[str]:
    """A block of addresses: `10.9.8.0/24`."""
    return (
        []
        if parse_cidr(value) is not None
        else [f"{value!r} is no block of addresses (CIDR), such as 10.9.8.0/24 or 2001:db8::/64"]
    )


@_remembered
def strict_cidr(value: str) -> list[str]:
    """A block of addresses without host bits."""
    block = parse_cidr(value)
    if block is None:
        return cidr(value)
    if isinstance(block, ipaddress.IPv6Interface) and block.ip.ipv4_mapped is not None:
        return [f"{value!r} is an IPv4 block written as an IPv6 one"]
    if block.ip != block.network.network_address:
        return [f"{value!r} has bits set after its prefix: write {block.network}"]
    return []


def uuid(value: str) -> list[str]:
    """A UUID in lower case."""
    return [] if _UUID.fullmatch(value) else [f"{value!r} is no UUID"]


def prefixed(check: Format) -> Format:
    """The check of a generateName: a final `-`, which the server's suffix completes, does not count.

    k8s.io/apimachinery/pkg/api/validation/generic.go: maskTrailingDash.
    """

    def test(value: str) -> list[str]:
        return check(value[:-2] + "a" if len(value) > 1 and value.endswith("-") else value)

    return test


def no_backsteps(value: str) -> list[str]:
    """A path that does not climb with `..`.

    kubernetes pkg/apis/core/validation: validatePathNoBacksteps.
    """
    return [f"{value!r} must not contain `..`"] if ".." in value and ".." in value.split("/") else []


def relative_path(value: str) -> list[str]:
    """A path below another one: not absolute, not climbing with `..`.

    kubernetes pkg/apis/core/validation: validateLocalDescendingPath.
    """
    found = [f"{value!r} must be a relative path"] if value[:1] == "/" else []
    return found + no_backsteps(value)


def file_path(value: str) -> list[str]:
    """A file in a volume: a relative path, not climbing with `..`, nor beginning with it.

    The kubelet keeps such names for itself (validateLocalNonReservedPath).
    """
    if value[:1] != "/" and ".." not in value:
        return []
    found = relative_path(value)
    if value.startswith("..") and not value.startswith("../"):
        found.append(f"{value!r} must not begin with `..`")
    return found


def legacy_ip(value: str) -> list[str]:
    """An IP address as servers before 1.36 took it: leading zeros are nothing."""
    quad = value.split(".")
    if len(quad) == 4 and ":" not in value:
        value = ".".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in quad)
    return ip(value)


# pkg/apis/core/validation: iscsiInitiatorIqnRegex and its siblings, unanchored where they are
_IQN = late(r"iqn\.[0-9]{4}-[0-9]{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)\Z")
_EUI = late(r"eui.[A-Za-z0-9]{16}\Z")
_NAA = late(r"naa.[A-Za-z0-9]{32}\Z")


def iscsi_name(value: str) -> list[str]:
    """The qualified name of an iSCSI target or initiator."""
    if value.startswith("iqn"):
        fits = _IQN.search(value)
    elif value.startswith("eui"):
        fits = _EUI.match(value)
    elif value.startswith("naa"):
        fits = _NAA.match(value)
    else:
        return [f"{value!r} must begin with iqn, eui or naa"]
    return [] if fits else [f"{value!r} is no valid {value[:3]} name"]


_CONTROL = late(r"[\x00-\x1f\x7f]")
_NETBIOS = late(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_WINDOWS_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DOMAIN = late(rf"{_WINDOWS_LABEL}(?:\.{_WINDOWS_LABEL})*")
_NOT_IN_USERS = late(r'["/\\:;|=,+*?<>@\[\]]')
_DOTS = late(r"[. ]+")


def windows_user(name: str) -> list[str]:
    """A Windows user, `USER` or `DOMAIN\\USER`.

    kubernetes pkg/apis/core/validation: validateWindowsSecurityContextOptions.
    """
    if not name:
        return ["must not be empty"]
    if _CONTROL.search(name):
        return [f"{name!r} has control characters"]
    parts = name.split("\\")
    if len(parts) > 2:
        return [f"{name!r} has more than one backslash: write DOMAIN\\USER"]
    domain, user = (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])
    found = []
    if size(domain) >= 256:
        found.append("the domain must be shorter than 256 characters")
    if len(parts) == 2 and not _NETBIOS.fullmatch(domain) and not _DOMAIN.fullmatch(domain):
        found.append(f"{domain!r} is neither a NetBIOS nor a DNS domain")
    if not user:
        found.append(f"{name!r} names no user")
    elif size(user) > 104:
        found.append("the user must not be longer than 104 characters")
    if _DOTS.fullmatch(user):
        found.append(f"{user!r} has only dots and blanks")
    if _NOT_IN_USERS.search(user):
        found.append(f'{user!r} must have none of "/\\:;|=,+*?<>@[]')
    return found


_SYSCTL_PART = r"[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SYSCTL = late(rf"(?:{_SYSCTL_PART}[./])*{_SYSCTL_PART}")


def sysctl(value: str) -> list[str]:
    """The name of a kernel parameter, parts parted by dots or slashes."""
    if len(value) > 253 or not _SYSCTL.fullmatch(value):
        return [f"{value!r} is no name of a sysctl, such as net.core.somaxconn"]
    return []


def schedule(value: str) -> list[str]:
    """When a CronJob runs: five fields, or a word such as `@daily`."""
    from manifold.k8s import cron

    message = cron.problem(value)
    return [message] if message else []


FORMATS: dict[str, Format] = {
    "dns-label": dns_label,
    "dns-subdomain": dns_subdomain,
    "dns-1035-label": dns_1035_label,
    "wildcard-subdomain": wildcard_subdomain,
    "fully-qualified-name": fully_qualified,
    "qualified-name": qualified_name,
    "label-key": qualified_name,
    "label-value": label_value,
    "env-name": env_name,
    "strict-env-name": strict_env_name,
    "config-map-key": config_map_key,
    "c-identifier": c_identifier,
    "port-name": port_name,
    "http-header": http_header,
    "percent": percent,
    "path-segment": path_segment,
    "ip": ip,
    "strict-ip": strict_ip,
    "cidr": cidr,
    "strict-cidr": strict_cidr,
    "uuid": uuid,
    "legacy-ip": legacy_ip,
    "generated-subdomain": prefixed(dns_subdomain),
    "no-backsteps": no_backsteps,
    "relative-path": relative_path,
    "file-path": file_path,
    "iscsi-name": iscsi_name,
    "windows-user": windows_user,
    "sysctl": sysctl,
    "schedule": schedule,
}
