"""StorageVersionMigrations.

Follows kubernetes v1.37.2 pkg/apis/storagemigration/validation.
"""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.k8s import formats

Body = dict[str, Any]


def create_migration(body: Body, context: Context, faults: Faults) -> None:
    """A StorageVersionMigration: of which resource."""
    resource = (body.get("spec") or {}).get("resource") or {}
    name, group = resource.get("resource") or "", resource.get("group") or ""
    if not name:
        faults.required(("spec", "resource", "resource"), "which resource must be told")
    else:
        messages = formats.dns_1035_label(name)
        if messages:
            faults.invalid(("spec", "resource", "resource"), "; ".join(messages))
    if group:
        messages = formats.dns_subdomain(group)
        if messages:
            faults.invalid(("spec", "resource", "group"), "; ".join(messages))


CREATE = {"StorageVersionMigration": create_migration}
UPDATE: dict[str, Any] = {}
