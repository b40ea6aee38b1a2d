"""PodSecurity: the level that a namespace's labels ask of its Pods (k8s.io/pod-security-admission v0.37.2).

What breaks the level of `enforce` is refused, what breaks that of `warn` is warned of; workloads are only warned of, for
it is their Pods that are refused. `audit` writes into a log that nobody here sees. The facts are in
`schemas/pod-security.yaml`; a check is a function of that name here, that yields each breach and where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from manifold import assets
from manifold.apiserver.context import Context
from manifold.apiserver.faults import FORBIDDEN, Fault, Faults
from manifold.k8s import pods
from manifold.k8s.pods import APPARMOR
from manifold.model import Path

NAME = "PodSecurity"
PLACE = 50
KINDS = frozenset((*pods.TEMPLATES, ("", "Namespace")))
ALONE = False
LABEL = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
_VERSION = re.compile(r"v1\.(\d{1,4})")

Body = Mapping[str, Any]


class Level(NamedTuple):
    """A level as of a minor version of the standard; of the latest where it is None."""

    name: str = "privileged"
    minor: int | None = None

    def __str__(self) -> str:
        return f"{self.name}:{'latest' if self.minor is None else f'v1.{self.minor}'}"


class Breach(NamedTuple):
    """What a check found, and where."""

    message: str
    at: Path


class Subject:
    """What is looked at: the Pod's metadata and spec, where the spec is, and the version of the standard.

    The containers are gone through once, for the twenty checks of a level.
    """

    __slots__ = ("containers", "contexts", "meta", "minor", "path", "spec")

    def __init__(self, meta: Body, spec: Body, path: Path, minor: int) -> None:
        self.meta, self.spec, self.path, self.minor = meta, spec, path, minor
        self.containers: list[tuple[Body, str, Body, Path]] = [
            (container.get("securityContext") or {}, f"container {container.get('name')}", container, at)
            for container, at in pods.containers(spec, path)
        ]
        """(security context, `container web`, container, path) of each container."""
        self.contexts: list[tuple[Body, str, Path]] = [
            (spec.get("securityContext") or {}, "the Pod", (*path, "securityContext")),
            *((security, name, (*at, "securityContext")) for security, name, _, at in self.containers),
        ]
        """(security context, whose it is, path): the Pod's, and each container's."""


# ── the labels ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _level(labels: Body, mode: str) -> tuple[Level, bool, bool]:
    """The level of a mode, and whether the labels say a (valid) level and a version."""
    name, version = labels.get(f"{LABEL}{mode}"), labels.get(f"{LABEL}{mode}-version")
    found = _VERSION.fullmatch(version or "")
    minor = int(found.group(1)) if found else None
    if name is not None and name not in LEVELS:
        # What is no level closes what enforces, and opens the others.
        return Level("restricted" if mode == "enforce" else "privileged", minor), False, version is not None
    return Level(name or "privileged", minor), name is not None, version is not None


def policy(labels: Body) -> tuple[Level, Level]:
    """What is enforced, and what is warned of: at least what is enforced, where the labels do not say otherwise."""
    enforce, enforced, _ = _level(labels, "enforce")
    warn, _, versioned = _level(labels, "warn")
    if f"{LABEL}warn" not in labels and enforced and LEVELS.index(enforce.name) > LEVELS.index(warn.name):
        warn = Level(enforce.name, warn.minor if versioned else enforce.minor)
    return enforce, warn


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


def validate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Hold Pods against the level that is enforced, and Pods and templates against the one that is warned of."""
    kind = context.kind.kind
    if kind == "Namespace":
        _existing(body, context, faults)
        return
    namespace = context.find("", "Namespace", "", context.namespace)
    labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    enforce, warn = policy(labels)
    found = pods.template(body)
    if found is None or (enforce.name == warn.name == "privileged"):
        return
    template, path = found
    if kind == "Pod" and context.old is not None and _images(body) == _images(context.old):
        return
    refused = breaches(template, path, enforce, context) if kind == "Pod" else []
    for breach in refused:
        message = f"{breach.message}; the namespace {context.namespace} enforces Pod Security {enforce}"
        faults.add(FORBIDDEN, (), message, at=breach.at)
    if not refused:
        _warn(
            breaches(template, path, warn, context), f"Pod Security {warn} of the namespace {context.namespace}", faults
        )


