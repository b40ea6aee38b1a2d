"""Containers, init containers, ephemeral containers.

Follows kubernetes v1.37.2 pkg/apis/core/validation: validateContainerCommon, validateContainers,
validateInitContainers, validateEphemeralContainers and what they call. What one value alone must be stands in
schemas/constraints/core-pod.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod import security
from manifold.apiserver.validate.pod.fields import ENV_FIELDS, field_ref, resource_field_ref
from manifold.apiserver.validate.pod.resources import requirements
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.apiserver.validate.pod.volumes import blame
from manifold.k8s import formats
from manifold.model import Path

RESTART_RULES = (1, 35)
RESTART_ALL = (1, 36)
ENV_FILES = (1, 35)
SLEEP_ZERO = (1, 33)

_RESTART_POLICIES = frozenset(("Always", "Never", "OnFailure"))
_OPERATORS = frozenset(("In", "NotIn"))
_SCHEMES = frozenset(("HTTP", "HTTPS"))
_PROPAGATION = frozenset(("Bidirectional", "HostToContainer", "None"))
_RECURSIVE = frozenset(("Disabled", "IfPossible", "Enabled"))
_RESIZED = frozenset(("cpu", "memory"))
_RESIZE_POLICIES = frozenset(("NotRequired", "RestartContainer"))


def _ports(ports: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    names: set[str] = set()
    for i, port in enumerate(ports):
        name = port.get("name")
        if name and (len(ports) == 1 or not formats.port_name(name)):
            if name in names:
                faults.duplicate((*path, i, "name"), name)
            names.add(name)


def _file_ref(ref: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    volume = ref.get("volumeName") or ""
    found = next((v for v in scope.listed if (v.get("name") or "") == volume), None)
    if found is None:
        faults.not_found((*path, "volumeName"), f"the Pod has no volume {volume!r}" if volume else "no volume is named")
    elif found.get("emptyDir") is None and any(k != "name" for k in found):
        faults.invalid((*path, "volumeName"), f"volume {volume!r} must be an emptyDir")


def _value_from(variable: Body, source: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    count = 0
    for kind in ("secretKeyRef", "configMapKeyRef"):
        if source.get(kind) is not None:
            count += 1
    ref = source.get("fieldRef")
    if ref is not None:
        count += 1
        field_ref(ref, ENV_FIELDS, (*path, "fieldRef"), faults)
    ref = source.get("resourceFieldRef")
    if ref is not None:
        count += 1
        resource_field_ref(ref, (*path, "resourceFieldRef"), faults, volume=False)
    ref = source.get("fileKeyRef")
    if ref is not None and scope.release >= ENV_FILES:
        count += 1
        _file_ref(ref, (*path, "fileKeyRef"), scope)
    if not count:
        faults.invalid(path, "one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef must be set")
    elif variable.get("value"):
        faults.invalid(path, "`value` is set already: a variable has either")
    elif count > 1:
        faults.invalid(path, "a variable has one source only")


def _env_from(sources: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    for source in sources:
        count = sum(source.get(kind) is not None for kind in ("configMapRef", "secretRef"))
        # The server blames the list, not its item.
        if not count:
            faults.invalid(path, "each item needs one of configMapRef and secretRef")
        elif count > 1:
            faults.invalid(path, "each item has only one of configMapRef and secretRef")


def _mounts(mounts: list[Body], container: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    taken: set[str] = set()
    devices = {d.get("name") or "": d.get("devicePath") or "" for d in container.get("volumeDevices") or ()}
    for i, mount in enumerate(mounts):
        name, where = mount.get("name") or "", mount.get("mountPath") or ""
        if name in scope.dropped:
            continue
        if name not in scope.volumes:
            _unknown_volume(name, (*path, i, "name"), scope)
        if where in taken:
            faults.invalid((*path, i, "mountPath"), f"{where!r} is mounted already: each path once")
        taken.add(where)
        if devices:
            if name in devices:
                faults.invalid((*path, i, "name"), f"volume {name!r} is used as a device already")
            if where in devices.values():
                faults.invalid((*path, i, "mountPath"), f"{where!r} is the path of a device")
        if len(mount) < 3 and name and where:
            continue
        # From here on the server blames the list, without the item's index.
        below = mount.get("subPath")
        if below:
            blame((*path, "subPath"), formats.relative_path(below), faults)
        expression = mount.get("subPathExpr")
        if expression:
            if below:
                faults.invalid((*path, i, "subPathExpr"), "subPath and subPathExpr exclude one another")
            blame((*path, "subPathExpr"), formats.relative_path(expression), faults)
        propagation = mount.get("mountPropagation")
        if propagation is not None:
            if propagation not in _PROPAGATION:
                faults.not_supported((*path, "mountPropagation"), propagation, _PROPAGATION)
            if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
                faults.forbidden((*path, "mountPropagation"), "Bidirectional is for privileged containers only")
        recursive = mount.get("recursiveReadOnly")
        if recursive is not None:
            if recursive not in _RECURSIVE:
                faults.not_supported((*path, "recursiveReadOnly"), recursive, _RECURSIVE)
            elif recursive != "Disabled":
                if not mount.get("readOnly"):
                    faults.forbidden((*path, "recursiveReadOnly"), "needs readOnly: true")
                if propagation is not None and propagation != "None":
                    faults.forbidden((*path, "recursiveReadOnly"), "needs mountPropagation None, or none at all")


def _unknown_volume(name: str, path: Path, scope: Scope) -> None:
    known = ", ".join(sorted(scope.volumes)) or "none"
    said = f"the Pod has no valid volume {name!r}" if name else "no volume is named"
    scope.faults.not_found(path, f"{said}; the Pod has: {known}")


def _devices(devices: list[Body], container: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    names: set[str] = set()
    paths: set[str] = set()
    mounts = {m.get("name") or "": m.get("mountPath") or "" for m in container.get("volumeMounts") or ()}
    for i, device in enumerate(devices):
        name, where = device.get("name") or "", device.get("devicePath") or ""
        here = (*path, i)
        if name in names:
            faults.invalid((*here, "name"), f"volume {name!r} is a device already")
        volume = scope.volumes.get(name)
        if volume is None:
            _unknown_volume(name, (*here, "name"), scope)
        elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            faults.invalid((*here, "name"), f"volume {name!r} is no persistentVolumeClaim, nor ephemeral")
        if where in paths:
            faults.invalid((*here, "devicePath"), f"{where!r} is a device already: each path once")
        if where and ".." in where.split("/"):
            faults.invalid((*here, "devicePath"), f"{where!r} must not contain '..'")
        else:
            paths.add(where)
        if name in mounts:
            faults.invalid((*here, "name"), f"volume {name!r} is mounted already")
        if where in mounts.values():
            faults.invalid((*here, "devicePath"), f"{where!r} is the path of a mount")
        if name:
            names.add(name)


def _port_ref(port: Any, path: Path, faults: Faults) -> None:
    if port.__class__ is str:
        for message in formats.port_name(port):
            faults.invalid(path, message)
    elif not 0 < (port or 0) < 65536:
        faults.invalid(path, f"{port or 0} is no port: 1 to 65535")


def _exec(action: Body, path: Path, scope: Scope) -> None:
    if not action.get("command"):
        scope.faults.required((*path, "command"))


def _http_get(action: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    _port_ref(action.get("port"), (*path, "port"), faults)
    scheme = action.get("scheme") or "HTTP"
    if scheme not in _SCHEMES:
        faults.not_supported((*path, "scheme"), scheme, _SCHEMES)
    for header in action.get("httpHeaders") or ():
        for message in formats.http_header(header.get("name") or ""):
            faults.invalid((*path, "httpHeaders"), message)


def _tcp_socket(action: Body, path: Path, scope: Scope) -> None:
    _port_ref(action.get("port"), (*path, "port"), scope.faults)


def _sleep(action: Body, path: Path, scope: Scope) -> None:
    seconds = action.get("seconds") or 0
    least = 0 if scope.release >= SLEEP_ZERO else 1
    if not least <= seconds <= scope.grace:
        scope.faults.invalid(path, f"{seconds} must be {least} to terminationGracePeriodSeconds ({scope.grace})")


_ACTIONS: dict[str, Callable[[Body, Path, Scope], None]] = {
    "exec": _exec,
    "httpGet": _http_get,
    "tcpSocket": _tcp_socket,
    "grpc": _tcp_socket,
    "sleep": _sleep,
}
_ORDER = {name: i for i, name in enumerate(_ACTIONS)}


def _handler(handler: Body, path: Path, scope: Scope) -> None:
    present = [name for name in handler if name in _ACTIONS and handler[name] is not None]
    if not present:
        scope.faults.required(path, "one of exec, httpGet, tcpSocket, grpc (probes), sleep (lifecycle) must be set")
        return
    if len(present) > 1:
        present.sort(key=_ORDER.__getitem__)
        for extra in present[1:]:
            scope.faults.forbidden((*path, extra), f"`{present[0]}` is set already: one handler only")
    first = present[0]
    _ACTIONS[first](handler[first], (*path, first), scope)


def _probe(name: str, probe: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    _handler(probe, path, scope)
    for field, value in probe.items():
        if value.__class__ is int and value < 0 and field != "terminationGracePeriodSeconds":
            faults.invalid((*path, field), f"{value} must not be negative")
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        faults.invalid((*path, "terminationGracePeriodSeconds"), f"{grace} must be more than 0")
    if name == "readinessProbe":
        if grace is not None:
            faults.invalid(
                (*path, "terminationGracePeriodSeconds"), "a readiness probe ends no container: leave it out"
            )
    elif (probe.get("successThreshold") or 1) != 1:
        faults.invalid((*path, "successThreshold"), f"{probe['successThreshold']}: must be 1, but for readiness probes")


def lifecycle_of(container: Body) -> Body | None:
    """The lifecycle of a container as the server sees it: without a stop signal, whose feature gate is off."""
    found: Body | None = container.get("lifecycle")
    if found is not None and "stopSignal" in found and all(found.get(k) is None for k in ("postStart", "preStop")):
        return None
    return found


def _lifecycle(lifecycle: Body, path: Path, scope: Scope) -> None:
    for hook in ("postStart", "preStop"):
        handler = lifecycle.get(hook)
        if handler is not None:
            _handler(handler, (*path, hook), scope)


def _resize(policies: list[Body], path: Path, scope: Scope) -> None:
    faults = scope.faults
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            faults.duplicate((*path, i), name)
        seen.add(name)
        # The server blames the list, not its item.
        if not name:
            faults.required(path, "each item needs a resourceName and a restartPolicy")
        elif name not in _RESIZED:
            faults.not_supported(path, name, _RESIZED)
        if not restart:
            faults.required(path, "each item needs a resourceName and a restartPolicy")
        elif restart not in _RESIZE_POLICIES:
            faults.not_supported(path, restart, _RESIZE_POLICIES)
        if scope.restart == "Never" and restart != "NotRequired":
            faults.invalid(path, f"{restart!r}: must be NotRequired in a Pod whose restartPolicy is Never")


def _restart_rules(container: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is None:
        if not rules:
            return
        faults.required((*path, "restartPolicy"), "restartPolicyRules need a restartPolicy beside them")
    elif policy not in _RESTART_POLICIES:
        faults.not_supported((*path, "restartPolicy"), policy, _RESTART_POLICIES)
    if len(rules) > 20:
        faults.too_many((*path, "restartPolicyRules"), len(rules), 20)
    actions = ("Restart", "RestartAllContainers") if scope.release >= RESTART_ALL else ("Restart",)
    for i, rule in enumerate(rules):
        here = (*path, "restartPolicyRules", i)
        if (rule.get("action") or "") not in actions:
            faults.not_supported((*here, "action"), rule.get("action") or "", actions)
        codes = rule.get("exitCodes")
        if codes is None:
            faults.required((*here, "exitCodes"))
            continue
        if (codes.get("operator") or "") not in _OPERATORS:
            faults.not_supported((*here, "exitCodes", "operator"), codes.get("operator") or "", _OPERATORS)
        values = codes.get("values") or ()
        if len(values) > 255:
            faults.too_many((*here, "exitCodes", "values"), len(values), 255)


def _common(container: Body, path: Path, scope: Scope) -> None:
    """What holds of every container."""
    # One walk over the fields that are there: most containers have few.
    for field, value in container.items():
        if not value:
            continue
        check = _COMMON.get(field)
        if check is not None:
            check(value, container, path, scope)


def _common_ports(value: Any, container: Body, path: Path, scope: Scope) -> None:
    _ports(value, (*path, "ports"), scope)


def _common_env(value: Any, container: Body, path: Path, scope: Scope) -> None:
    for i, variable in enumerate(value):
        source = variable.get("valueFrom")
        if source is not None:
            _value_from(variable, source, (*path, "env", i, "valueFrom"), scope)


def _common_env_from(value: Any, container: Body, path: Path, scope: Scope) -> None:
    _env_from(value, (*path, "envFrom"), scope)


def _common_mounts(value: Any, container: Body, path: Path, scope: Scope) -> None:
    _mounts(value, container, (*path, "volumeMounts"), scope)


def _common_devices(value: Any, container: Body, path: Path, scope: Scope) -> None:
    _devices(value, container, (*path, "volumeDevices"), scope)


def _common_resources(value: Any, container: Body, path: Path, scope: Scope) -> None:
    requirements(value, (*path, "resources"), scope)


def _common_resize(value: Any, container: Body, path: Path, scope: Scope) -> None:
    _resize(value, (*path, "resizePolicy"), scope)


def _common_security(value: Any, container: Body, path: Path, scope: Scope) -> None:
    security.container(value, (*path, "securityContext"), scope)


_COMMON: dict[str, Callable[[Any, Body, Path, Scope], None]] = {
    "ports": _common_ports,
    "env": _common_env,
    "envFrom": _common_env_from,
    "volumeMounts": _common_mounts,
    "volumeDevices": _common_devices,
    "resources": _common_resources,
    "resizePolicy": _common_resize,
    "securityContext": _common_security,
}

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _host_ports(containers: list[Body], path: Path, faults: Faults) -> None:
    taken: set[tuple[str, str, int]] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if not number:
                continue
            key = (port.get("protocol") or "TCP", port.get("hostIP") or "", number)
            if key in taken:
                faults.duplicate((*path, i, "ports", j, "hostPort"), "/".join(map(str, key)))
            taken.add(key)


def regular(containers: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the containers of a Pod."""
    faults = scope.faults
    names: set[str] = set()
    ports = False
    for i, container in enumerate(containers):
        here = (*path, i)
        _common(container, here, scope)
        name = container.get("name") or ""
        if name in names:
            faults.duplicate((*here, "name"), name)
        names.add(name)
        if "lifecycle" in container:
            lifecycle = lifecycle_of(container)
            if lifecycle:
                _lifecycle(lifecycle, (*here, "lifecycle"), scope)
        for field in PROBES:
            probe = container.get(field)
            if probe is not None:
                _probe(field, probe, (*here, field), scope)
        if "restartPolicy" in container or "restartPolicyRules" in container:
            if scope.release >= RESTART_RULES:
                _restart_rules(container, here, scope)
            elif container.get("restartPolicy") is not None:
                faults.forbidden((*here, "restartPolicy"), "for init containers only, before Kubernetes 1.35")
        ports = ports or "ports" in container
    if ports:
        _host_ports(containers, path, faults)


