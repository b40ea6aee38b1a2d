"""DefaultTolerationSeconds: how long a Pod stays on a node that is gone (plugin/pkg/admission/defaulttolerationseconds)."""

from __future__ import annotations

from typing import Any

from manifold.apiserver.context import Context
from manifold.apiserver.faults import Faults

NAME = "DefaultTolerationSeconds"
PLACE = 70
KINDS = frozenset((("", "Pod"),))
ALONE = True  # policies that need no cluster either see what it adds

KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
SECONDS = 300


def mutate(body: dict[str, Any], context: Context, faults: Faults) -> None:
    """Tolerate both conditions for five minutes, unless the Pod says otherwise of one."""
    spec = body.setdefault("spec", {})
    tolerations = list(spec.get("tolerations") or ())
    for key in KEYS:
        if not any(t.get("key", "") in ("", key) and t.get("effect", "") in ("", "NoExecute") for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS})
    spec["tolerations"] = tolerations
