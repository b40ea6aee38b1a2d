"""Ports without a protocol beside ports that name theirs: lists of ports merge by number and protocol, so it is said."""

from __future__ import annotations

from collections.abc import Iterator

from manifold.fix.operations import Insert, Repair
from manifold.fix.subject import Subject, walk

SAFE, ORDER, WHOLE = True, 4, False

_TYPES = {"core.v1.ContainerPort": "containerPort", "core.v1.ServicePort": "port"}


def find(subject: Subject) -> Iterator[Repair]:
    for path, value in walk(subject.body):
        ports = value.get("ports")
        if not isinstance(ports, list) or not any(isinstance(p, dict) and p.get("protocol") for p in ports):
            continue
        type = subject.type_at((*path, "ports"))
        number = _TYPES.get(type.items.name) if type is not None and type.items is not None else None
        if number is None:
            continue
        for i, port in enumerate(ports):
            if isinstance(port, dict) and port and "protocol" not in port and number in port:
                yield Repair(
                    "missing-protocol",
                    f"the protocol of port {port[number]} is said: TCP, the default",
                    (*path, "ports", i),
                    (Insert((*path, "ports", i), "protocol", "TCP", number),),
                )
