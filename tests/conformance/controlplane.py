"""A real Kubernetes control plane on loopback: built from source by Go, started for a test run, asked over HTTPS.

By the convention of controller-runtime's envtest, `KUBEBUILDER_ASSETS` names a folder with `etcd`, `kube-apiserver`
and `kubectl`; without it they are built once into a cache folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RELEASE = "1.37.2"
PROGRAMS = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
}
# Plug-ins that look at other objects: without them an answer depends on the manifest alone.
LOOKS_ELSEWHERE = (
    "NamespaceLifecycle,ServiceAccount,Priority,RuntimeClass,DefaultStorageClass,LimitRanger,ResourceQuota"
)


class MissingError(Exception):
    """The programs are not there and cannot be built; the message says why."""


def cache_folder() -> Path:
    """Where built programs are kept between runs."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "manifold" / "controlplane" / RELEASE


def programs() -> Path:
    """The folder with the programs, built if need be (some ten minutes on two cores, once).

    Raises MissingError where Go is not installed, or the build fails.
    """
    given = os.environ.get("KUBEBUILDER_ASSETS")
    if given:
        lacking = [p for p in ("etcd", "kube-apiserver", "kubectl") if not (Path(given) / p).exists()]
        if lacking:
            raise MissingError(f"KUBEBUILDER_ASSETS={given} lacks {', '.join(lacking)}")
        return Path(given)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one builder, however many test workers
        for name, package in PROGRAMS.items():
            if not (folder / name).exists():
                _build(folder, name, package)
    return folder