def _warn(found: list[Breach], why: str, faults: Faults) -> None:
    for breach in found:
        faults.append(Fault((), "", f"{breach.message}, against {why}", rule="api/warning", warning=True, at=breach.at))


def _images(pod: Body) -> list[tuple[Any, Any]]:
    return [(c.get("name"), c.get("image")) for c, _ in pods.containers(pod.get("spec") or {})]


def _existing(body: Body, context: Context, faults: Faults) -> None:
    """Warn where a namespace's Pods break a level that an update enforces anew."""
    if context.old is None:
        return
    new, _ = policy((body.get("metadata") or {}).get("labels") or {})
    old, _ = policy((context.old.get("metadata") or {}).get("labels") or {})
    laxer = new.minor == old.minor and LEVELS.index(new.name) <= LEVELS.index(old.name)
    if new == old or new.name == "privileged" or laxer:
        return
    for pod in context.each("", "Pod", str((body.get("metadata") or {}).get("name"))):
        name = (pod.get("metadata") or {}).get("name")
        _warn(
            [Breach(f"Pod {name}: {b.message}", ("metadata", "labels")) for b in breaches(pod, (), new, context)],
            f"Pod Security {new}, which is enforced anew",
            faults,
        )


def breaches(template: Body, path: Path, level: Level, context: Context) -> list[Breach]:
    """What of a Pod, or of a template at `path`, breaks a level."""
    return broken(template, path, level, context.server.release[1])


def broken(template: Body, path: Path, level: Level, newest: int) -> list[Breach]:
    """What of a Pod, or of a template at `path`, breaks a level, for a server of minor version `newest`."""
    if level.name == "privileged":
        return []
    minor = newest if level.minor is None else min(level.minor, newest)
    spec = template.get("spec") or {}
    subject = Subject(template.get("metadata") or {}, spec, (*path, "spec"), minor)
    windows = (spec.get("os") or {}).get("name") == "windows"
    own_users = spec.get("hostUsers") is False
    out: list[Breach] = []
    for check, spared_windows, spared_users in checks(level.name, minor):
        if not (windows and spared_windows) and not (own_users and spared_users):
            out += check(subject)
    return out


def _minor(text: str) -> int:
    return int(text.partition(".")[2])


@cache
def checks(level: str, minor: int) -> tuple[tuple[Callable[[Subject], Iterator[Breach]], bool, bool], ...]:
    """The checks of a level as of a version: (function, whether Windows is spared, whether own users are)."""
    table: dict[str, dict[str, str]] = assets.table("schemas", "pod-security.yaml")["checks"]
    there = {
        name: check
        for name, check in table.items()
        if _minor(check["since"]) <= minor < _minor(check.get("until", "1.9999"))
        and (check["level"] == "baseline" or level == "restricted")
    }
    replaced = {check.get("replaces") for check in there.values()}
    return tuple(
        (
            globals()[f"_{name.replace('-', '_')}"],
            _minor(check.get("windows", "1.9999")) <= minor,
            _minor(check.get("users", "1.9999")) <= minor,
        )
        for name, check in there.items()
        if name not in replaced
    )


@cache
def _table(name: str) -> frozenset[str]:
    return frozenset(assets.table("schemas", "pod-security.yaml")[name])


@cache
def _allowed(table: str, minor: int) -> frozenset[str]:
    values: dict[str, str] = assets.table("schemas", "pod-security.yaml")[table]
    return frozenset(value for value, since in values.items() if _minor(since) <= minor)


# ── the checks, by the names of the table ────────────────────────────────────────────────────────────────────────────


