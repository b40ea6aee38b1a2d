"""A cluster over HTTP, against a small server of our own on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from manifold.cluster.client import Cluster
from manifold.cluster.kubeconfig import Access
from manifold.cluster.snapshot import MASK, mask, take
from manifold.errors import ClusterError

DISCOVERY = {
    "/api": {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
        {"resource": "secrets", "responseKind": {"kind": "Secret"}, "scope": "Namespaced", "verbs": ["get", "list"]},
        {"resource": "bindings", "responseKind": {"kind": "Binding"}, "scope": "Namespaced", "verbs": ["create"]}]}]}]},
    "/apis": {"kind": "APIGroupDiscoveryList", "items": []},
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str]]] = []

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, code: int, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.seen.append(("GET", self.path))
        path = self.path.partition("?")[0]
        if path in DISCOVERY:
            self._answer(200, DISCOVERY[path])
        elif "continue=next" in self.path:
            self._answer(200, {"items": [{"metadata": {"name": "b"}, "data": {"k": "djI="}}]})
        elif path == "/api/v1/secrets":
            self._answer(
                200, {"metadata": {"continue": "next"}, "items": [{"metadata": {"name": "a"}, "data": {"k": "djE="}}]}
            )
        elif path.endswith("/forbidden"):
            self._answer(403, {"message": "no"})
        else:
            self._answer(401 if path.endswith("/old") else 404, {})

    def do_PATCH(self) -> None:
        self.seen.append(("PATCH", self.path))
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, {"kind": "Secret"})


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Handler.seen.clear()
    yield Cluster(Access("test", f"http://127.0.0.1:{server.server_port}"))
    server.shutdown()
    server.server_close()
    thread.join()


def test_snapshot_lists_page_by_page_and_masks_secrets(cluster: Cluster) -> None:
    """Values of Secrets do not get into the file."""
    found = list(take(cluster))

    assert [o["metadata"]["name"] for o in found] == ["a", "b"]
    assert [o["data"] for o in found] == [{"k": MASK}, {"k": MASK}]
    assert {("v1", "Secret")} == {(o["apiVersion"], o["kind"]) for o in found}


def test_masked_secret_loses_its_last_applied_annotation() -> None:
    """It holds the values once more."""
    name = "kubectl.kubernetes.io/last-applied-configuration"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"annotations": {name: '{"data":{"k":"djE="}}'}},
        "data": {"k": "djE="},
    }

    assert "djE=" not in json.dumps(mask(body))


def test_apply_is_sent_as_a_dry_run(cluster: Cluster) -> None:
    """Nothing that could change the cluster leaves the process."""
    reply = cluster.dry_run({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, "shop")

    assert reply.accepted
    assert "dryRun=All" in Handler.seen[-1][1]
    with pytest.raises(AssertionError):
        cluster._send("DELETE", "/api/v1/namespaces/shop/secrets/x")


def test_absent_object_is_none_and_refused_credentials_are_said(cluster: Cluster) -> None:
    """404 is an answer, 401 an error."""
    resource = cluster.resource("v1", "Secret")
    assert resource is not None

    assert cluster.get(resource, "shop", "missing") is None
    with pytest.raises(ClusterError, match="log in again"):
        cluster.get(resource, "shop", "old")
    with pytest.raises(ClusterError, match="no"):
        cluster.get(resource, "shop", "forbidden")


def test_unreachable_cluster_is_one_sentence() -> None:
    """It names the cluster and the address."""
    with pytest.raises(ClusterError, match=r"cluster 'gone' at http://127.0.0.1:9 is unreachable"):
        Cluster(Access("gone", "http://127.0.0.1:9")).version()
