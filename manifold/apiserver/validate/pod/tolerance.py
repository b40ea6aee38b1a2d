"""What an update may keep because it is stored already, though it would be refused anew.

Follows kubernetes v1.37.2 pkg/api/pod/util.go: GetValidationOptionsFromPodSpecAndMeta.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.pod import scheduling, security
from manifold.apiserver.validate.pod.scheduling import PREFERRED, REQUIRED
from manifold.apiserver.validate.pod.scope import Body, Tolerance
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.k8s.pods import containers as every
from manifold.k8s.quantity import parse


def _cost_fits(notes: Mapping[str, str]) -> bool:
    from manifold.apiserver.validate.pod import DELETION_COST, deletion_cost_fits

    return DELETION_COST not in notes or deletion_cost_fits(notes[DELETION_COST])


def tolerated(spec: Body, notes: Mapping[str, str]) -> Tolerance:
    """What the stored Pod spec (and its annotations) has that new ones may not."""
    selectors = list(_affinity_selectors(spec))
    spreads = [c for c in spec.get("topologySpreadConstraints") or () if c.get("labelSelector")]
    keys = [c for c in spec.get("topologySpreadConstraints") or () if c.get("matchLabelKeys")]
    return Tolerance(
        deletion_cost=not _cost_fits(notes),
        huge_pages=_odd_pages(spec),
        selector_values=any(_bad_values(s) for s in selectors),
        node_affinity_values=_bad_node_values(spec),
        spread_selectors=any(_faulty_selector(c["labelSelector"]) for c in spreads),
        spread_keys=any(_faulty_keys(c) for c in keys),
        token_paths=any(_leads_out(path) for path in _token_paths(spec)),
        host_sysctls=any(
            security.host_sysctl(s.get("name") or "", spec)
            for s in (spec.get("securityContext") or {}).get("sysctls") or ()
        ),
        user_namespace_devices=spec.get("hostUsers") is False and any(c.get("volumeDevices") for c, _ in every(spec)),
        init_restart_on_resize=any(
            policy.get("restartPolicy") == "RestartContainer"
            for c in spec.get("initContainers") or ()
            if c.get("restartPolicy") != "Always"
            for policy in c.get("resizePolicy") or ()
        ),
        image_reference=any(
            v.get("image") is not None and not v["image"].get("reference") for v in spec.get("volumes") or ()
        ),
        sys_admin=any(_sys_admin(c.get("securityContext") or {}) for c, _ in every(spec)),
    )


def _odd_pages(spec: Body) -> bool:
    for container, _ in every(spec):
        for which in ("limits", "requests"):
            for name, text in ((container.get("resources") or {}).get(which) or {}).items():
                if name.startswith("hugepages-"):
                    try:
                        size = parse(name.removeprefix("hugepages-"))
                    except ValueError:
                        return True
                    if size.nanos <= 0 or amount(text).value() % size.value():
                        return True
    return False


def _affinity_selectors(spec: Body) -> Iterator[Any]:
    for field in ("podAffinity", "podAntiAffinity"):
        found = (spec.get("affinity") or {}).get(field) or {}
        terms = [*(found.get(REQUIRED) or ()), *(w.get("podAffinityTerm") or {} for w in found.get(PREFERRED) or ())]
        for term in terms:
            yield term.get("labelSelector")
            yield term.get("namespaceSelector")


def _bad_values(selector: Any) -> bool:
    return any(
        formats.label_value(value)
        for expression in (selector or {}).get("matchExpressions") or ()
        for value in expression.get("values") or ()
    )


def _bad_node_values(spec: Body) -> bool:
    required = (((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)) or {}
    return any(_bad_values(term) for term in required.get("nodeSelectorTerms") or ())


def _faulty_selector(selector: Any) -> bool:
    faults = Faults()
    metadata.label_selector(selector, (), faults)
    return bool(faults)


def _faulty_keys(constraint: Body) -> bool:
    faults = Faults()
    scheduling.label_keys(constraint["matchLabelKeys"], [], constraint.get("labelSelector"), (), faults)
    return bool(faults)


def _token_paths(spec: Body) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                yield source["serviceAccountToken"].get("path") or ""


def _leads_out(path: str) -> bool:
    return bool(formats.file_path(path))


def _sys_admin(context: Body) -> bool:
    if context.get("allowPrivilegeEscalation"):
        return False
    return "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ())
