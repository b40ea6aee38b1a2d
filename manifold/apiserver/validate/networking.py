"""NetworkPolicies, Ingresses and their classes, IP addresses, ServiceCIDRs.

Follows kubernetes v1.37.2 pkg/apis/networking/validation and pkg/registry/networking.
"""

from __future__ import annotations

import re
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import addresses, metadata
from manifold.k8s import formats
from manifold.model import Path
from manifold.patterns import late

Body = dict[str, Any]

POLICY_TYPES = ("Ingress", "Egress")
PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_CONTROLLER_LIMIT = 250
_HTTP_PATH = late(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", re.ASCII)


def _names(path: Path, value: str, test: formats.Format, faults: Faults) -> None:
    for message in test(value):
        faults.invalid(path, message)


# NetworkPolicy


def _port(port: Body, path: Path, faults: Faults) -> None:
    number, last = port.get("port"), port.get("endPort")
    if isinstance(number, int):
        if not 1 <= number <= 65535:
            faults.invalid((*path, "port"), f"{number} must be 1 to 65535")
        if last is not None:
            if last < number:
                faults.invalid((*path, "endPort"), f"{last} must not be less than port, which is {number}")
            if not 1 <= last <= 65535:
                faults.invalid((*path, "endPort"), f"{last} must be 1 to 65535")
    elif number is not None:
        if last is not None:
            faults.invalid((*path, "endPort"), "goes with a port that is a number only")
        _names((*path, "port"), number, formats.port_name, faults)
    elif last is not None:
        faults.invalid((*path, "endPort"), "goes with a port only")


def _peer(peer: Body, path: Path, lenient: bool, context: Context, kept: frozenset[str], faults: Faults) -> None:
    count = 0
    for name in ("podSelector", "namespaceSelector"):
        selector = peer.get(name)
        if selector is not None:
            count += 1
            metadata.label_selector(selector, (*path, name), faults, lenient_values=lenient)
    block = peer.get("ipBlock")
    if block is not None:
        count += 1
        _ip_block(block, (*path, "ipBlock"), context, kept, faults)
    if not count:
        faults.required(
            path, "a peer is a podSelector, a namespaceSelector or an ipBlock", "leave the list out to allow all peers"
        )
    elif count > 1 and block is not None:
        faults.forbidden(path, "an ipBlock goes with no other peer", "make two peers of them")


def _ip_block(block: Body, path: Path, context: Context, kept: frozenset[str], faults: Faults) -> None:
    cidr = block.get("cidr") or ""
    if not cidr:
        faults.required((*path, "cidr"))
        return
    whole = addresses.block(cidr, (*path, "cidr"), context, kept, faults)
    if whole is None:
        return
    for i, text in enumerate(block.get("except") or ()):
        here = (*path, "except", i)
        part = addresses.block(text, here, context, kept, faults)
        if part is not None and not _strictly_within(part, whole):
            faults.invalid(here, f"{text} must be a part of {cidr}, and less than the whole")


def _strictly_within(part: addresses.Block, whole: addresses.Block) -> bool:
    return (
        part.version == whole.version
        and part.network.network_address in whole.network
        and whole.network.prefixlen < part.network.prefixlen
    )


def _policy(spec: Body, lenient: bool, context: Context, kept: frozenset[str], faults: Faults) -> None:
    metadata.label_selector(spec.get("podSelector"), ("spec", "podSelector"), faults, lenient_values=lenient)
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction) or ()):
            for j, port in enumerate(rule.get("ports") or ()):
                _port(port, ("spec", direction, i, "ports", j), faults)
            for j, peer in enumerate(rule.get(peers) or ()):
                _peer(peer, ("spec", direction, i, peers, j), lenient, context, kept, faults)
    types = spec.get("policyTypes") or ()
    if len(types) > 2:
        faults.invalid(("spec", "policyTypes"), "Ingress and Egress at most")
        return
    for i, kind in enumerate(types):
        if kind not in POLICY_TYPES:
            faults.not_supported(("spec", "policyTypes", i), kind, POLICY_TYPES)


def create_network_policy(body: Body, context: Context, faults: Faults) -> None:
    """A NetworkPolicy: selectors, ports, peers."""
    _policy(body.get("spec") or {}, False, context, frozenset(), faults)


