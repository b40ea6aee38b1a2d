"""The kinds of the core group: what no table can say.

Follows kubernetes v1.37.2 pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import apps, config, pod

Body = dict[str, Any]

CREATE: dict[str, Callable[[Body, Context, Faults], None]] = {
    "Pod": pod.create_pod,
    "PodTemplate": pod.create_pod_template,
    "ReplicationController": apps.create_replication_controller,
}
UPDATE: dict[str, Callable[[Body, Body, Context, Faults], None]] = {
    **config.UPDATE,
    "Pod": pod.update_pod,
    "PodTemplate": pod.update_pod_template,
    "ReplicationController": apps.update_replication_controller,
}
