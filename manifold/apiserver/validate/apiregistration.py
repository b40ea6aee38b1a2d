"""APIServices.

Follows k8s.io/kube-aggregator v0.37.2 pkg/apis/apiregistration/validation.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.k8s import formats

Body = dict[str, Any]


def create_api_service(body: Body, context: Context, faults: Faults) -> None:
    """An APIService: its name is version.group, and it is served by a Service or by the API server itself."""
    spec, meta = body.get("spec") or {}, body.get("metadata") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    wanted = f"{version}.{group}"

    def named(name: str) -> list[str]:
        found = formats.path_segment(name)
        return found or ([] if name == wanted else [f"must be spec.version, a dot and spec.group: {wanted}"])

    metadata.names(meta, named, faults, masked=False)
    if not group and version != "v1":
        faults.required(("spec", "group"), "only v1 may be of no group")
    service, bundle, insecure = spec.get("service"), spec.get("caBundle"), spec.get("insecureSkipTLSVerify")
    if service is None:
        if bundle:
            faults.invalid(("spec", "caBundle"), "goes with a service only")
        if insecure:
            faults.invalid(("spec", "insecureSkipTLSVerify"), "goes with a service only")
        return
    if insecure and bundle:
        faults.invalid(("spec", "insecureSkipTLSVerify"), "contradicts caBundle", "leave one of them out")


def update_api_service(new: Body, old: Body, context: Context, faults: Faults) -> None:
    """As a new one."""
    create_api_service(new, context, faults)


CREATE = {"APIService": create_api_service}
UPDATE = {"APIService": update_api_service}
