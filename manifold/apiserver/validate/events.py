"""Events of both groups: kubernetes v1.37.2 pkg/apis/core/validation/events.go.

The server validates both in the words of the core group; only the objects of events.k8s.io are checked in full.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults, not_among
from manifold.apiserver.immutable import changed
from manifold.apiserver.validate import metadata
from manifold.k8s import formats
from manifold.k8s.equality import same

Body = dict[str, Any]

LONGEST, LONGEST_NOTE = 128, 1024
TYPES = ("Normal", "Warning")
# the core group's fields -> those of events.k8s.io
MODERN = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
KEPT = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime",
    "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip


class _Event:
    """An Event of either group under the names of the core group."""

    def __init__(self, body: Body, context: Context, faults: Faults) -> None:
        self.body, self.faults = body, faults
        self.modern = context.kind.group == "events.k8s.io"
        self.namespace = (body.get("metadata") or {}).get("namespace") or context.namespace

    def at(self, name: str) -> str:
        return MODERN.get(name, name) if self.modern else name

    def get(self, name: str) -> Any:
        return self.body.get(self.at(name))

    def blamed(self, name: str) -> str:
        return "reportingController" if name == "reportingComponent" and self.modern else name

    def invalid(self, name: str, message: str, *below: str) -> None:
        self.faults.add("FieldValueInvalid", (self.blamed(name), *below), message, at=(self.at(name), *below))

    def required(self, name: str) -> None:
        self.faults.add(
            "FieldValueRequired",
            (self.blamed(name),),
            "must be set where there is an eventTime" if name != "eventTime" else "this field must be set",
            at=(self.at(name),),
        )


def _everywhere(event: _Event, context: Context) -> None:
    if not context.since(1, 37):
        for message in formats.dns_subdomain(event.namespace):
            event.faults.add("FieldValueInvalid", ("namespace",), message, at=("metadata", "namespace"))
    space = (event.get("involvedObject") or {}).get("namespace") or ""
    if not event.get("eventTime"):
        if event.namespace not in ((space,) if space else ("", "default")):
            event.invalid(
                "involvedObject", f"must be {event.namespace!r}, the namespace of the event itself", "namespace"
            )
        return
    if not space and event.namespace not in ("default", "kube-system"):
        event.invalid(
            "involvedObject", "an event of what has no namespace lives in default or kube-system", "namespace"
        )
    controller = event.get("reportingComponent") or ""
    if not controller:
        event.required("reportingComponent")
    for message in formats.qualified_name(controller):
        event.invalid("reportingComponent", message)
    for name in ("reportingInstance", "action", "reason"):
        text = event.get(name) or ""
        if not text:
            event.required(name)
        if formats.size(text) > LONGEST:
            event.invalid(name, f"longer than {LONGEST} characters")
    if formats.size(event.get("message") or "") > LONGEST_NOTE:
        event.invalid("message", f"longer than {LONGEST_NOTE} characters")


def create(body: Body, context: Context, faults: Faults) -> None:
    """A new Event."""
    event = _Event(body, context, faults)
    if not event.modern:
        _everywhere(event, context)
        metadata.comes_last(faults)
        return
    _everywhere(event, context)
    if not event.get("eventTime"):
        event.required("eventTime")
    if event.get("type") not in TYPES:
        event.invalid("type", not_among(event.get("type"), TYPES))
    for name in ("firstTimestamp", "lastTimestamp", "count"):
        if event.get(name):
            event.invalid(name, "belongs to the events of the core group")
    source = event.get("source") or {}
    if source.get("component") or source.get("host"):
        event.invalid("source", "belongs to the events of the core group")


def update(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """An Event of events.k8s.io keeps all but its series."""
    event, before = _Event(new, context, faults), _Event(old, context, faults)
    _everywhere(event, context)
    if not event.modern:
        return
    for name in KEPT:
        if not same(event.get(name), before.get(name)):
            changed(faults, (event.blamed(name),), (event.at(name),))


CREATE = {"Event": create}
UPDATE = {"Event": update}
