"""What every stage of the API server on paper is told besides the object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from manifold.apiserver import features
from manifold.apiserver.world import World

if TYPE_CHECKING:
    from manifold.apiserver.schema import Kind
    from manifold.apiserver.server import Server


@dataclass(slots=True)
class Context:
    """One request: the server it goes to, the kind of its object, what is to be done with it."""

    server: Server
    kind: Kind
    operation: Literal["create", "update"] = "create"
    namespace: str = "default"
    """The namespace of the request: the object's own, or the default; empty for cluster-scoped kinds."""
    world: World | None = None
    """The cluster's other objects; None when nothing is known, and plug-ins that look at them are off."""
    notes: dict[str, str] = field(default_factory=dict)

    def since(self, major: int, minor: int) -> bool:
        """True when the server is of this release or a later one."""
        return self.server.release >= (major, minor)

    def enabled(self, gate: str) -> bool:
        """True when the feature gate is on by default in the server's release; KeyError for a gate that there is not."""
        return features.enabled(gate, self.server.release)
