"""The QoS class that Pods will have, why, and the cheapest way to the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.k8s.pods import amounts, pod_level
from manifold.lint.engine import Bundle, Finding, Subject


def check(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell the class of Pods that are not Guaranteed, with the reason and what would lift them.

    With `of` only Pods of these classes; with `nearly` only those of which a container is as Guaranteed Pods need it.
    """
    if subject.pod is None or not subject.containers:
        return
    try:
        found = subject.qos
        if found == "Guaranteed" or found not in parameters.get("of", (found,)):
            return
        lacks = [(_lacks(c), c, p) for c, p in subject.containers]
    except ValueError:  # a quantity that is none: the server says so
        return
    if found == "BestEffort":
        name = subject.main[0][0].get("name") if subject.main else ""
        yield Finding(
            (*subject.pod_path, "containers"),
            {
                "class": found,
                "reason": "no container asks for anything",
                "way": f"set a memory request for container `{name}`, and they are Burstable",
            },
        )
        return
    whole = subject.pod.get("resources") or {}
    if any(pod_level(n) for which in ("requests", "limits") for n in whole.get(which) or ()):
        if parameters.get("nearly"):
            return  # what containers ask for does not count here, so none of them spoils it
        changes = _lacks({"resources": whole})
        yield Finding(
            (*subject.pod_path, "resources"),
            {
                "class": found,
                "reason": f"the Pod as a whole {_what(changes)}",
                "way": _way(changes),
            },
        )
        return
    spoilers = [x for x in lacks if x[0]]
    if parameters.get("nearly") and len(spoilers) == len(lacks):
        return
    changes, container, path = spoilers[0]
    more = f", and {len(spoilers) - 1} more fall short" if len(spoilers) > 1 else ""
    way = f"in container `{container.get('name')}` {_way(changes)}"
    if len(spoilers) > 1:
        way = f"{way}, and likewise in the others; or give the Pod itself equal requests and limits of cpu and memory"
    yield Finding(
        (*path, "resources") if "resources" in container else path,
        {
            "class": found,
            "reason": f"container `{container.get('name')}` {_what(changes)}{more}",
            "way": f"{way}, and they are Guaranteed",
        },
    )


def _lacks(container: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What keeps a container from being as Guaranteed Pods need it: (field, value to set), fewest changes."""
    resources = container.get("resources")
    requests, limits = amounts(resources, "requests"), amounts(resources, "limits")
    out = []
    for name in ("cpu", "memory"):
        if name not in limits:
            out.append((f"limits.{name}", str(requests[name]) if name in requests else "what it needs at most"))
        elif name in requests and requests[name] != limits[name]:
            out.append((f"requests.{name}", str(limits[name])))
    return out


def _what(changes: list[tuple[str, str]]) -> str:
    return " and ".join(
        f"has no {field[7:]} limit" if field.startswith("limits.") else f"requests less {field[9:]} than it may use"
        for field, _ in changes
    )


def _way(changes: list[tuple[str, str]]) -> str:
    return "set " + " and ".join(f"{field} to {value}" for field, value in changes)