def update_network_policy(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one; blocks that stand there already, and values of selectors, are not looked at again."""
    before = old.get("spec") or {}
    selector = Faults()
    metadata.label_selector(before.get("podSelector"), (), selector)
    kept: set[str] = set()
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in before.get(direction) or ():
            for peer in rule.get(peers) or ():
                block = peer.get("ipBlock") or {}
                kept.update((block.get("cidr") or "", *(block.get("except") or ())))
    _policy(new.get("spec") or {}, bool(selector), context, frozenset(kept), faults)


# Ingress


def _host(host: str, path: Path, faults: Faults) -> bool:
    """Blame what is no host; True for one with a wildcard."""
    wildcard = "*" in host
    _names(path, host, formats.wildcard_subdomain if wildcard else formats.dns_subdomain, faults)
    return wildcard


def _path(entry: Body, path: Path, test: formats.Format, faults: Faults) -> None:
    kind, text = entry.get("pathType"), entry.get("path") or ""
    if kind is None:
        faults.required((*path, "pathType"), f"one of {', '.join(PATH_TYPES)}; Prefix is the usual one")
        return
    here = (*path, "path")
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            faults.invalid(here, f"{text!r} must begin with `/`")
        for sequence in _BAD_SEQUENCES:
            if sequence in text:
                faults.invalid(here, f"{text!r} must not hold `{sequence}`")
        for end in _BAD_ENDS:
            if text.endswith(end):
                faults.invalid(here, f"{text!r} must not end with `{end}`")
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            faults.invalid(here, f"{text!r} must begin with `/`")
    else:
        faults.not_supported((*path, "pathType"), kind, PATH_TYPES)
    _backend(entry.get("backend") or {}, (*path, "backend"), test, faults)


def _backend(backend: Body, path: Path, test: formats.Format, faults: Faults) -> None:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        faults.invalid(path, "a backend is either a service or a resource")
    elif resource is not None:
        _reference(resource, (*path, "resource"), faults)
    elif service is not None:
        name = service.get("name") or ""
        if not name:
            faults.required((*path, "service", "name"))
        else:
            _names((*path, "service", "name"), name, test, faults)
        port = service.get("port") or {}
        named, number = port.get("name") or "", port.get("number") or 0
        if named and number:
            faults.invalid(path, "a port is told by name or by number, not by both", "leave one of them out")
        elif named:
            _names((*path, "service", "port", "name"), named, formats.port_name, faults)
        elif number:
            if not 1 <= number <= 65535:
                faults.invalid((*path, "service", "port", "number"), f"{number} must be 1 to 65535")
        else:
            faults.required(path, "the port of the service must be told, by name or by number")
    else:
        faults.invalid(path, "a backend is a service or a resource")


def _reference(reference: Body, path: Path, faults: Faults) -> None:
    group = reference.get("apiGroup")
    if group is not None:
        _names((*path, "apiGroup"), group, formats.dns_subdomain, faults)
    for name in ("kind", "name"):
        value = reference.get(name) or ""
        if not value:
            faults.required((*path, name))
        else:
            _names((*path, name), value, formats.path_segment, faults)


def _rules(rules: list[Body], lenient_wildcards: bool, test: formats.Format, faults: Faults) -> None:
    for i, rule in enumerate(rules):
        path = ("spec", "rules", i)
        host = rule.get("host") or ""
        wildcard = False
        if host:
            if _is_address(host):
                faults.invalid((*path, "host"), f"{host} is an address; a host is a DNS name")
            wildcard = _host(host, (*path, "host"), faults)
        if not (wildcard and lenient_wildcards):
            _rule_value(rule, path, test, faults)


def _rule_value(rule: Body, path: Path, test: formats.Format, faults: Faults) -> None:
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        faults.required((*path, "http", "paths"))
    for j, entry in enumerate(http.get("paths") or ()):
        _path(entry, (*path, "http", "paths", j), test, faults)


def _is_address(text: str) -> bool:
    return addresses.read_block(f"{text}/{128 if ':' in text else 32}") is not None


def _ingress(body: Body, context: Context, faults: Faults, old: Body | None = None) -> None:
    spec = body.get("spec") or {}
    before = (old or {}).get("spec") or {}
    test = formats.dns_label if context.since(1, 36) or _digits_first(before) else formats.dns_1035_label
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        faults.invalid(("spec",), "rules or a defaultBackend must be there")
    if spec.get("defaultBackend") is not None:
        _backend(spec["defaultBackend"], ("spec", "defaultBackend"), test, faults)
    _rules(spec.get("rules") or [], _bad_wildcards(before), test, faults)
    lenient_secrets = any(
        formats.dns_subdomain(tls["secretName"]) for tls in before.get("tls") or () if tls.get("secretName")
    )
    for i, tls in enumerate(spec.get("tls") or ()):
        for j, host in enumerate(tls.get("hosts") or ()):
            _host(host, ("spec", "tls", i, "hosts", j), faults)
        if tls.get("secretName") and not lenient_secrets:
            _names(("spec", "tls", i, "secretName"), tls["secretName"], formats.dns_subdomain, faults)


def _bad_wildcards(spec: Body) -> bool:
    for rule in spec.get("rules") or ():
        if "*" in (rule.get("host") or ""):
            found = Faults()
            _rule_value(rule, (), formats.dns_1035_label, found)
            if found:
                return True
    return False


def _digits_first(spec: Body) -> bool:
    """Whether a stored Ingress names a Service that only the newer rule allows."""
    backends = [spec.get("defaultBackend") or {}]
    for rule in spec.get("rules") or ():
        backends += [p.get("backend") or {} for p in (rule.get("http") or {}).get("paths") or ()]
    for backend in backends:
        name = (backend.get("service") or {}).get("name") or ""
        if name and not formats.dns_label(name) and formats.dns_1035_label(name):
            return True
    return False


def create_ingress(body: Body, context: Context, faults: Faults) -> None:
    """An Ingress: backends, rules, hosts of certificates; the old annotation of the class must not contradict."""
    _ingress(body, context, faults)
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    if CLASS_ANNOTATION in annotations:
        name = (body.get("spec") or {}).get("ingressClassName")
        at = ("metadata", "annotations", CLASS_ANNOTATION)
        if name is None:
            faults.warn(at, f"the annotation {CLASS_ANNOTATION} is deprecated: write spec.ingressClassName")
        elif (annotations[CLASS_ANNOTATION] or "") != name:
            message = f"{annotations[CLASS_ANNOTATION]!r} contradicts spec.ingressClassName, which is {name!r}"
            faults.add("FieldValueInvalid", ("annotations", CLASS_ANNOTATION), message, at=at)


def update_ingress(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one, but for what older servers let through."""
    _ingress(new, context, faults, old)


def create_ingress_class(body: Body, context: Context, faults: Faults) -> None:
    """An IngressClass: a controller such as example.com/ingress, and what its parameters are."""
    spec = body.get("spec") or {}
    controller, path = spec.get("controller") or "", ("spec", "controller")
    if formats.size(controller) > _CONTROLLER_LIMIT:
        faults.too_long(path, _CONTROLLER_LIMIT)
    domain, _, rest = controller.partition("/")
    if not controller:
        faults.required(path)
    elif not domain or not rest:
        faults.invalid(path, f"{controller!r} must be a domain and a path, such as example.com/ingress")
    else:
        _names(path, domain, formats.dns_subdomain, faults)
        if not _HTTP_PATH.fullmatch(rest):
            faults.invalid(path, f"{rest!r} holds what no path of a URL holds")
    parameters = spec.get("parameters")
    if parameters is not None:
        _class_parameters(parameters, ("spec", "parameters"), faults)


def _class_parameters(parameters: Body, path: Path, faults: Faults) -> None:
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope == "Namespace":
        if namespace is None:
            faults.required((*path, "namespace"), "scope Namespace needs a namespace")
        else:
            _names((*path, "namespace"), namespace, formats.dns_label, faults)
    elif scope == "Cluster" and namespace is not None:
        faults.forbidden((*path, "namespace"), "scope Cluster takes no namespace")


# IPAddress and ServiceCIDR


def canonical_ip(value: str) -> list[str]:
    """An address in its one usual spelling."""
    found = formats.strict_ip(value)
    address = formats.parse_ip(value)
    if not found and str(address) != value:
        found = [f"{value!r} is usually written {address}"]
    return found


def _canonical_block(value: str) -> list[str]:
    found = formats.strict_cidr(value)
    block = formats.parse_cidr(value)
    if not found and block is not None and str(block.network) != value:
        found = [f"{value!r} is usually written {block.network}"]
    return found


def create_ip_address(body: Body, context: Context, faults: Faults) -> None:
    """An IPAddress: its name is the address, its spec says whose."""
    metadata.names(body.get("metadata") or {}, canonical_ip, faults, masked=False)


def create_service_cidr(body: Body, context: Context, faults: Faults) -> None:
    """A ServiceCIDR: one block, or one of each IP family."""
    _cidrs((body.get("spec") or {}).get("cidrs") or [], faults)


def _cidrs(cidrs: list[str], faults: Faults) -> None:
    path: Path = ("spec", "cidrs")
    if not cidrs:
        faults.required(path, "at least one block of addresses")
        return
    if len(cidrs) > 2:
        faults.invalid(path, "two blocks at most, one of each IP family")
        return
    for i, text in enumerate(cidrs):
        _names((*path, i), text, _canonical_block, faults)
    if len(cidrs) == 2:
        first, second = (addresses.read_block(text) for text in cidrs)
        if first is not None and second is not None and first.version == second.version:
            faults.invalid(path, "one block of each IP family at most")


def update_service_cidr(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A second block may be added, of the other family; nothing else changes."""
    after, before = (list((b.get("spec") or {}).get("cidrs") or ()) for b in (new, old))
    if len(after) == len(before):
        for i, text in enumerate(before):
            if text != after[i]:
                changed(faults, ("spec", "cidrs", i))
    elif (len(before), len(after)) == (1, 2):
        if before[0] != after[0]:
            changed(faults, ("spec", "cidrs", 0))
        _cidrs(after, faults)
    else:
        changed(faults, ("spec", "cidrs"))


CREATE = {
    "NetworkPolicy": create_network_policy,
    "Ingress": create_ingress,
    "IngressClass": create_ingress_class,
    "IPAddress": create_ip_address,
    "ServiceCIDR": create_service_cidr,
}
UPDATE = {
    "NetworkPolicy": update_network_policy,
    "Ingress": update_ingress,
    "ServiceCIDR": update_service_cidr,
}
