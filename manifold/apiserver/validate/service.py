"""Services.

Follows kubernetes v1.37.2 pkg/apis/core/validation (validateService and what it calls), pkg/registry/core/service/storage
(what is asked when addresses and ports are picked) and pkg/api/service (warnings). What one value alone must be stands in
schemas/constraints/core.yaml.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver import faults as reasons
from manifold.apiserver.context import Context
from manifold.apiserver.decode import ALLOCATED as PREFIX
from manifold.apiserver.faults import Faults
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import addresses, metadata
from manifold.apiserver.validate.pod import warnings
from manifold.k8s import formats
from manifold.model import MapKey, Path

Body = dict[str, Any]

SPEC: Path = ("spec",)
TRAFFIC_POLICIES = ("Cluster", "Local")
FAMILIES = ("IPv4", "IPv6")
FAMILY_POLICIES = ("SingleStack", "PreferDualStack", "RequireDualStack")
LONGEST_AFFINITY = 86400
NODE_PORTS = range(30000, 32768)  # kube-apiserver's default for --service-node-port-range
TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"
SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def _invalid(path: Path, messages: list[str], faults: Faults) -> None:
    for message in messages:
        faults.invalid(path, message)


def headless(spec: Body) -> bool:
    """Whether a Service asks for no address of its own."""
    addresses_ = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    return addresses_[:1] == ["None"]


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _families_of(several: list[str], old: Body) -> list[str]:
    """The family of each address; of one that the server picked it is told by the stored object, or not known: empty."""
    stored = list(zip(old.get("clusterIPs") or (), old.get("ipFamilies") or (), strict=False))
    by_address = dict(stored)
    return [
        (stored[i][1] if i < len(stored) and stored[i][0] == a else by_address.get(a, ""))
        if _is_picked(a)
        else _family(a)
        for i, a in enumerate(several)
    ]


def _accessible(spec: Body) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _checks_health(spec: Body) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _is_port(value: Any) -> bool:
    return _is_picked(value) or (isinstance(value, int) and 1 <= value <= 65535)


def _is_picked(value: Any) -> bool:
    """Whether a value stands for what the server picks."""
    return isinstance(value, str) and value.startswith(PREFIX)


def _requested(port: Any) -> bool:
    """Whether the user asks for a port: the server takes a negative number for none."""
    return isinstance(port, int) and port > 0


def _port(port: Body, named: bool, seen: set[str], path: Path, faults: Faults) -> None:
    name = port.get("name") or ""
    if not name:
        if named:
            faults.required((*path, "name"), "with several ports each needs a name")
    else:
        if name in seen:
            faults.duplicate((*path, "name"), name)
        seen.add(name)
    target = port.get("targetPort")
    if isinstance(target, str):
        _invalid((*path, "targetPort"), formats.port_name(target), faults)
    elif not _is_port(target):
        faults.invalid((*path, "targetPort"), f"{target} must be 1 to 65535")


def _has_node_ports(spec: Body) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def _pick_node_ports(spec: Body, faults: Faults) -> list[Any]:
    """The node port of each port as the server picks it on create: equal ports share one (initNodePorts).

    What the server is to pick stands as a text, the same for ports that share it. Blames the first node port that is
    asked for and is not free.
    """
    ports = spec.get("ports") or []
    found = [p.get("nodePort") or 0 for p in ports]
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return found
    asked: dict[Any, Any] = {}
    for port in ports:
        if port.get("nodePort"):
            asked.setdefault(port.get("port") or 0, port["nodePort"])
    taken: set[Any] = set()
    known: dict[Any, Any] = {}
    for i, port in enumerate(ports):
        number = port.get("port") or 0
        if not found[i] and not _has_node_ports(spec):
            continue
        if number in known and found[i] in (0, known[number]):
            found[i] = known[number]
            continue
        wanted = found[i] if number in known else asked.get(number)
        if not wanted:
            found[i] = known[number] = f"{PREFIX} {number}"
            continue
        path = (*SPEC, "ports", i, "nodePort")
        if wanted in taken and not _is_picked(wanted):
            faults.invalid(
                path, f"{wanted} is taken by another port of this Service: each needs a node port of its own"
            )
            return found
        if _requested(wanted) and wanted not in NODE_PORTS:
            faults.invalid(path, f"{wanted} must be {NODE_PORTS[0]} to {NODE_PORTS[-1]}")
            return found
        taken.add(wanted)
        found[i] = wanted
        known.setdefault(number, wanted)
    return found


def _ports(spec: Body, picked: list[Any], faults: Faults) -> None:
    """`picked` are the node ports, with what the server picks."""
    ports, kind = spec.get("ports") or [], spec.get("type")
    names: set[str] = set()
    node_ports: set[tuple[Any, Any]] = set()
    numbers: set[tuple[Any, Any]] = set()
    for i, port in enumerate(ports):
        path = (*SPEC, "ports", i)
        _port(port, len(ports) > 1, names, path, faults)
        protocol, node_port = port.get("protocol"), picked[i]
        if node_port:
            if kind == "ClusterIP":
                faults.forbidden((*path, "nodePort"), "a Service of type ClusterIP has no nodePort", "remove it")
            elif kind in ("NodePort", "LoadBalancer") and _requested(node_port) and node_port not in NODE_PORTS:
                faults.invalid((*path, "nodePort"), f"{node_port} must be {NODE_PORTS[0]} to {NODE_PORTS[-1]}")
            # Ports of an older server's answer, or of a preview, are picked each by itself.
            if not _is_picked(port.get("nodePort")):
                if (protocol, node_port) in node_ports:
                    if _is_picked(node_port):
                        faults.add(
                            reasons.DUPLICATE,
                            (*path, "nodePort"),
                            f"the server gives equal ports one node port: {port.get('port')}/{protocol} stands here twice",
                        )
                    else:
                        faults.duplicate((*path, "nodePort"), node_port)
                node_ports.add((protocol, node_port))
        if (protocol, port.get("port")) in numbers:
            faults.duplicate(path, f"{port.get('port')}/{protocol}")
        numbers.add((protocol, port.get("port")))


def _affinity(spec: Body, faults: Faults) -> None:
    affinity, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    path = (*SPEC, "sessionAffinityConfig")
    if affinity == "None" and config is not None:
        faults.forbidden(path, "goes with sessionAffinity: ClientIP only")
    if affinity != "ClientIP":
        return
    client = (config or {}).get("clientIP")
    if config is None:
        faults.required(path)
    elif client is None:
        faults.required((*path, "clientIP"))
    elif client.get("timeoutSeconds") is None:
        faults.required((*path, "clientIP", "timeoutSeconds"))
    elif not 0 < client["timeoutSeconds"] <= LONGEST_AFFINITY:
        faults.invalid(
            (*path, "clientIP", "timeoutSeconds"), f"{client['timeoutSeconds']} must be 1 to {LONGEST_AFFINITY}"
        )


def _cluster_ips(spec: Body, old: Body | None, context: Context, faults: Faults) -> None:
    """What addresses and families must be to one another (ValidateServiceClusterIPsRelatedFields)."""
    if spec.get("type") == "ExternalName":
        return
    path, families_path = (*SPEC, "clusterIPs"), (*SPEC, "ipFamilies")
    first, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if first:
        if not several:
            faults.required(path)
        elif several[0] != first:
            faults.invalid(path, "its first value must be that of clusterIP")
    elif several:
        faults.invalid(path, "must be empty where clusterIP is not set")
    seen: set[str] = set()
    families = spec.get("ipFamilies") or []
    for i, family in enumerate(families):
        if family not in FAMILIES:
            faults.not_supported((*families_path, i), family, FAMILIES)
        if family in seen:
            faults.duplicate((*families_path, i), family)
        seen.add(family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in FAMILY_POLICIES:
        faults.not_supported((*SPEC, "ipFamilyPolicy"), policy, FAMILY_POLICIES)
    kept = (old or {}).get("clusterIPs") or ()
    bad = False
    for i, address in enumerate(several):
        if i == 0 and address == "None":
            if len(several) > 1:
                bad = True
                faults.invalid(path, "None must be the only value")
            continue
        if not _is_picked(address):
            bad = not addresses.address(address, (*path, i), context, kept, faults) or bad
    if len(several) > 2:
        faults.invalid(path, "at most two addresses are allowed, one of each family")
    found = _families_of(several, old or {})
    if bad or "" in found:
        return
    if len(set(found)) != len(several):
        faults.invalid(path, "at most one address of each family is allowed")
    if not headless(spec):
        for i, (address, own, family) in enumerate(zip(several, found, families, strict=False)):
            if family in FAMILIES and own != family:
                faults.invalid((*path, i), f"ipFamilies[{i}] is {family}, and {address} is none")


def _stays_preferred(spec: Body, old: Body) -> bool:
    """Whether an update leaves a Service that prefers two stacks as it is (isMatchingPreferDualStackClusterIPFields)."""
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer") or spec["type"] != old.get("type"):
        return False
    if spec.get("ipFamilyPolicy") != "PreferDualStack" or old.get("ipFamilyPolicy") not in (None, "PreferDualStack"):
        return False
    return all((spec.get(name) or []) == (old.get(name) or []) for name in ("clusterIPs", "ipFamilies"))


def _picked(spec: Body, old: Body | None, faults: Faults) -> None:
    """What the server asks when it picks addresses: one stack has one address and one family (initIPFamilyFields)."""
    if spec.get("type") == "ExternalName":
        return
    policy, families = spec.get("ipFamilyPolicy"), spec.get("ipFamilies") or ()
    several = spec.get("clusterIPs") or ()
    if policy is None:
        policy = "RequireDualStack" if headless(spec) and not spec.get("selector") else "SingleStack"
    if old is not None and policy != "SingleStack":
        for name, what in (("clusterIPs", "address"), ("ipFamilies", "family")):
            if spec.get(name) and len(spec[name]) < len(old.get(name) or ()):
                faults.invalid((*SPEC, "ipFamilyPolicy"), f"must be SingleStack to give up the second {what}")
    if policy == "SingleStack":
        for name, values in (("addresses", several), ("families", families)):
            if len(values) == 2:
                faults.invalid(
                    (*SPEC, "ipFamilyPolicy"), f"two {name} need RequireDualStack or PreferDualStack, not SingleStack"
                )


def _balancer(body: Body, spec: Body, old: Body | None, context: Context, faults: Faults) -> None:
    balanced = spec.get("type") == "LoadBalancer"
    ranges = spec.get("loadBalancerSourceRanges") or ()
    notes = (body.get("metadata") or {}).get("annotations") or {}
    before = ((old or {}).get("metadata") or {}).get("annotations") or {}
    only = "goes with a Service of type LoadBalancer only"
    if ranges:
        path: Path = (*SPEC, "LoadBalancerSourceRanges")
        if not balanced:
            faults.add(reasons.FORBIDDEN, path, only, at=(*SPEC, "loadBalancerSourceRanges"))
        kept = [v.strip() for v in ((old or {}).get("spec") or {}).get("loadBalancerSourceRanges") or ()]
        for i, value in enumerate(ranges):
            found = Faults()
            addresses.block(value.strip(), (*path, i), context, kept, found)
            faults.extend(f._replace(at=(*SPEC, "loadBalancerSourceRanges", i)) for f in found if not f.warning)
    elif SOURCE_RANGES in notes:
        path = ("metadata", "annotations", MapKey(SOURCE_RANGES))
        if not balanced:
            faults.forbidden(path, only)
        text = notes[SOURCE_RANGES].strip()
        if text and (old is None or before.get(SOURCE_RANGES) != notes[SOURCE_RANGES]):
            for value in text.split(","):
                found = Faults()
                addresses.block(value.strip(), path, context, (), found)
                faults.extend(f for f in found if not f.warning)
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balanced:
        faults.forbidden((*SPEC, "allocateLoadBalancerNodePorts"), only)
    chosen = spec.get("loadBalancerClass")
    if chosen is not None:
        if balanced:
            _invalid((*SPEC, "loadBalancerClass"), formats.qualified_name(chosen), faults)
        else:
            faults.forbidden((*SPEC, "loadBalancerClass"), only)


def _traffic(spec: Body, context: Context, faults: Faults) -> None:
    policy = spec.get("externalTrafficPolicy") or ""
    path: Path = (*SPEC, "externalTrafficPolicy")
    if not _accessible(spec):
        if policy:
            faults.invalid(path, "goes with a Service that can be reached from outside only")
    elif not policy:
        faults.required(path)
    elif policy not in TRAFFIC_POLICIES:
        faults.not_supported(path, policy, TRAFFIC_POLICIES)
    health = spec.get("healthCheckNodePort") or 0
    if health and not _checks_health(spec):
        faults.invalid(
            (*SPEC, "healthCheckNodePort"), "goes with type LoadBalancer and externalTrafficPolicy: Local only"
        )
    elif health and not _is_picked(health) and health not in NODE_PORTS:
        faults.invalid((*SPEC, "healthCheckNodePort"), f"{health} must be {NODE_PORTS[0]} to {NODE_PORTS[-1]}")
    if spec.get("internalTrafficPolicy") is None and spec.get("type") in ("NodePort", "LoadBalancer", "ClusterIP"):
        faults.required((*SPEC, "internalTrafficPolicy"))


def _of_type(spec: Body, faults: Faults) -> None:
    kind = spec.get("type") or ""
    if not spec.get("ports") and not headless(spec) and kind != "ExternalName":
        faults.required((*SPEC, "ports"), "a Service needs ports, unless it is headless")
    if kind in ("LoadBalancer", "NodePort") and headless(spec):
        faults.invalid((*SPEC, "clusterIPs", 0), f"a Service of type {kind} cannot be headless")
    if kind == "ExternalName":
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name):
                faults.forbidden((*SPEC, name), "goes without type ExternalName only")
        name = (spec.get("externalName") or "").removesuffix(".")
        if name:
            _invalid((*SPEC, "externalName"), formats.dns_subdomain(name), faults)
        else:
            faults.required((*SPEC, "externalName"))


def _service(body: Body, old: Body | None, context: Context, faults: Faults) -> None:
    spec = body.get("spec") or {}
    before = (old or {}).get("spec") or {}
    notes = (body.get("metadata") or {}).get("annotations") or {}
    if TOPOLOGY_MODE in notes and TOPOLOGY_HINTS in notes and notes[TOPOLOGY_MODE] != notes[TOPOLOGY_HINTS]:
        path = ("metadata", "annotations", MapKey(TOPOLOGY_MODE))
        faults.invalid(path, f"must say what the annotation {TOPOLOGY_HINTS} says", f"remove {TOPOLOGY_HINTS}")
    first = Faults()
    _cluster_ips(spec, before, context, first)
    unchanged = old is not None and _stays_preferred(spec, before)
    if not first and not unchanged:
        _picked(spec, before if old is not None else None, first)
    picked = [p.get("nodePort") or 0 for p in spec.get("ports") or ()]
    if not first and old is None:
        picked = _pick_node_ports(spec, first)
    if unchanged:
        faults.extend(first)
    _of_type(spec, faults)
    _ports(spec, picked, faults)
    if spec.get("selector") is not None:
        metadata.labels(spec["selector"], (*SPEC, "selector"), faults)
    _affinity(spec, faults)
    kept = before.get("externalIPs") or ()
    for i, address in enumerate(spec.get("externalIPs") or ()):
        here = (*SPEC, "externalIPs", i)
        if addresses.address(address, here, context, kept, faults):
            addresses.endpoint(address, here, faults)
    _balancer(body, spec, old, context, faults)
    _traffic(spec, context, faults)
    _warn(spec, notes, context, faults)
    if first and not unchanged:
        # The server picks addresses and ports before it looks at anything else, and goes no further when it cannot.
        places = {f.path for f in first}
        rest = [f if f.warning else f._replace(later=True) for f in faults if f.path not in places]
        faults[:] = [*first, *rest]


def _warn(spec: Body, notes: Body, context: Context, faults: Faults) -> None:
    kind = spec.get("type")
    if TOPOLOGY_HINTS in notes:
        path = ("metadata", "annotations", MapKey(TOPOLOGY_HINTS))
        faults.warn(path, f"the annotation is deprecated: use {TOPOLOGY_MODE}")
    if headless(spec):
        affine = spec.get("sessionAffinity") != "None" or not context.since(1, 35)
        for name, used in (
            ("loadBalancerIP", spec.get("loadBalancerIP")),
            ("externalIPs", spec.get("externalIPs")),
            ("sessionAffinity", affine),
        ):
            if used and context.since(1, 34):
                faults.warn((*SPEC, name), f"{name} means nothing in a headless Service")
    elif kind != "ExternalName":
        for i, address in enumerate(spec.get("clusterIPs") or ()):
            warnings.ip_form(address, (*SPEC, "clusterIPs", i), faults)
        if spec.get("externalIPs") and context.since(1, 36):
            faults.warn((*SPEC, "externalIPs"), "externalIPs is deprecated: some clusters ignore it")
    for i, address in enumerate(spec.get("externalIPs") or ()):
        warnings.ip_form(address, (*SPEC, "externalIPs", i), faults)
    if spec.get("loadBalancerIP"):
        warnings.ip_form(spec["loadBalancerIP"], (*SPEC, "loadBalancerIP"), faults)
    for i, block in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        found = Faults()
        addresses.block(block, (*SPEC, "loadBalancerSourceRanges", i), context, (), found)
        faults.extend(f for f in found if f.warning)
    if kind == "ExternalName" and spec.get("externalIPs"):
        faults.warn((*SPEC, "externalIPs"), "externalIPs means nothing in a Service of type ExternalName")
    if kind != "ExternalName" and spec.get("externalName"):
        faults.warn((*SPEC, "externalName"), "externalName means nothing but in a Service of type ExternalName")
    if spec.get("trafficDistribution") == "PreferClose" and context.since(1, 35):
        faults.warn((*SPEC, "trafficDistribution"), "PreferClose is deprecated: write PreferSameZone")


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new Service."""
    _service(body, None, context, faults)


