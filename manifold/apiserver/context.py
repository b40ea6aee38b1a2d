"""What every stage of the API server on paper is told besides the object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

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
    run: World | None = None
    """The other objects of the same run, as they are written; None where nobody asks for them."""
    old: dict[str, Any] | None = None
    """On an update: the stored object, decoded and defaulted."""
    trace: Callable[[str, dict[str, Any]], None] | None = None
    """Told of each stage by name once it has changed the object in place; None where nobody wants to know."""
    applied: bool = False
    """Whether a patch makes the request: the server then writes data of any form anew, with sorted keys."""
    alone: bool = False
    """Whether only the mutating plug-ins run that need no cluster."""
    after: list[Callable[[], None]] = field(default_factory=list)
    """What is to be done when the object is really taken: each counts against a quota, for instance."""

    def find(self, group: str, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """An object of the same run, or else of the cluster, by its identity; None where there is none."""
        for world in (self.run, self.world):
            found = world.get(group, kind, namespace, name) if world is not None else None
            if found is not None:
                return found
        return None

    def each(self, group: str, kind: str, namespace: str | None = None) -> Iterator[Mapping[str, Any]]:
        """The objects of a kind, of the run and then of the cluster, each identity once; None: of all namespaces."""
        seen = set()
        for world in (self.run, self.world):
            for body in world.list(group, kind, namespace) if world is not None else ():
                meta = body.get("metadata")
                meta = meta if isinstance(meta, Mapping) else {}
                identity = (str(meta.get("namespace") or ""), str(meta.get("name") or ""))
                if identity not in seen:
                    seen.add(identity)
                    yield body

    @property
    def complete(self) -> bool:
        """Whether what is not found does not exist: the whole cluster is known."""
        return self.world is not None and self.world.whole

    def since(self, major: int, minor: int) -> bool:
        """True when the server is of this release or a later one."""
        return self.server.release >= (major, minor)

    def enabled(self, gate: str) -> bool:
        """True when the feature gate is on by default in the server's release; KeyError for a gate that there is not."""
        return features.enabled(gate, self.server.release)
