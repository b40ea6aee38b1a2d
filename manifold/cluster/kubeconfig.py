"""Kubeconfig as kubectl reads it: several files merged, the first to say something wins, also the current context.

Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manifold.errors import ClusterError, UsageError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a cluster: address, trust, credentials. Nothing has been sent or run yet."""

    context: str
    server: str
    namespace: str = "default"
    ca: bytes | None = None
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    basic: tuple[str, str] | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    exec: Mapping[str, Any] | None = None
    folder: Path = Path()
    """The folder of the file that holds the user, where a plug-in's relative path starts."""
    impersonate: Mapping[str, Any] = field(default_factory=dict)


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ClusterError(f"kubeconfig {file} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ClusterError(f"kubeconfig {file} is no YAML: {str(error).splitlines()[0]}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ClusterError(f"kubeconfig {file} is no map of clusters, users and contexts")
    return data


def files(explicit: Path | None) -> list[Path]:
    """The kubeconfig files that count: `--kubeconfig`, else KUBECONFIG's list, else ~/.kube/config."""
    if explicit is not None:
        if not explicit.exists():
            raise UsageError(f"--kubeconfig {explicit}: there is no such file")
        return [explicit]
    listed = os.environ.get("KUBECONFIG", "")
    if listed:
        return [Path(p) for p in dict.fromkeys(listed.split(os.pathsep)) if p and Path(p).exists()]
    default = Path.home() / ".kube" / "config"
    return [default] if default.exists() else []


class _Merged:
    def __init__(self, found: list[Path]) -> None:
        self.current = ""
        self.parts: dict[str, dict[str, tuple[dict[str, Any], Path]]] = {"clusters": {}, "users": {}, "contexts": {}}
        for file in found:
            data = _read(file)
            self.current = self.current or str(data.get("current-context") or "")
            for part, inner in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
                for item in data.get(part) or ():
                    if isinstance(item, dict) and isinstance(item.get("name"), str):
                        self.parts[part].setdefault(item["name"], (item.get(inner) or {}, file.resolve().parent))

    def get(self, part: str, name: str, who: str) -> tuple[dict[str, Any], Path]:
        try:
            return self.parts[part][name]
        except KeyError:
            there = ", ".join(sorted(self.parts[part])) or "none"
            raise ClusterError(
                f"kubeconfig: {who} names {part[:-1]} {name!r}, which is not there (there: {there})"
            ) from None


def _material(data: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    """`name-data` (base64), else the content of the file `name`; None when neither is given."""
    if inline := data.get(f"{name}-data"):
        try:
            return base64.b64decode(str(inline), validate=False)
        except (binascii.Error, ValueError) as error:
            raise ClusterError(f"kubeconfig: {name}-data is no base64") from error
    if path := data.get(name):
        try:
            return (folder / str(path)).read_bytes()
        except OSError as error:
            raise ClusterError(f"kubeconfig: {name} {path} cannot be read: {error.strerror}") from error
    return None


def _inside() -> Access | None:
    """Access from within a Pod, by its service account; None elsewhere."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token = SERVICE_ACCOUNT / "token"
    if not host or not port or not token.exists():
        return None
    host = f"[{host}]" if ":" in host else host
    namespace = SERVICE_ACCOUNT / "namespace"
    return Access(
        context="in-cluster",
        server=f"https://{host}:{port}",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        ca=(SERVICE_ACCOUNT / "ca.crt").read_bytes(),
        token_file=token,
    )


def load(explicit: Path | None = None, context: str = "") -> Access:
    """The access that `--kubeconfig` and `--context` (or what stands for them) name.

    Raises ClusterError when there is none, or it names what is not there.
    """
    found = files(explicit)
    merged = _Merged(found)
    name = context or merged.current
    if not name:
        inside = _inside()
        if inside is not None:
            return inside
        if found:
            raise ClusterError("the kubeconfig has no current context: give --context")
        raise ClusterError(
            "no cluster is configured: give --kubeconfig or set KUBECONFIG, or compare with --against/--cluster FILE"
        )
    if name not in merged.parts["contexts"]:
        there = ", ".join(sorted(merged.parts["contexts"])) or "none"
        raise ClusterError(f"kubeconfig: there is no context {name!r} (there: {there})")
    chosen, _ = merged.parts["contexts"][name]
    cluster, cluster_folder = merged.get("clusters", str(chosen.get("cluster") or ""), f"context {name!r}")
    user, folder = merged.get("users", str(chosen["user"]), f"context {name!r}") if chosen.get("user") else ({}, Path())
    if not cluster.get("server"):
        raise ClusterError(f"kubeconfig: cluster {chosen.get('cluster')!r} has no server")
    if user.get("auth-provider"):
        raise ClusterError(
            f"kubeconfig: user {chosen['user']!r} uses auth-provider {user['auth-provider'].get('name')!r}, which kubectl "
            "has dropped; use its exec plug-in"
        )
    insecure = bool(cluster.get("insecure-skip-tls-verify"))
    return Access(
        context=name,
        server=str(cluster["server"]).rstrip("/"),
        namespace=str(chosen.get("namespace") or "default"),
        ca=None if insecure else _material(cluster, "certificate-authority", cluster_folder),
        insecure=insecure,
        server_name=str(cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
        token=str(user.get("token") or ""),
        token_file=folder / str(user["tokenFile"]) if user.get("tokenFile") else None,
        basic=(str(user["username"]), str(user.get("password") or "")) if user.get("username") else None,
        certificate=_material(user, "client-certificate", folder),
        key=_material(user, "client-key", folder),
        exec=user.get("exec"),
        folder=folder,
        impersonate={k: user[k] for k in ("as", "as-uid", "as-groups", "as-user-extra") if user.get(k)},
    )