def _apparmor(subject: Subject) -> Iterator[Breach]:
    for security, who, at in subject.contexts:
        profile = security.get("appArmorProfile")
        if profile is not None and profile.get("type") not in ("RuntimeDefault", "Localhost"):
            yield Breach(f"{who} has the AppArmor profile {profile.get('type')}", (*at, "appArmorProfile", "type"))
    for key, value in (subject.meta.get("annotations") or {}).items():
        if key.startswith(APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/"):
            yield Breach(
                f"an annotation asks for the AppArmor profile {value}", (*subject.path[:-1], "metadata", "annotations")
            )


def _capabilities(subject: Subject) -> Iterator[Breach]:
    yield from _added(subject, _table("capabilities"))


def _added(subject: Subject, allowed: frozenset[str]) -> Iterator[Breach]:
    for security, who, _, at in subject.containers:
        added = (security.get("capabilities") or {}).get("add")
        if added and (more := sorted({c for c in added if c not in allowed})):
            yield Breach(
                f"{who} adds the capabilities {', '.join(more)}", (*at, "securityContext", "capabilities", "add")
            )


RESTRICTED_CAPABILITIES = frozenset(("NET_BIND_SERVICE",))


def _capabilities_restricted(subject: Subject) -> Iterator[Breach]:
    for security, who, _, at in subject.containers:
        if "ALL" not in ((security.get("capabilities") or {}).get("drop") or ()):
            yield Breach(f"{who} does not drop ALL capabilities", (*at, "securityContext", "capabilities", "drop"))
    yield from _added(subject, RESTRICTED_CAPABILITIES)


def _host_namespaces(subject: Subject) -> Iterator[Breach]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if subject.spec.get(field):
            yield Breach(f"the Pod has {field}", (*subject.path, field))


def _volume_sources(subject: Subject) -> Iterator[tuple[str, str, Path]]:
    """(volume, its source, path) of each volume."""
    for i, volume in enumerate(subject.spec.get("volumes") or ()):
        for source, value in volume.items():
            if source != "name" and value is not None:
                yield str(volume.get("name")), source, (*subject.path, "volumes", i, source)


def _host_path(subject: Subject) -> Iterator[Breach]:
    for name, source, at in _volume_sources(subject):
        if source == "hostPath":
            yield Breach(f"the volume {name} is a hostPath", at)


def _volumes(subject: Subject) -> Iterator[Breach]:
    allowed = _table("volumes")
    for name, source, at in _volume_sources(subject):
        if source not in allowed:
            yield Breach(f"the volume {name} is of a kind that is not allowed, {source}", at)


def _host_ports(subject: Subject) -> Iterator[Breach]:
    for _, who, container, at in subject.containers:
        for i, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                yield Breach(f"{who} uses the host port {port['hostPort']}", (*at, "ports", i, "hostPort"))


PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")


def _host_probes(subject: Subject) -> Iterator[Breach]:
    for _, who, container, at in subject.containers:
        handlers: list[tuple[tuple[str, ...], Body]] = [((f,), container[f]) for f in PROBES if container.get(f)]
        if lifecycle := container.get("lifecycle"):
            handlers += [(("lifecycle", f), lifecycle[f]) for f in HOOKS if lifecycle.get(f)]
        for place, handler in handlers:
            for how in ("httpGet", "tcpSocket"):
                if how in handler and (host := (handler[how] or {}).get("host")):
                    yield Breach(f"{who} names the host {host} in {'.'.join(place)}", (*at, *place, how, "host"))


def _privileged(subject: Subject) -> Iterator[Breach]:
    for security, who, _, at in subject.containers:
        if security.get("privileged"):
            yield Breach(f"{who} is privileged", (*at, "securityContext", "privileged"))


def _proc_mount(subject: Subject) -> Iterator[Breach]:
    for security, who, _, at in subject.containers:
        if security.get("procMount") not in (None, "Default"):
            yield Breach(f"{who} has procMount {security['procMount']}", (*at, "securityContext", "procMount"))


def _proc_mount_restricted(subject: Subject) -> Iterator[Breach]:
    yield from _proc_mount(subject)


SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"


def _seccomp_annotations(subject: Subject) -> Iterator[Breach]:
    notes = subject.meta.get("annotations")
    if not notes:
        return
    for key in (SECCOMP_POD, *(f"{SECCOMP}{c.get('name')}" for _, _, c, _ in subject.containers)):
        value = notes.get(key)
        if (
            value is not None
            and value not in ("runtime/default", "docker/default")
            and not value.startswith("localhost/")
        ):
            yield Breach(f"the annotation {key} is {value!r}", (*subject.path[:-1], "metadata", "annotations"))


def _seccomp(subject: Subject) -> Iterator[Breach]:
    for security, who, at in subject.contexts:
        profile = security.get("seccompProfile")
        if profile is not None and profile.get("type") not in ("RuntimeDefault", "Localhost"):
            yield Breach(f"{who} has the seccomp profile {profile.get('type')}", (*at, "seccompProfile", "type"))


def _seccomp_restricted(subject: Subject) -> Iterator[Breach]:
    bad = list(_seccomp(subject))
    yield from bad
    own = (subject.spec.get("securityContext") or {}).get("seccompProfile")
    if bad or own is not None:
        return
    for security, who, _, at in subject.containers:
        if security.get("seccompProfile") is None:
            yield Breach(f"{who} has no seccomp profile: RuntimeDefault or Localhost", (*at, "securityContext"))


def _selinux(subject: Subject) -> Iterator[Breach]:
    allowed = _allowed("selinux-types", subject.minor)
    for security, who, at in subject.contexts:
        options = security.get("seLinuxOptions")
        if not options:
            continue
        if options.get("type", "") not in allowed:
            yield Breach(f"{who} has the SELinux type {options['type']}", (*at, "seLinuxOptions", "type"))
        for field in ("user", "role"):
            if options.get(field):
                yield Breach(f"{who} sets the SELinux {field}", (*at, "seLinuxOptions", field))


def _sysctls(subject: Subject) -> Iterator[Breach]:
    allowed = _allowed("sysctls", subject.minor)
    for i, one in enumerate((subject.spec.get("securityContext") or {}).get("sysctls") or ()):
        if one.get("name") not in allowed:
            at = (*subject.path, "securityContext", "sysctls", i, "name")
            yield Breach(f"the Pod sets the kernel parameter {one.get('name')}", at)


def _host_process(subject: Subject) -> Iterator[Breach]:
    for security, who, at in subject.contexts:
        if (security.get("windowsOptions") or {}).get("hostProcess"):
            yield Breach(f"{who} is a process of the Windows host", (*at, "windowsOptions", "hostProcess"))


def _privilege_escalation(subject: Subject) -> Iterator[Breach]:
    for security, who, _, at in subject.containers:
        if security.get("allowPrivilegeEscalation") is not False:
            yield Breach(f"{who} does not set allowPrivilegeEscalation: false", (*at, "securityContext"))


def _run_as_non_root(subject: Subject) -> Iterator[Breach]:
    bad = [(who, at) for security, who, at in subject.contexts if security.get("runAsNonRoot") is False]
    for who, at in bad:
        yield Breach(f"{who} sets runAsNonRoot: false", (*at, "runAsNonRoot"))
    if bad or (subject.spec.get("securityContext") or {}).get("runAsNonRoot"):
        return
    for security, who, _, at in subject.containers:
        if security.get("runAsNonRoot") is None:
            yield Breach(f"neither the Pod nor {who} sets runAsNonRoot: true", (*at, "securityContext"))


def _run_as_user(subject: Subject) -> Iterator[Breach]:
    for security, who, at in subject.contexts:
        if security.get("runAsUser") == 0:
            yield Breach(f"{who} runs as the user 0", (*at, "runAsUser"))
