"""A cluster over HTTPS: discovery, GET, LIST, and creates and applies that change nothing (`dryRun=All`)."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from manifold.cluster.credentials import Credentials, resolve
from manifold.cluster.kubeconfig import Access
from manifold.errors import ClusterError, UsageError

if TYPE_CHECKING:
    import urllib3

PAGE = 500  # objects a LIST answers with at once, as kubectl asks (--chunk-size)
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind that the cluster serves."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's answer to a dry run: the object it would store, or its Status; and its Warning headers."""

    accepted: bool
    body: dict[str, Any]
    warnings: tuple[str, ...]


def _tls(access: Access, credentials: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca is not None:
        try:
            context = ssl.create_default_context(cadata=access.ca.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError) as error:
            raise ClusterError("kubeconfig: the certificate authority is no PEM certificate") from error
    if credentials.certificate:
        # OpenSSL reads certificate and key from files alone; ours is readable by its owner and gone at once.
        handle, name = tempfile.mkstemp(prefix="manifold-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(credentials.certificate + b"\n" + (credentials.key or b""))
            context.load_cert_chain(name)
        except ssl.SSLError as error:
            raise ClusterError(f"kubeconfig: the client certificate or its key cannot be used: {error}") from error
        finally:
            Path(name).unlink()
    return context


def _reason(error: BaseException) -> str:
    """Why a cluster was not reached, in the operating system's words and without urllib3's."""
    reason: Any = getattr(error, "reason", None) or error
    while reason.__cause__ is not None:
        reason = reason.__cause__
    said = getattr(reason, "strerror", None) or str(reason)
    return str(said)[:1].lower() + str(said)[1:]


class Cluster:
    """A live cluster. Nothing is sent before the first question."""

    def __init__(self, access: Access, timeout: float = 30.0) -> None:
        self.access = access
        self._timeout = timeout
        self._pool: urllib3.PoolManager | None = None
        self._headers: dict[str, str] = {}
        self._resources: dict[tuple[str, str, str], Resource] | None = None

    def _connect(self) -> urllib3.PoolManager:
        if self._pool is None:
            import urllib3

            credentials = resolve(self.access)
            self._headers = {"Accept": "application/json", "User-Agent": "manifold", **credentials.headers}
            options: dict[str, Any] = {
                "timeout": urllib3.Timeout(connect=10.0, read=self._timeout),
                "retries": urllib3.Retry(
                    2, allowed_methods=["GET"], status_forcelist=[429, 502, 503], redirect=0, raise_on_status=False
                ),
            }
            if self.access.insecure:  # the kubeconfig asks for it: one warning a request would say nothing new
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            if self.access.server.startswith("https:"):
                options["ssl_context"] = _tls(self.access, credentials)
                if self.access.server_name:
                    options["server_hostname"] = options["assert_hostname"] = self.access.server_name
            proxy = self.access.proxy
            if proxy.startswith("socks"):
                raise ClusterError("kubeconfig: proxy-url with SOCKS is not supported: use an HTTP proxy")
            self._pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        return self._pool

    def _send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, tuple[str, ...]]:
        import orjson
        import urllib3

        # The promise of this room, kept in one place: what changes a cluster does not leave it.
        if method != "GET" and "dryRun=All" not in path.partition("?")[2].split("&"):
            raise AssertionError(f"{method} without dryRun=All")
        pool = self._connect()
        try:
            reply = pool.request(
                method, self.access.server + path, body=body, headers={**self._headers, **(headers or {})}
            )
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(
                f"cluster {self.access.context!r} at {self.access.server} is unreachable: {_reason(error)}"
            ) from error
        try:
            data = orjson.loads(reply.data) if reply.data else {}
        except orjson.JSONDecodeError:
            data = {"message": reply.data[:200].decode(errors="replace")}
        if reply.status == 401:
            raise ClusterError(f"cluster {self.access.context!r} does not accept the credentials (401): log in again")
        return reply.status, data, tuple(reply.headers.getlist("Warning"))

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        status, data, _ = self._send("GET", path, headers=headers)
        if status == 403:
            raise ClusterError(f"cluster {self.access.context!r} forbids it: {data.get('message', path)}")
        if status >= 400:
            raise ClusterError(
                f"cluster {self.access.context!r} answers {status} to GET {path}: {data.get('message', '')}"
            )
        return data

    def version(self) -> str:
        """The server's release, `1.37`."""
        data = self._get("/version")
        return f"{data.get('major')}.{str(data.get('minor')).rstrip('+')}"

    def resources(self) -> dict[tuple[str, str, str], Resource]:
        """All kinds served, by (group, version, kind); the preferred version of a group comes first."""
        if self._resources is None:
            found: dict[tuple[str, str, str], Resource] = {}
            for path in ("/api", "/apis"):
                data = self._get(path, {"Accept": DISCOVERY})
                if data.get("kind") != "APIGroupDiscoveryList":
                    raise ClusterError("the cluster has no aggregated discovery: Kubernetes 1.27 or newer is needed")
                for group in data.get("items", ()):
                    name = (group.get("metadata") or {}).get("name", "")
                    for version in group.get("versions", ()):
                        for r in version.get("resources", ()):
                            kind = (r.get("responseKind") or {}).get("kind", "")
                            key = (name, version["version"], kind)
                            if kind and key not in found:
                                found[key] = Resource(
                                    name,
                                    version["version"],
                                    kind,
                                    r["resource"],
                                    r.get("scope") == "Namespaced",
                                    frozenset(r.get("verbs", ())),
                                )
            self._resources = found
        return self._resources

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind, or None when the cluster does not serve it."""
        group, _, version = api_version.rpartition("/")
        return self.resources().get((group, version, kind))

    def path(self, resource: Resource, namespace: str = "", name: str = "") -> str:
        """The URL path of a collection or an object."""
        base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        if resource.namespaced and namespace:
            base += f"/namespaces/{quote(namespace, safe='')}"
        return f"{base}/{resource.plural}" + (f"/{quote(name, safe='')}" if name else "")

    def get(self, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
        """One object, or None when it is not there."""
        status, data, _ = self._send("GET", self.path(resource, namespace, name))
        if status == 404:
            return None
        if status >= 400:
            raise ClusterError(f"cluster {self.access.context!r}: {data.get('message', status)}")
        return dict(data)

    def definition(self, resource: Resource) -> dict[str, Any] | None:
        """The CustomResourceDefinition of a kind; None where it has none, or where it may not be read."""
        kind = self.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        if kind is None or "." not in resource.group or resource.group.endswith(".k8s.io"):
            return None
        status, data, _ = self._send("GET", self.path(kind, name=f"{resource.plural}.{resource.group}"))
        return dict(data) if status == 200 else None

    def list(self, resource: Resource, namespace: str = "", selector: str = "") -> Iterator[dict[str, Any]]:
        """The objects of a kind, page by page; `apiVersion` and `kind` are put back, which a list leaves out."""
        query = {"limit": str(PAGE)}
        if selector:
            query["labelSelector"] = selector
        while True:
            data = self._get(f"{self.path(resource, namespace)}?{urlencode(query)}")
            for item in data.get("items") or ():
                yield {"apiVersion": resource.api_version, "kind": resource.kind, **item}
            more = (data.get("metadata") or {}).get("continue")
            if not more:
                return
            query["continue"] = more

    def dry_create(self, body: Mapping[str, Any], namespace: str) -> Reply:
        """What a create of `body` would give, or where it exists already, an apply that takes over all it says.

        Nothing is stored. Raises UsageError when the cluster does not serve the kind.
        """
        import orjson

        resource = self._resource(body)
        path = f"{self.path(resource, namespace)}?{urlencode({'dryRun': 'All', 'fieldValidation': 'Strict'})}"
        status, data, warnings = self._send("POST", path, orjson.dumps(body), {"Content-Type": "application/json"})
        if status == 409 and data.get("reason") == "AlreadyExists":
            return self.dry_run(body, namespace, force=True)
        return Reply(status < 300, dict(data), warnings)

    def dry_patch(self, body: Mapping[str, Any], namespace: str, patch: Mapping[str, Any], content_type: str) -> Reply:
        """What a patch of the object that `body` names would give; nothing is stored.

        Raises UsageError when the cluster does not serve the kind.
        """
        import orjson

        resource = self._resource(body)
        name = str((body.get("metadata") or {}).get("name") or "")
        query = {"dryRun": "All", "fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}
        path = f"{self.path(resource, namespace, name)}?{urlencode(query)}"
        status, data, warnings = self._send("PATCH", path, orjson.dumps(patch), {"Content-Type": content_type})
        return Reply(status < 300, dict(data), warnings)

    def _resource(self, body: Mapping[str, Any]) -> Resource:
        found = self.resource(str(body.get("apiVersion")), str(body.get("kind")))
        if found is None:
            raise UsageError(f"the cluster does not serve {body.get('kind')} of {body.get('apiVersion')}")
        return found

    def dry_run(
        self, body: Mapping[str, Any], namespace: str, *, field_manager: str = "kubectl", force: bool = False
    ) -> Reply:
        """What a server-side apply of `body` would give; nothing is stored.

        Raises UsageError when the cluster does not serve the kind.
        """
        import orjson

        resource = self._resource(body)
        name = str((body.get("metadata") or {}).get("name") or "")
        query = {
            "dryRun": "All",
            "fieldManager": field_manager,
            "fieldValidation": "Strict",
            "force": str(force).lower(),
        }
        status, data, warnings = self._send(
            "PATCH",
            f"{self.path(resource, namespace, name)}?{urlencode(query)}",
            orjson.dumps(body),
            {"Content-Type": "application/apply-patch+yaml"},
        )
        return Reply(status < 300, dict(data), warnings)
