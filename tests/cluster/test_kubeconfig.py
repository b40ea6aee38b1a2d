"""Kubeconfigs merge as kubectl merges them; credentials that fail say so."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from manifold.cluster import credentials, kubeconfig
from manifold.errors import ClusterError, UsageError


def write(path: Path, current: str = "", **parts: dict[str, Any]) -> Path:
    data: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": current}
    for part, inner in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
        data[part] = [{"name": name, inner: value} for name, value in parts.get(part, {}).items()]
    path.write_text(json.dumps(data))
    return path


A_CLUSTER = {"a": {"server": "https://a.example.com/"}}
A_CONTEXT = {"a": {"cluster": "a", "user": "me", "namespace": "shop"}}


def test_first_file_wins_and_names_the_current_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first file of KUBECONFIG says stays; the official Python client lets the last one win."""
    first = write(tmp_path / "1", "a", clusters=A_CLUSTER, contexts=A_CONTEXT)
    second = write(
        tmp_path / "2",
        "b",
        clusters={"a": {"server": "https://other"}},
        contexts={"b": {"cluster": "a"}},
        users={"me": {"token": "t"}},
    )
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{tmp_path / 'missing'}{os.pathsep}{second}")
    access = kubeconfig.load()

    assert (access.context, access.server, access.namespace, access.token) == (
        "a",
        "https://a.example.com",
        "shop",
        "t",
    )


def test_unknown_context_names_those_there_are(tmp_path: Path) -> None:
    """The message helps to choose."""
    file = write(tmp_path / "c", "a", clusters=A_CLUSTER, contexts=A_CONTEXT, users={"me": {}})
    with pytest.raises(ClusterError, match=r"no context 'b' \(there: a\)"):
        kubeconfig.load(file, "b")


def test_missing_file_given_by_hand_is_a_usage_error(tmp_path: Path) -> None:
    """--kubeconfig must exist."""
    with pytest.raises(UsageError, match="there is no such file"):
        kubeconfig.load(tmp_path / "none")


def test_no_cluster_at_all_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither file nor Pod."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ClusterError, match="give --kubeconfig"):
        kubeconfig.load()


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """A certificate authority lies beside the kubeconfig that names it."""
    (tmp_path / "ca.pem").write_bytes(b"pem")
    file = write(
        tmp_path / "c",
        "a",
        clusters={"a": {"server": "https://a", "certificate-authority": "ca.pem"}},
        contexts={"a": {"cluster": "a"}},
    )

    assert kubeconfig.load(file).ca == b"pem"


def plugin(tmp_path: Path, script: str, **spec: Any) -> kubeconfig.Access:
    program = tmp_path / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "interactiveMode": "Never",
            **spec,
        }
    }
    return kubeconfig.load(
        write(
            tmp_path / "c", "a", clusters=A_CLUSTER, contexts={"a": {"cluster": "a", "user": "me"}}, users={"me": user}
        )
    )


def answer(**status: Any) -> str:
    return f"echo '{json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential', 'status': status})}'"


def test_plugin_gives_a_token(tmp_path: Path) -> None:
    """Its path is relative to the kubeconfig."""
    found = credentials.resolve(plugin(tmp_path, answer(token="secret")))

    assert found.headers == {"Authorization": "Bearer secret"}
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo denied >&2; exit 3", "failed with code 3: denied. Log in again"),
        ("echo nonsense", "printed no ExecCredential"),
        (answer(), "neither a token nor a certificate"),
        (
            answer(token="t", expirationTimestamp="2001-01-01T00:00:00Z"),
            "expired at 2001-01-01T00:00:00Z: log in again",
        ),
    ],
)
def test_plugin_that_fails_stops_the_run(tmp_path: Path, script: str, message: str) -> None:
    """We never go on without credentials."""
    with pytest.raises(ClusterError, match=message):
        credentials.resolve(plugin(tmp_path, script))


def test_plugin_that_is_not_there_gives_its_hint(tmp_path: Path) -> None:
    """installHint is for exactly this."""
    access = plugin(tmp_path, "", command="no-such-plug-in-here", installHint="Install it from the app store.")
    with pytest.raises(ClusterError, match=r"not installed\. Install it from the app store"):
        credentials.resolve(access)


def test_basic_credentials_are_encoded(tmp_path: Path) -> None:
    """Username and password."""
    file = write(
        tmp_path / "c",
        "a",
        clusters=A_CLUSTER,
        contexts={"a": {"cluster": "a", "user": "me"}},
        users={"me": {"username": "u", "password": "p"}},
    )

    assert {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()} == credentials.resolve(
        kubeconfig.load(file)
    ).headers
