"""Security contexts of Pods and containers, and what an operating system allows.

Follows kubernetes v1.37.2 pkg/apis/core/validation: validatePodSpecSecurityContext, ValidateSecurityContext,
validateWindowsSecurityContextOptions, validateLinux, validateWindows and what they call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s import formats
from manifold.k8s.pods import APPARMOR, apparmor_profile
from manifold.k8s.pods import containers as every
from manifold.model import MapKey, Path

SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"

_APPARMOR_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")


def _descending(value: str, path: Path, faults: Faults) -> None:
    if value.startswith("/"):
        faults.invalid(path, f"{value!r} must be a relative path")
    if ".." in value.split("/"):
        faults.invalid(path, f"{value!r} must not contain '..'")


def seccomp(profile: Body, path: Path, faults: Faults) -> None:
    """Blame a seccomp profile whose file does not go with its type."""
    kind, file = profile.get("type"), profile.get("localhostProfile")
    if kind == "Localhost":
        if file is None:
            faults.required((*path, "localhostProfile"), "type Localhost needs the file of the profile")
        else:
            _descending(file, (*path, "localhostProfile"), faults)
    elif file is not None:
        faults.invalid((*path, "localhostProfile"), "goes with type Localhost only")


def apparmor(profile: Body, path: Path, faults: Faults) -> None:
    """Blame an AppArmor profile whose name does not go with its type."""
    kind, name = profile.get("type") or "", profile.get("localhostProfile")
    if kind == "Localhost":
        if name is None:
            faults.required((*path, "localhostProfile"), "type Localhost needs the name of the profile")
            return
        bare = name.strip()
        if bare != name:
            faults.invalid((*path, "localhostProfile"), f"{name!r} has blanks at its start or end")
        elif not bare:
            faults.required((*path, "localhostProfile"), "type Localhost needs the name of the profile")
        if len(name.encode()) > 4095:
            faults.too_long((*path, "localhostProfile"), 4095)
    elif kind in _APPARMOR_TYPES and name is not None:
        faults.invalid((*path, "localhostProfile"), "goes with type Localhost only")


def container(context: Body, path: Path, scope: Scope) -> None:
    """Blame what is wrong with the security context of a container."""
    faults = scope.faults
    if context.get("procMount") == "Unmasked" and scope.host_users and scope.release >= (1, 30):
        faults.invalid((*path, "procMount"), "Unmasked needs hostUsers: false in the Pod")
    profile = context.get("seccompProfile")
    if profile is not None:
        seccomp(profile, (*path, "seccompProfile"), faults)
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            faults.invalid(path, "privileged: true and allowPrivilegeEscalation: false exclude one another")
        capabilities = context.get("capabilities")
        if capabilities and not scope.tolerance.sys_admin:
            for name in capabilities.get("add") or ():
                if name == "CAP_SYS_ADMIN":
                    faults.invalid(path, "CAP_SYS_ADMIN and allowPrivilegeEscalation: false exclude one another")
    profile = context.get("appArmorProfile")
    if profile is not None:
        apparmor(profile, (*path, "appArmorProfile"), faults)


# k8s.io/component-helpers node/util/sysctl: what belongs to the network, and to the IPC namespace
_IPC = frozenset(
    (
        "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.shm",
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg",
    )
)  # fmt: skip


def _normal(sysctl: str) -> str:
    """The name with dots, whichever of dot and slash comes first being the separator."""
    first = next((c for c in sysctl if c in "./"), ".")
    return sysctl if first == "." else sysctl.translate({ord("."): "/", ord("/"): "."})


def host_sysctl(sysctl: str, spec: Mapping[str, Any]) -> str:
    """Why a sysctl cannot be set for this Pod, or an empty text."""
    name = _normal(sysctl).partition("*")[0]
    if spec.get("hostNetwork") and name.startswith("net."):
        return f"{sysctl!r} would be set for the node: hostNetwork is true"
    if spec.get("hostIPC") and (name in _IPC or name.startswith("fs.mqueue.")):
        return f"{sysctl!r} would be set for the node: hostIPC is true"
    return ""


def pod(context: Body, path: Path, scope: Scope) -> None:
    """Blame what is wrong with the security context of a Pod."""
    faults = scope.faults
    sysctls = context.get("sysctls")
    if sysctls:
        names: set[str] = set()
        for i, sysctl in enumerate(sysctls):
            name = sysctl.get("name") or ""
            where = (*path, "sysctls", i, "name")
            if name in names and not formats.sysctl(name):
                faults.duplicate(where, name)
            if not scope.tolerance.host_sysctls and (message := host_sysctl(name, scope.spec)):
                faults.invalid(where, message)
            names.add(name)
    profile = context.get("seccompProfile")
    if profile is not None:
        seccomp(profile, (*path, "seccompProfile"), faults)
    profile = context.get("appArmorProfile")
    if profile is not None:
        apparmor(profile, (*path, "appArmorProfile"), faults)


def host_process(spec: Body, path: Path, faults: Faults) -> None:
    """Blame Windows HostProcess containers that do not stand together, or not on the host's network."""
    own = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    count = on_host = 0
    for one, where in every(spec, path):
        count += 1
        its = ((one.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if own is not None and its is not None and own != its:
            faults.invalid(
                (*where, "securityContext", "windowsOptions", "hostProcess"), f"the Pod says {str(own).lower()}"
            )
        if its or (its is None and own):
            on_host += 1
    if on_host:
        if on_host != count:
            faults.invalid(path, "of a Pod's containers either all are HostProcess containers, or none")
        if not spec.get("hostNetwork"):
            faults.invalid((*path, "hostNetwork"), "must be true with HostProcess containers")


_POD_NOT_ON_WINDOWS = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
    "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
_CONTAINER_NOT_ON_WINDOWS = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip


def operating_system(spec: Body, path: Path, scope: Scope) -> None:
    """Blame an unknown operating system, and what the named one does not have."""
    faults = scope.faults
    if not scope.os:
        faults.required((*path, "os", "name"))
    elif scope.os not in ("linux", "windows"):
        faults.not_supported((*path, "os"), scope.os, ("linux", "windows"))
    elif scope.os == "linux":
        for context, where in _contexts(spec, path):
            if context.get("windowsOptions") is not None:
                faults.forbidden((*where, "windowsOptions"), "a Linux Pod has no Windows options")
    else:
        _windows(spec, path, faults)


def _contexts(spec: Body, path: Path) -> list[tuple[Body, Path]]:
    found = []
    if spec.get("securityContext"):
        found.append((spec["securityContext"], (*path, "securityContext")))
    for one, where in every(spec, path):
        if one.get("securityContext"):
            found.append((one["securityContext"], (*where, "securityContext")))
    return found


def _windows(spec: Body, path: Path, faults: Faults) -> None:
    message = "a Windows Pod cannot have it"
    for field in ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"):
        value = spec.get(field)
        if value or (value is False and field in ("hostUsers", "shareProcessNamespace")):
            faults.forbidden((*path, field), message)
    for context, where in _contexts(spec, path):
        own = len(where) == len(path) + 1
        for field in _POD_NOT_ON_WINDOWS if own else _CONTAINER_NOT_ON_WINDOWS:
            value = context.get(field)
            if value is not None and (value != [] or field not in ("sysctls", "supplementalGroups")):
                faults.forbidden((*where, field), message)


def profile_annotations(found: Mapping[str, str], spec: Body, path: Path, faults: Faults) -> None:
    """Blame the annotations that once were seccomp and AppArmor profiles."""
    for key, value in found.items():
        if key == SECCOMP_POD or key.startswith(SECCOMP_CONTAINER):
            # The server spells this key like a field.
            _seccomp_text(value, (*path, key), faults)
        elif key.startswith(APPARMOR):
            name = key.removeprefix(APPARMOR)
            if all((one.get("name") or "") != name for one, _ in every(spec)):
                faults.invalid((*path, MapKey(key)), f"there is no container {name!r}")
            if value not in ("", "runtime/default", "unconfined") and not value.startswith("localhost/"):
                faults.invalid((*path, MapKey(key)), f"{value!r}: runtime/default, unconfined or localhost/PROFILE")


def _seccomp_text(value: str, path: Path, faults: Faults) -> None:
    if value in ("runtime/default", "docker/default", "unconfined"):
        return
    if value.startswith("localhost/"):
        _descending(value.removeprefix("localhost/"), path, faults)
    else:
        faults.invalid(path, f"{value!r} is no seccomp profile")


def agree(found: Mapping[str, str], spec: Body, path: Path, scope: Scope) -> None:
    """Blame annotations of profiles that say something else than the fields beside them."""
    if not any(".security." in key for key in found):
        return
    faults = scope.faults
    own = spec.get("securityContext") or {}
    profile = own.get("seccompProfile")
    if profile is not None and SECCOMP_POD in found:
        _same(found[SECCOMP_POD], profile, (*path, "securityContext", "seccompProfile"), True, faults)
    for one, where in every(spec, path):
        profile = (one.get("securityContext") or {}).get("seccompProfile")
        key = f"{SECCOMP_CONTAINER}{one.get('name') or ''}"
        if profile is not None and key in found:
            _same(found[key], profile, (*where, "securityContext", "seccompProfile"), True, faults)
    if scope.os == "windows":
        return
    for one, where in every(spec, path):
        profile = (one.get("securityContext") or {}).get("appArmorProfile")
        key = f"{APPARMOR}{one.get('name') or ''}"
        # A Pod's container gets the profile that the annotation means; a template's stays without.
        if profile is None and not (scope.is_pod and apparmor_profile(found.get(key, ""))):
            profile = own.get("appArmorProfile")
        if profile is not None and key in found:
            _same(found[key], profile, (*where, "securityContext", "appArmorProfile"), False, faults)


def _same(text: str, profile: Body, path: Path, seccomp: bool, faults: Faults) -> None:
    kind = profile.get("type")
    expected: dict[str, tuple[str, ...]] = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}
    if seccomp:
        expected["RuntimeDefault"] = ("runtime/default", "docker/default")
    if kind in expected:
        if text not in expected[kind]:
            faults.forbidden((*path, "type"), f"the annotation says {text!r}")
    elif kind == "Localhost":
        if not text.startswith("localhost/"):
            faults.forbidden((*path, "type"), f"the annotation says {text!r}")
        elif text.removeprefix("localhost/") != profile.get("localhostProfile"):
            faults.forbidden((*path, "localhostProfile"), f"the annotation says {text!r}")
