"""What an apply would change, object by object, told so that a person can judge it.

Nothing is read, sent or drawn here: outcomes of an apply come in, differences with their notes go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from manifold.model import Change, Diagnostic, Key

_SECRET = re.compile(r"(?:data|stringData)(?:[.\[]|$)")
_LIVE_ONLY = ("metadata.finalizers", "metadata.ownerReferences")


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _hidden(v) for k, v in value.items()}
    return None if value is None else "***"


def masked(key: Key, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes of an object without the values of a Secret: that they change is told, not from what to what."""
    if (key.group, key.kind) != ("", "Secret"):
        return tuple(changes)
    out = []
    for c in changes:
        if _SECRET.match(c.path):
            before, after = _hidden(c.before), _hidden(c.after)
            if before == after and isinstance(before, str):
                before, after = "*** (before)", "*** (after)"
            c = c._replace(before=before, after=after)
        out.append(c)
    return tuple(out)


def immutable(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those of a refused update that only a new object could satisfy."""
    return [d for d in diagnostics if d.rejects and ("cannot be changed" in d.message or "immutable" in d.message)]


def scaled(bodies: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Which workloads an autoscaler counts: (kind, namespace, name) -> the autoscaler's name."""
    out = {}
    for body in bodies:
        if body.get("kind") == "HorizontalPodAutoscaler":
            meta, target = body.get("metadata") or {}, (body.get("spec") or {}).get("scaleTargetRef") or {}
            out[str(target.get("kind")), str(meta.get("namespace") or "default"), str(target.get("name"))] = str(
                meta.get("name")
            )
    return out


def notes(key: Key, changes: Sequence[Change], autoscalers: Mapping[tuple[str, str, str], str]) -> list[str]:
    """What a reader of these changes should know."""
    out = []
    scaler = autoscalers.get((key.kind, key.namespace or "default", key.name))
    paths = [c.path for c in changes]
    if scaler and "spec.replicas" in paths:
        out.append(f"HorizontalPodAutoscaler {scaler} sets spec.replicas: leave it out of the manifest, or they fight")
    if key.kind in ("Deployment", "StatefulSet", "DaemonSet") and any(p.startswith("spec.template") for p in paths):
        restarted = next((c for c in changes if "kubectl.kubernetes.io/restartedAt" in c.path), None)
        out.append(
            "its Pods are replaced"
            + (" (a restart by hand is undone)" if restarted and restarted.after is None else "")
        )
    if any(p.endswith("[#order]") for p in paths) and key.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        out.append("the same items in another order: that alone replaces the Pods")
    return out
