"""What the parts of a Pod spec are told of the whole while they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What an update may keep because the stored object has it already (kubernetes v1.37.2 pkg/api/pod/util.go)."""

    deletion_cost: bool = False
    huge_pages: bool = False
    selector_values: bool = False
    node_affinity_values: bool = False
    spread_selectors: bool = False
    spread_keys: bool = False
    token_paths: bool = False
    host_sysctls: bool = False
    user_namespace_devices: bool = False
    init_restart_on_resize: bool = False
    image_reference: bool = False
    sys_admin: bool = False


NOTHING = Tolerance()


class Scope:
    """One look at one Pod spec."""

    __slots__ = (
        "claims",
        "context",
        "dropped",
        "faults",
        "grace",
        "host_users",
        "is_pod",
        "listed",
        "name",
        "os",
        "release",
        "restart",
        "spec",
        "tolerance",
        "volumes",
    )

    def __init__(
        self,
        spec: Body,
        context: Context,
        faults: Faults,
        *,
        is_pod: bool = False,
        name: str = "",
        tolerance: Tolerance = NOTHING,
    ) -> None:
        self.spec = spec
        self.context = context
        self.faults = faults
        self.release = context.server.release
        self.is_pod = is_pod
        """A Pod itself, not a template."""
        self.name = name
        """The Pod's name; empty for templates."""
        self.tolerance = tolerance
        self.grace: int = spec.get("terminationGracePeriodSeconds", 30)
        self.restart: str = spec.get("restartPolicy") or "Always"
        self.host_users = spec.get("hostUsers") is not False
        os = spec.get("os")
        self.os: str = (os.get("name") or "") if os else ""
        self.listed: list[Body] = spec.get("volumes") or []
        """All volumes: the spec's own, or those that a StatefulSet's controller makes of them."""
        self.volumes: dict[str, Body] = {}
        """The valid volumes by name: a mount of an invalid one is blamed as well, as by the server."""
        self.dropped: set[str] = set()
        """The names of volumes that this release drops in silence, with their mounts."""
        self.claims: set[str] = set()
        """The names of the Pod's resource claims."""
