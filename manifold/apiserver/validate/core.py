"""The kinds of the core group: what no table can say.

Follows kubernetes v1.37.2 pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import apps, config, endpoints, pod, quota, service

Body = dict[str, Any]

CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {
    "Endpoints": endpoints.create,
    "LimitRange": quota.limit_range,
    "Pod": pod.create_pod,
    "PodTemplate": pod.create_pod_template,
    "ReplicationController": apps.create_replication_controller,
    "ResourceQuota": quota.resource_quota,
    "Service": service.create,
}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {
    **config.UPDATE,
    "Endpoints": endpoints.update,
    "Pod": pod.update_pod,
    "PodTemplate": pod.update_pod_template,
    "ReplicationController": apps.update_replication_controller,
    "ResourceQuota": quota.update_resource_quota,
    "Service": service.update,
}
