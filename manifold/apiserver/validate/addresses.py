"""IP addresses and blocks in fields that are older than strict ones: leading zeros and host bits passed until 1.36.

Follows k8s.io/apimachinery v0.37.2 pkg/util/validation (IsValidIPForLegacyField, IsValidCIDRForLegacyField, and their
warnings) and kubernetes v1.37.2 pkg/apis/core/validation (ValidateEndpointIP).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.k8s import formats
from manifold.model import Path
from manifold.patterns import late

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Block = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_ZEROS = late(r"(?<![0-9a-fA-F:.])0+(?=[0-9])|(?<=\.)0+(?=[0-9])")


def _blame(path: Path, messages: list[str], faults: Faults) -> None:
    for message in messages:
        faults.invalid(path, message)


def read_address(value: str) -> Address | None:
    """The address as the server's forgiving parser reads it: leading zeros of IPv4 addresses are nothing."""
    if "%" in value:
        return None
    try:
        return ipaddress.ip_address(value if ":" in value else _ZEROS.sub("", value))
    except ValueError:
        return None


def address(value: str, path: Path, context: Context, kept: Collection[str], faults: Faults) -> bool:
    """Blame what is no IP address, strictly from 1.36 on unless it is among the `kept`; whether it passed."""
    if value in kept:
        return True
    messages = formats.strict_ip(value) if context.since(1, 36) else [] if read_address(value) else formats.ip(value)
    _blame(path, messages, faults)
    return not messages


def endpoint(value: str, path: Path, faults: Faults) -> None:
    """Blame an address that cannot be one of an endpoint: unspecified, loopback, link-local."""
    found = read_address(value)
    if found is None:
        _blame(path, formats.ip(value) or [f"{value!r} is no IP address"], faults)
        return
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_unspecified:
        faults.invalid(path, f"{value} is no address of anything")
    if found.is_loopback:
        faults.invalid(path, f"{value} is a loopback address: 127.0.0.0/8 and ::1 are not allowed")
    if found.is_link_local:
        faults.invalid(path, f"{value} is a link-local address: 169.254.0.0/16 and fe80::/10 are not allowed")
    if found in _LOCAL_MULTICAST_4 or found in _LOCAL_MULTICAST_6:
        faults.invalid(path, f"{value} is for link-local multicast: 224.0.0.0/24 and ff02::/16 are not allowed")


_LOCAL_MULTICAST_4 = ipaddress.ip_network("224.0.0.0/24")
_LOCAL_MULTICAST_6 = ipaddress.ip_network("ff02::/16")


def read_block(value: str) -> Block | None:
    """The block as the server's forgiving parser reads it: leading zeros in IPv4 addresses and prefixes are nothing."""
    address, slash, bits = value.partition("/")
    if not slash or not bits.isascii() or not bits.isdigit() or "%" in address:
        return None
    if ":" not in address:
        address = _ZEROS.sub("", address)
    try:
        return ipaddress.ip_interface(f"{address}/{int(bits)}")
    except ValueError:
        return None


def _mapped(block: Block) -> bool:
    return isinstance(block, ipaddress.IPv6Interface) and block.ip.ipv4_mapped is not None


def block(value: str, path: Path, context: Context, kept: Collection[str], faults: Faults) -> Block | None:
    """Blame what is no block of addresses, strictly from 1.36 on; the block if it can be read at all."""
    found = read_block(value)
    if value not in kept:
        test = formats.strict_cidr if context.since(1, 36) else None
        if found is None:
            _blame(path, formats.cidr(value), faults)
        elif test is not None:
            _blame(path, test(value), faults)
    if found is not None and (context.since(1, 33) or context.kind.kind == "Service"):
        _warn_of_block(value, found, path, faults)
    return found


def _warn_of_block(value: str, block: Block, path: Path, faults: Faults) -> None:
    network = block.network
    usual = True
    if block.ip != network.network_address:
        faults.warn(path, f"{value!r} is ambiguous: {network}, or {block.ip}/{block.max_prefixlen}?")
        usual = False
    if formats.parse_cidr(value) is None or _mapped(block):
        faults.warn(path, f"{value!r} is an unusual spelling of {network}")
        usual = False
    if usual and block.version == 6 and str(block) != value:
        faults.warn(path, f"{value!r} is usually written {block}")
