"""What an apply would change, object by object, told so that a person can judge it.

Nothing is read, sent or drawn here: outcomes of an apply come in, differences with their notes go out.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from manifold.apiserver.changes import LAST_APPLIED
from manifold.apiserver.patch import fieldset
from manifold.apiserver.patch.apply import last_applied
from manifold.apiserver.schema import Type
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


MASKED = "<masked>"
"""What stands in a snapshot for the values of Secrets."""


def _map(value: Any) -> Mapping[str, Any]:
    """The value where it is a map: a manifest may hold anything in its place."""
    return value if isinstance(value, Mapping) else {}


def unmasked(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A live Secret with the manifest's values where a snapshot masks them, and whether it did so anywhere.

    What is not known is taken for unchanged; what was applied last is taken for what is applied now.
    """
    if live.get("kind") != "Secret" or live.get("apiVersion") != "v1":
        return dict(live), False
    out = dict(live)
    said = {k: v for k, v in _map(manifest.get("data")).items() if isinstance(v, str)}
    for name, text in _map(manifest.get("stringData")).items():
        if isinstance(text, str):
            said[name] = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    data = _map(live.get("data"))
    hidden = any(v == MASKED for v in data.values())
    if hidden:
        out["data"] = {k: said.get(k, v) if v == MASKED else v for k, v in data.items()}
    meta = _map(live.get("metadata"))
    notes = _map(meta.get("annotations"))
    if notes.get(LAST_APPLIED) == MASKED:
        hidden = True
        out["metadata"] = {**meta, "annotations": {**notes, LAST_APPLIED: last_applied(dict(manifest))}}
    return out, hidden


def immutable(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those of a refused update that only a new object could satisfy."""
    return [d for d in diagnostics if d.rejects and ("cannot be changed" in d.message or "immutable" in d.message)]


def replacing(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """What a refused change of immutable fields needs: one sentence a field."""
    return [
        f"{d.path or 'this'} cannot be changed in place: leave it as it is, or delete the object and create it again"
        for d in immutable(diagnostics)
    ]


# Managers that write what `kubectl apply` wrote, under the names that kubectl has for itself.
KUBECTL = frozenset(
    ("kubectl", "kubectl-client-side-apply", "kubectl-create", "kubectl-last-applied", "before-first-apply")
)


class Owners:
    """Who set which field of a live object, besides the one who applies."""

    def __init__(self, live: Mapping[str, Any] | None, type: Type | None, manager: str) -> None:
        self._type = type or fieldset.DEDUCED
        self._live = live or {}
        ours = KUBECTL if manager in KUBECTL else {manager}
        self._fields: dict[str, set[tuple[str, ...]]] = {}
        for entry in ((self._live.get("metadata") or {}).get("managedFields")) or ():
            name = str(entry.get("manager") or "")
            if name not in ours and not entry.get("subresource"):
                self._fields.setdefault(name, set()).update(fieldset.decode(entry.get("fieldsV1")))

    def taken(self, changes: Iterable[Change], result: Mapping[str, Any] | None) -> list[str]:
        """A sentence for each change of a field that another manager set."""
        out: dict[tuple[str, str], None] = {}
        for c in changes if self._fields else ():
            side = self._live if c.after is None else result or {}
            path = _elements(c.parts, side, self._type)
            for name, fields in self._fields.items():
                if path and any(f[: len(path)] == path for f in fields):
                    out[c.path, name] = None
        return [f"{path} was set by {name}, and the apply takes it over" for path, name in out]

    def left(self, manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The topmost fields of other managers outside metadata and status of which a manifest says nothing."""
        if not self._fields:
            return {}
        said = fieldset.of(dict(manifest), self._type)
        said |= {path[:n] for path in said for n in range(1, len(path))}
        out: dict[str, tuple[str, ...]] = {}
        for name, fields in sorted(self._fields.items()):
            whole = {f for f in fields if f[0] not in ("f:metadata", "f:status") and f not in said}
            top = {f for f in whole if not any(f[:n] in whole for n in range(1, len(f)))}
            if top:
                out[name] = tuple(sorted(fieldset.spell(f).removeprefix(".") for f in top))
        return out


def _elements(parts: Iterable[str | int], value: Any, type: Type) -> tuple[str, ...]:
    """A path by positions as the path by which fields are owned; it ends where a list is owned as a whole."""
    out: list[str] = []
    for part in parts:
        if isinstance(part, int):
            if not isinstance(value, list) or part >= len(value) or fieldset.is_atomic(type, value):
                break
            out.append(fieldset.element(type, value[part]))
            value, type = value[part], type.items or fieldset.DEDUCED
        else:
            out.append(fieldset.field(str(part)))
            value = value.get(part) if isinstance(value, Mapping) else None
            type = fieldset.child(type, str(part))
    return tuple(out)


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
    rolled = [p for p in paths if p.startswith("spec.template")]
    if (
        rolled
        and all(p.endswith("[#order]") for p in rolled)
        and key.kind in ("Deployment", "StatefulSet", "DaemonSet")
    ):
        out.append("the same items in another order: that alone replaces the Pods")
    return out
