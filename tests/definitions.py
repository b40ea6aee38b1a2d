"""Definitions of custom resources, as tests need them."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def definition(spec: Body | None = None, *, kind: str = "X", group: str = "example.com", **schema: Any) -> Body:
    """A CustomResourceDefinition of one namespaced version v1: `spec` is the schema of that field, `schema` what else stands in the whole's."""
    properties = {} if spec is None else {"properties": {"spec": spec}}
    singular = kind.lower()
    names = {"kind": kind, "listKind": f"{kind}List", "plural": f"{singular}s", "singular": singular}
    whole = {"type": "object", **properties, **schema}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
