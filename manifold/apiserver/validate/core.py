"""The kinds of the core group: what no table can say.

Follows kubernetes v1.37.2 pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import apps, config, endpoints, events, nodes, persistent, pod, quota, service

Body = dict[str, Any]

CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {
    "ConfigMap": config.config_map,
    "Endpoints": endpoints.create,
    "Event": events.create,
    "LimitRange": quota.limit_range,
    "Namespace": config.namespace,
    "Node": nodes.create,
    "PersistentVolume": persistent.create_volume,
    "PersistentVolumeClaim": persistent.create_claim,
    "Pod": pod.create_pod,
    "PodTemplate": pod.create_pod_template,
    "ReplicationController": apps.create_replication_controller,
    "ResourceQuota": quota.resource_quota,
    "Secret": config.secret,
    "Service": service.create,
    "ServiceAccount": config.service_account,
}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {
    "ConfigMap": config.update_config_map,
    "Endpoints": endpoints.update,
    "Event": events.update,
    "Namespace": config.update_namespace,
    "Node": nodes.update,
    "PersistentVolume": persistent.update_volume,
    "PersistentVolumeClaim": persistent.update_claim,
    "Pod": pod.update_pod,
    "PodTemplate": pod.update_pod_template,
    "ReplicationController": apps.update_replication_controller,
    "ResourceQuota": quota.update_resource_quota,
    "Secret": config.update_secret,
    "Service": service.update,
    "ServiceAccount": config.update_service_account,
}