def _build(folder: Path, name: str, package: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise MissingError("Go is not installed, so no control plane can be built (https://go.dev/dl)")
    stamp = "k8s.io/component-base/version"
    major, minor, _ = RELEASE.split(".")
    # Without these the server calls itself v0.0.0 and switches features off.
    facts = {
        "gitVersion": f"v{RELEASE}", "gitMajor": major, "gitMinor": minor,
        "gitCommit": "unknown", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    flags = "-s -w " + " ".join(f"-X {stamp}.{key}={value}" for key, value in facts.items())
    part = folder / f".{name}.part"
    command = [go, "build", "-ldflags", flags, "-o", str(part), package]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"go build {package} failed: {done.stderr[-600:]}")
    part.rename(folder / name)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@dataclass(slots=True)
class Reply:
    """What the server answered: status code, body, Warning headers."""

    code: int
    body: dict[str, Any]
    warnings: list[str]

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    def causes(self) -> list[tuple[str, str]]:
        """(reason, field) of each cause."""
        details = self.body.get("details") or {}
        return [(c.get("reason", ""), c.get("field", "")) for c in details.get("causes") or []]


class ControlPlane:
    """A running control plane; `kubeconfig` names the file to reach it with."""

    def __init__(self, folder: Path, *, disable: str = "", controllers: bool = False, scheduler: bool = False) -> None:
        self.folder = folder
        self.bin = programs()
        self._disable, self._controllers, self._scheduler = disable, controllers, scheduler
        self._running: list[subprocess.Popen[bytes]] = []
        self._connection: http.client.HTTPSConnection | None = None
        self._plurals: dict[str, dict[str, tuple[str, bool]]] = {}
        self.kubeconfig = folder / "kubeconfig"

    def __enter__(self) -> ControlPlane:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.bin / name, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self._running.append(process)

    def _start(self) -> None:
        folder = self.folder
        self.port, client, peer = free_ports(3)
        self.token = secrets.token_hex(16)
        tokens = folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        key = folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        etcd = f"http://127.0.0.1:{client}"
        self._run(
            "etcd", "--data-dir", str(folder / "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
            "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync", "--log-level", "error",
        )  # fmt: skip
        arguments = [
            "--etcd-servers", etcd, "--secure-port", str(self.port), "--bind-address", "127.0.0.1",
            "--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none", "--cert-dir", str(folder / "certs"),
            "--service-cluster-ip-range", "10.96.0.0/16,fd00:96::/112", "--token-auth-file", str(tokens),
            "--authorization-mode", "AlwaysAllow", "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", str(key), "--service-account-signing-key-file", str(key),
            "--allow-privileged=true", "--profiling=false",
        ]  # fmt: skip
        if self._disable:
            arguments += ["--disable-admission-plugins", self._disable]
        self._run("kube-apiserver", *arguments)
        self._await_ready()
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(self._configuration()))
        if self._controllers:
            self._run(
                "kube-controller-manager", "--kubeconfig", str(self.kubeconfig), "--leader-elect=false", "--secure-port", "0",
                "--service-account-private-key-file", str(key), "--root-ca-file", str(folder / "certs" / "apiserver.crt"),
            )  # fmt: skip
        if self._scheduler:
            self._run(
                "kube-scheduler", "--kubeconfig", str(self.kubeconfig), "--leader-elect=false", "--secure-port", "0"
            )

    def _configuration(self) -> dict[str, Any]:
        server = f"https://127.0.0.1:{self.port}"
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "default"}}],
        }

    def _await_ready(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._send("GET", "/readyz", None, "application/json")[0] == 200:
                    return
            if any(p.poll() is not None for p in self._running):
                break
            time.sleep(0.2)
        log = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-1500:]
        raise RuntimeError(f"the API server did not get ready:\n{log}")

    def stop(self) -> None:
        """End exactly the processes that were started."""
        if self._connection:
            self._connection.close()
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running = []

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, bytes, list[str]]:
        kept = self._connection is not None
        if self._connection is None:
            context = ssl._create_unverified_context()  # a certificate made a second ago, on loopback
            self._connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": "application/json"}
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            return response.status, response.read(), response.headers.get_all("Warning") or []
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            # The server ends connections that were idle for long; what was sent on one of these never reached it.
            if kept and isinstance(error, ssl.SSLEOFError | ConnectionError | http.client.RemoteDisconnected):
                return self._send(method, path, body, content_type)
            raise

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Reply:
        """One request; a body that is not bytes goes out as JSON. A handler that panics hangs up: code 599."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            code, answer, warnings = self._send(method, path, data, content_type)
        except http.client.RemoteDisconnected as error:
            return Reply(599, {"message": str(error)}, [])
        return Reply(code, json.loads(answer) if answer.startswith(b"{") else {"message": answer.decode()}, warnings)

    def collection(self, api_version: str, kind: str, namespace: str = "") -> str:
        """The URL path of a kind's collection."""
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if kind not in self._plurals.get(api_version, {}):
            reply = self.request("GET", base)
            self._plurals[api_version] = {
                r["kind"]: (r["name"], r["namespaced"]) for r in reply.body.get("resources", []) if "/" not in r["name"]
            }
            if kind not in self._plurals[api_version]:
                raise LookupError(
                    f"{base} serves no collection of {kind}: {reply.code} {sorted(self._plurals[api_version])}"
                )
        plural, namespaced = self._plurals[api_version][kind]
        return f"{base}/namespaces/{namespace or 'default'}/{plural}" if namespaced else f"{base}/{plural}"

    def namespaced(self, body: dict[str, Any]) -> bool:
        """Whether the kind of an object lives in namespaces."""
        return "/namespaces/" in self.collection(body["apiVersion"], body["kind"])

    def create(self, body: dict[str, Any], *, dry_run: bool = True) -> Reply:
        """Create with strict field validation; by default nothing is stored."""
        meta = body.get("metadata")
        namespace = meta.get("namespace") if isinstance(meta, dict) else ""
        path = self.collection(body["apiVersion"], body["kind"], namespace if isinstance(namespace, str) else "")
        return self.request("POST", f"{path}?fieldValidation=Strict{'&dryRun=All' if dry_run else ''}", body)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl against this control plane."""
        command = [self.bin / "kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)


@contextlib.contextmanager
def started(folder: Path, **options: Any) -> Iterator[ControlPlane]:
    """A control plane for the length of a `with` block."""
    with ControlPlane(folder, **options) as plane:
        yield plane