def _kept_addresses(new: Body, old: Body, faults: Faults) -> None:
    """Addresses and families stay; a second one may come and go with the policy that allows it."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return
    for name, what in (("clusterIPs", "address"), ("ipFamilies", "family")):
        if headless(new) and headless(old):
            return
        if name == "ipFamilies" and headless(new) != headless(old):
            return
        after, before, path = new.get(name) or [], old.get(name) or [], (*SPEC, name)
        if len(after) == len(before):
            for i, value in enumerate(before):
                if after[i] != value:
                    changed(faults, (*path, i if name == "clusterIPs" else 0), (*path, i))
        elif len(after) < len(before):
            if not (new.get("clusterIPs") or []):
                faults.invalid((*path, 0), f"the first {what} cannot be given up")
            if after and after[0] != before[0]:
                changed(faults, (*path, 0))
            if len(after) == 1 and new.get("ipFamilyPolicy") != "SingleStack":
                faults.invalid((*SPEC, "ipFamilyPolicy"), f"must be SingleStack to give up the second {what}")
        elif before and after and after[0] != before[0]:
            changed(faults, (*path, 0))


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """A Service keeps its addresses, its class of load balancer and the port of its health check."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    _kept_addresses(after, before, faults)
    balanced = after.get("type") == "LoadBalancer" == before.get("type")
    if balanced and after.get("loadBalancerClass") != before.get("loadBalancerClass"):
        changed(faults, (*SPEC, "loadBalancerClass"))
    if _checks_health(before) and _checks_health(after):
        had, has = before.get("healthCheckNodePort") or 0, after.get("healthCheckNodePort") or 0
        if had != has:
            changed(faults, (*SPEC, "healthCheckNodePort"), reason=reasons.FORBIDDEN)
    _service(new, old, context, faults)
