"""Credentials: tokens, certificates, and the plug-ins that a kubeconfig names.

Protocol of the plug-ins: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from manifold.cluster.kubeconfig import Access
from manifold.errors import ClusterError

SECONDS = 60  # a plug-in that asks a person for a second factor takes its time; one that hangs does not hang us


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who we are: headers, and a client certificate with its key (PEM)."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)


def _impersonation(access: Access) -> dict[str, str]:
    said = access.impersonate
    headers: dict[str, str] = {}
    if said.get("as"):
        headers["Impersonate-User"] = str(said["as"])
    if said.get("as-uid"):
        headers["Impersonate-Uid"] = str(said["as-uid"])
    if said.get("as-groups") or said.get("as-user-extra"):
        # One header a value: a single dict of headers cannot hold the repetition that the server wants.
        raise ClusterError("kubeconfig: as-groups and as-user-extra are not supported; impersonate with `as` alone")
    return headers


def resolve(access: Access) -> Credentials:
    """The credentials of `access`; runs its plug-in when it names one.

    Raises ClusterError naming the plug-in and what it said, when it fails: we never go on without credentials.
    """
    headers = _impersonation(access)
    certificate, key = access.certificate, access.key
    if access.token_file is not None:
        try:
            headers["Authorization"] = f"Bearer {access.token_file.read_text().strip()}"
        except OSError as error:
            raise ClusterError(
                f"kubeconfig: token file {access.token_file} cannot be read: {error.strerror}"
            ) from error
    elif access.token:
        headers["Authorization"] = f"Bearer {access.token}"
    elif access.basic is not None:
        pair = base64.b64encode(":".join(access.basic).encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    elif access.exec is not None:
        status = _plugin(access, dict(access.exec))
        if status.get("token"):
            headers["Authorization"] = f"Bearer {status['token']}"
        if status.get("clientCertificateData"):
            certificate = str(status["clientCertificateData"]).encode()
            key = str(status.get("clientKeyData") or "").encode()
    return Credentials(headers, certificate, key)


def _plugin(access: Access, spec: dict[str, Any]) -> dict[str, Any]:
    version = str(spec.get("apiVersion") or "")
    if version not in ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"):
        raise ClusterError(f"kubeconfig: credential plug-in with apiVersion {version!r}: v1 and v1beta1 are supported")
    command = str(spec.get("command") or "")
    program = str(access.folder / command) if "/" in command and not command.startswith("/") else shutil.which(command)
    hint = f" {str(spec['installHint']).strip()}" if spec.get("installHint") else ""
    if not program or not os.access(program, os.X_OK):
        raise ClusterError(f"credential plug-in {command!r} of the kubeconfig is not installed.{hint}")
    environment = dict(os.environ)
    for item in spec.get("env") or ():
        environment[str(item["name"])] = str(item.get("value") or "")
    interactive = spec.get("interactiveMode") != "Never" and sys.stdin.isatty()
    if spec.get("interactiveMode") == "Always" and not interactive:
        raise ClusterError(f"credential plug-in {command!r} wants to ask a person, and there is no terminal")
    information: dict[str, Any] = {"interactive": interactive}
    if spec.get("provideClusterInfo"):
        information["cluster"] = {"server": access.server}
        if access.ca:
            information["cluster"]["certificate-authority-data"] = base64.b64encode(access.ca).decode()
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(
        {"apiVersion": version, "kind": "ExecCredential", "spec": information}
    )
    try:
        done = subprocess.run(
            [program, *map(str, spec.get("args") or ())],
            env=environment,
            stdin=None if interactive else subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"credential plug-in {command!r} gave no answer within {SECONDS} s") from error
    except OSError as error:
        raise ClusterError(f"credential plug-in {command!r} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ClusterError(
            f"credential plug-in {command!r} failed with code {done.returncode}: {said[-1] if said else 'it said nothing'}. "
            "Log in again, then retry."
        )
    return _status(command, version, done.stdout)


def _status(command: str, version: str, output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output)
        status = answer["status"]
        said = answer["apiVersion"]
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"credential plug-in {command!r} printed no ExecCredential") from error
    if said != version:
        raise ClusterError(f"credential plug-in {command!r} answers in {said}, the kubeconfig asks for {version}")
    if not isinstance(status, dict) or not (status.get("token") or status.get("clientCertificateData")):
        raise ClusterError(f"credential plug-in {command!r} gave neither a token nor a certificate")
    expires = status.get("expirationTimestamp")
    if expires:
        try:
            at = datetime.fromisoformat(str(expires).replace("Z", "+00:00"))
        except ValueError as error:
            raise ClusterError(f"credential plug-in {command!r} gave expirationTimestamp {expires!r}") from error
        if at <= datetime.now(UTC):
            raise ClusterError(
                f"credential plug-in {command!r} gave a credential that expired at {expires}: log in again"
            )
    return status