def init(containers: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the init containers of a Pod."""
    faults = scope.faults
    names = {c.get("name") or "" for c in scope.spec.get("containers") or ()}
    for i, container in enumerate(containers):
        here = (*path, i)
        _common(container, here, scope)
        policy = container.get("restartPolicy")
        if policy is not None or container.get("restartPolicyRules"):
            _init_restart(container, here, scope)
        name = container.get("name") or ""
        if name in names:
            faults.duplicate((*here, "name"), name)
        elif name:
            names.add(name)
        if "ports" in container:
            # They run one by one, so each is looked at alone; the server then always names the first.
            _host_ports([container], path, faults)
        sidecar = policy == "Always"
        lifecycle = lifecycle_of(container)
        if lifecycle is not None:
            if sidecar:
                _lifecycle(lifecycle, (*here, "lifecycle"), scope)
            else:
                faults.forbidden((*here, "lifecycle"), _NO_SIDECAR)
        for field in PROBES:
            probe = container.get(field)
            if probe is None:
                continue
            if sidecar:
                _probe(field, probe, (*here, field), scope)
            else:
                faults.forbidden((*here, field), _NO_SIDECAR)
        resize = container.get("resizePolicy")
        if resize and scope.release < (1, 33):
            faults.invalid((*here, "resizePolicy"), "not for init containers before Kubernetes 1.33")
        if resize and not sidecar and not scope.tolerance.init_restart_on_resize and scope.release >= (1, 36):
            for j, one in enumerate(resize):
                if one.get("restartPolicy") == "RestartContainer":
                    faults.invalid(
                        (*here, "resizePolicy", j, "restartPolicy"), "must be NotRequired but for sidecar containers"
                    )


_NO_SIDECAR = "an init container has it only as a sidecar: restartPolicy: Always"


def _init_restart(container: Body, path: Path, scope: Scope) -> None:
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules")
    if policy is None:
        if scope.release >= RESTART_RULES:
            scope.faults.required((*path, "restartPolicy"), "restartPolicyRules need a restartPolicy beside them")
    elif scope.release < RESTART_RULES:
        if policy != "Always":
            scope.faults.not_supported((*path, "restartPolicy"), policy, ("Always",))
    elif policy == "Always" and scope.release < RESTART_ALL:
        if rules:
            scope.faults.forbidden((*path, "restartPolicyRules"), "not for sidecar containers before Kubernetes 1.36")
    else:
        _restart_rules(container, path, scope)


_NOT_EPHEMERAL = ("ports", "resources", *PROBES, "lifecycle", "resizePolicy", "restartPolicy", "restartPolicyRules")


def ephemeral(containers: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the ephemeral containers of a Pod."""
    faults = scope.faults
    others = {c.get("name") or "" for field in ("containers", "initContainers") for c in scope.spec.get(field) or ()}
    names = set(others)
    for i, container in enumerate(containers):
        here = (*path, i)
        _common(container, here, scope)
        padded(container, here, faults)
        name = container.get("name") or ""
        if name in names:
            faults.duplicate((*here, "name"), name)
        names.add(name)
        target = container.get("targetContainerName")
        if target and target not in others:
            faults.not_found((*here, "targetContainerName"), f"the Pod has no container {target!r}")
        for field in _NOT_EPHEMERAL:
            found = lifecycle_of(container) if field == "lifecycle" else container.get(field)
            if found is not None and (found or field != "resources"):
                faults.forbidden((*here, field), "an ephemeral container cannot have it")
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    faults.forbidden((*here, "volumeMounts", j, field), "an ephemeral container cannot have it")


def padded(container: Body, path: Path, faults: Faults) -> None:
    """Blame an image with blanks around it: refused in a Pod, taken in a template."""
    image = container.get("image") or ""
    if image and image != image.strip():
        faults.invalid((*path, "image"), f"{image!r} has blanks at its start or end")
