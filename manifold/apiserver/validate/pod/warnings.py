"""What the server warns of in a Pod or a Pod template, though it takes it.

Follows kubernetes v1.37.2 pkg/api/pod/warnings.go and pkg/api/node/util.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.claims import fractional, warn_of_fractions
from manifold.apiserver.validate.pod import security
from manifold.apiserver.validate.pod.scheduling import PREFERRED, REQUIRED
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.apiserver.warnings import table
from manifold.k8s import formats
from manifold.k8s.pods import APPARMOR, apparmor_profile
from manifold.k8s.pods import containers as every
from manifold.model import MapKey, Path, spell
from manifold.patterns import late

_CONTROL = late(r"[\x00-\x1f\x7f-\x9f]")


def deprecated_label(key: str) -> str:
    """What to say of a deprecated label of nodes; empty for any other."""
    instead = table("node-labels").get(key)
    if instead is None:
        return ""
    return f"label {key} is deprecated" + (f": use {instead}" if instead else "")


def _fraction(resources: Any, path: Path, faults: Faults) -> None:
    for name in ("memory", "ephemeral-storage"):
        text = resources.get(name)
        if text is not None and fractional(text):
            faults.warn((*path, MapKey(name)), f"{text} is a fraction of bytes: `m` is a thousandth, `M` a million")


def warn(spec: Body, meta: Mapping[str, Any], path: Path, scope: Scope) -> None:
    """Warn of what is in a Pod spec; `path` is that of the Pod or of its template."""
    faults = scope.faults
    notes: Mapping[str, str] = meta.get("annotations") or {}
    where = (*path, "spec")
    for field, value in spec.items():
        if value:
            look = _LOOKS.get(field)
            if look is not None:
                look(value, (*where, field), scope)
    grace = spec.get("terminationGracePeriodSeconds")
    if not scope.is_pod and grace is not None and grace < 0:  # a Pod gets 1 before anybody looks
        faults.warn((*where, "terminationGracePeriodSeconds"), f"{grace} is taken as 1")
    if notes:
        _annotations(notes, spec, path, scope)
    _containers(spec, where, scope)


def _node_selector(selector: Mapping[str, str], path: Path, scope: Scope) -> None:
    faults = scope.faults
    for key in selector:
        if said := deprecated_label(key):
            faults.warn((*path, MapKey(key)), said)


def _term(term: Body, path: Path, faults: Faults, values: bool) -> None:
    for i, expression in enumerate(term.get("matchExpressions") or ()):
        key = expression.get("key") or ""
        here = (*path, "matchExpressions", i)
        if said := deprecated_label(key):
            faults.warn((*here, "key"), said)
        if values:
            for j, value in enumerate(expression.get("values") or ()):
                # The server's warning quotes the value; one with control characters fits in no header and is lost.
                if not _CONTROL.search(value):
                    for message in formats.label_value(value):
                        faults.warn((*here, "values", j), message)


def node_term(term: Body, path: Path, faults: Faults) -> None:
    """Warn of a node selector term that names deprecated labels, or values that no label has."""
    _term(term, path, faults, values=True)


def _affinity(affinity: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    node = affinity.get("nodeAffinity")
    if node:
        here = (*path, "nodeAffinity")
        for i, term in enumerate((node.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()):
            _term(term, (*here, REQUIRED, "nodeSelectorTerms", i), faults, False)
        for i, weighted in enumerate(node.get(PREFERRED) or ()):
            _term(
                weighted.get("preference") or {}, (*here, PREFERRED, i, "preference"), faults, scope.release >= (1, 33)
            )
    for field in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(field)
        if not pods:
            continue
        for i, term in enumerate(pods.get(REQUIRED) or ()):
            if term.get("labelSelector") is None:
                faults.warn((*path, field, REQUIRED, i, "labelSelector"), _NO_SELECTOR)
        for i, weighted in enumerate(pods.get(PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                faults.warn((*path, field, PREFERRED, i, "podAffinityTerm", "labelSelector"), _NO_SELECTOR)


_NO_SELECTOR = "without a labelSelector no Pod matches"


def _spread(constraints: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    for i, constraint in enumerate(constraints):
        key = constraint.get("topologyKey") or ""
        if said := deprecated_label(key):
            faults.warn((*path, i, "topologyKey"), said)
        if constraint.get("labelSelector") is None:
            faults.warn((*path, i, "labelSelector"), _NO_SELECTOR)


def _volumes(volumes: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    gone = table("pod-volumes")
    for i, volume in enumerate(volumes):
        for source, value in volume.items():
            if source == "name" or value is None:
                continue
            if source in gone:
                faults.warn((*path, i, source), f"volume type {source}: {gone[source]}")
            elif source == "ephemeral":
                template = value.get("volumeClaimTemplate")
                if template:
                    warn_of_fractions(
                        template.get("spec") or {}, (*path, i, source, "volumeClaimTemplate", "spec"), faults
                    )
            elif source in ("configMap", "secret", "downwardAPI"):
                items = value.get("items")
                if items and len(items) > 1 and scope.release >= (1, 32):
                    _overlaps([item.get("path") or "" for item in items], (*path, i, source), faults)
            elif source == "projected" and scope.release >= (1, 32):
                _projected(value, (*path, i, source), faults)


def _projected(volume: Body, path: Path, faults: Faults) -> None:
    paths: list[str] = []
    for i, source in enumerate(volume.get("sources") or ()):
        if not any(value is not None for value in source.values()):
            faults.warn((*path, "sources", i), "this projection has no source")
            continue
        for kind in ("configMap", "secret", "downwardAPI"):
            items = (source.get(kind) or {}).get("items")
            if items is not None:
                paths += [item.get("path") or "" for item in items]
                break
        else:
            for kind in ("serviceAccountToken", "clusterTrustBundle"):
                if source.get(kind) is not None:
                    paths.append(source[kind].get("path") or "")
                    break
            else:
                certificate = source.get("podCertificate") or {}
                names = ("certificateChainPath", "keyPath", "credentialBundlePath")
                paths += [certificate[name] for name in names if certificate.get(name)]
    if len(paths) > 1:
        _overlaps(paths, path, faults)


def _overlaps(paths: list[str], path: Path, faults: Faults) -> None:
    seen: list[str] = []
    for text in paths:
        bare = text.rstrip("/")
        if bare:
            for other in seen:
                if other and (f"{other}/".startswith(f"{bare}/") or f"{bare}/".startswith(f"{other}/")):
                    both = f"the path {bare!r} stands here twice"
                    both = both if bare == other else f"paths {other!r} and {bare!r} overlap"
                    faults.warn(path, f"{both}: one hides the other")
        seen.append(bare)


def _host_aliases(aliases: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    seen: set[str] = set()
    for i, alias in enumerate(aliases):
        ip = alias.get("ip") or ""
        if ip in seen:
            faults.warn((*path, i, "ip"), f"{ip!r} has an entry already")
        seen.add(ip)
        if scope.release >= (1, 33):
            ip_form(ip, (*path, i, "ip"), faults)


def _dns_config(config: Body, path: Path, scope: Scope) -> None:
    if scope.release >= (1, 33):
        for i, server in enumerate(config.get("nameservers") or ()):
            ip_form(server, (*path, "nameservers", i), scope.faults)


def ip_form(value: str, path: Path, faults: Faults) -> None:
    """Warn of an IP address in an unusual spelling."""
    import ipaddress

    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        if value and all(part.isdecimal() for part in value.split(".")) and value.count(".") == 3:
            faults.warn(path, f"{value!r} has leading zeros: write it without")
        return
    if address.version == 6:
        if address.ipv4_mapped is not None:
            faults.warn(path, f"{value!r} is an IPv4 address in an IPv6 one: write {address.ipv4_mapped}")
        elif str(address) != value:
            faults.warn(path, f"{value!r} is usually written {address}")


def _pull_secrets(secrets: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    seen: set[str] = set()
    for i, secret in enumerate(secrets):
        name = secret.get("name") or ""
        if name in seen:
            faults.warn((*path, i, "name"), f"{name!r} is in the list already")
        seen.add(name)
        if not name:
            faults.warn((*path, i, "name"), "must not be empty")


def _overhead(overhead: Body, path: Path, scope: Scope) -> None:
    _fraction(overhead, path, scope.faults)


_LOOKS: dict[str, Callable[[Any, Path, Scope], None]] = {
    "nodeSelector": _node_selector,
    "affinity": _affinity,
    "topologySpreadConstraints": _spread,
    "volumes": _volumes,
    "hostAliases": _host_aliases,
    "dnsConfig": _dns_config,
    "imagePullSecrets": _pull_secrets,
    "overhead": _overhead,
}


def _annotations(notes: Mapping[str, str], spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    where = (*path, "metadata", "annotations")
    profiles, gone = False, table("pod-annotations")
    for key in notes:
        if key in gone:
            faults.warn((*where, MapKey(key)), gone[key])
        elif key == security.SECCOMP_POD:
            if not (spec.get("securityContext") or {}).get("seccompProfile"):
                faults.warn((*where, MapKey(key)), "does nothing since 1.27: use securityContext.seccompProfile")
        profiles = profiles or key.startswith("container.")
    if not profiles:
        return
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    for container, _ in every(spec):
        context = container.get("securityContext") or {}
        key = f"{security.SECCOMP_CONTAINER}{container.get('name') or ''}"
        if key in notes and not context.get("seccompProfile"):
            faults.warn((*where, MapKey(key)), "does nothing since 1.27: use securityContext.seccompProfile")
        key = f"{APPARMOR}{container.get('name') or ''}"
        if key in notes and context.get("appArmorProfile") is None and scope.release >= (1, 30):
            meant = apparmor_profile(notes[key])
            # A Pod gets the field from a valid annotation; what says the same as the Pod's own profile is not worth a word.
            if own is None or (meant != own and (scope.is_pod or scope.release >= (1, 34))):
                if not (scope.is_pod and scope.os == "windows"):
                    faults.warn((*where, MapKey(key)), "deprecated since 1.30: use securityContext.appArmorProfile")


def _containers(spec: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    ports: dict[tuple[int, str], list[tuple[Path, Body]]] = {}
    names: set[str] = set()
    for field in ("initContainers", "containers", "ephemeralContainers"):
        found = spec.get(field)
        if not found:
            continue
        for i, container in enumerate(found):
            resources = container.get("resources")
            if resources:
                for which in ("limits", "requests"):
                    asked = resources.get(which)
                    if asked:
                        _fraction(asked, (*path, field, i, "resources", which), faults)
            env = container.get("env")
            if env and len(env) > 1:
                _hidden(env, (*path, field, i, "env"), faults)
            for j, port in enumerate(container.get("ports") or ()):
                _port(port, (*path, field, i, "ports", j), ports, names, scope)


def _hidden(env: list[Body], path: Path, faults: Faults) -> None:
    seen: set[str] = set()
    for i, variable in enumerate(env):
        name = variable.get("name") or ""
        if name in seen:
            reference = f"$({name})"
            value = variable.get("value") or ""
            if variable.get("valueFrom") is not None or value == reference or reference not in value:
                faults.warn((*path, i), f"hides the {name} before it, and one of both may be lost with kubectl apply")
        seen.add(name)


def _port(
    port: Body, path: Path, ports: dict[tuple[int, str], list[tuple[Path, Body]]], names: set[str], scope: Scope
) -> None:
    faults = scope.faults
    ip, host = port.get("hostIP") or "", port.get("hostPort") or 0
    if ip and not host:
        faults.warn(path, "hostIP does nothing without hostPort")
    key = (port.get("containerPort") or 0, port.get("protocol") or "TCP")
    others = ports.setdefault(key, [])
    for where, other in others:
        its_ip, its_host = other.get("hostIP") or "", other.get("hostPort") or 0
        if ip == its_ip and host == its_host:
            faults.warn(path, f"port {key[0]}/{key[1]} is there already, at {spell(where)}")
        elif not host or not its_host:
            faults.warn(path, f"port {key[0]}/{key[1]} overlaps with {spell(where)}")
        elif host == its_host and bool(ip) != bool(its_ip):
            faults.warn(path, f"host port {host} is ambiguous beside {spell(where)}: one has a hostIP, one has none")
    others.append((path, port))
    name = port.get("name")
    if name and scope.release >= (1, 33):
        if name in names:
            faults.warn(path, f"port name {name!r} is there already: Services and probes use the first")
        names.add(name)
