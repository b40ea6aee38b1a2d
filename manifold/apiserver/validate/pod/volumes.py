"""The volumes of a Pod: exactly one source each, and what each source asks for.

Follows kubernetes v1.37.2 pkg/apis/core/validation: ValidateVolumes and what it calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.claims import claim_spec, claim_template_metadata
from manifold.apiserver.validate.pod.fields import field_ref, resource_field_ref
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.model import MapKey, Path

Check = Callable[[Body, Path, Scope, str], None]

MODES = "must be 0 to 0777 (octal; 0 to 511 decimal)"


def backsteps(value: str, path: Path, faults: Faults) -> bool:
    """Blame a path that climbs with `..`; True when it does."""
    if ".." in value and ".." in value.split("/"):
        faults.invalid(path, f"{value!r} must not contain '..'")
        return True
    return False


def descending(value: str, path: Path, faults: Faults) -> None:
    """Blame a path that is absolute or climbs."""
    if value[:1] == "/":
        faults.invalid(path, f"{value!r} must be a relative path")
    backsteps(value, path, faults)


def local_path(value: str, path: Path, faults: Faults) -> None:
    """Blame a path that is absolute, climbs, or starts with `..` (names that the kubelet keeps for itself)."""
    if value[:1] == "/" or ".." in value:
        descending(value, path, faults)
        if value.startswith("..") and not value.startswith("../"):
            faults.invalid(path, f"{value!r} must not start with '..'")


def mode(value: Any, path: Path, faults: Faults) -> None:
    """Blame a file mode beyond 0777."""
    if value is not None and not 0 <= value <= 0o777:
        faults.invalid(path, f"{value} is no file mode: {MODES}", "write it in octal with a leading zero, such as 0644")


def _required(*names: str) -> Check:
    def check(source: Body, path: Path, scope: Scope, name: str) -> None:
        for field in names:
            if not source.get(field):
                scope.faults.required((*path, field))

    return check


def _empty_dir(source: Body, path: Path, scope: Scope, name: str) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and amount(limit).nanos < 0:
        scope.faults.forbidden((*path, "sizeLimit"), f"{limit} is negative")


HOST_PATH_TYPES = frozenset(
    ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
)


def _host_path(source: Body, path: Path, scope: Scope, name: str) -> None:
    where = source.get("path")
    if not where:
        scope.faults.required((*path, "path"))
        return
    backsteps(where, (*path, "path"), scope.faults)
    kind = source.get("type")
    if kind is not None and kind not in HOST_PATH_TYPES:
        scope.faults.not_supported((*path, "type"), kind, HOST_PATH_TYPES)


def _git_repo(source: Body, path: Path, scope: Scope, name: str) -> None:
    if not source.get("repository"):
        scope.faults.required((*path, "repository"))
    descending(source.get("directory") or "", (*path, "directory"), scope.faults)


def _disk(identity: str) -> Check:
    def check(source: Body, path: Path, scope: Scope, name: str) -> None:
        if not source.get(identity):
            scope.faults.required((*path, identity))
        if not 0 <= (source.get("partition") or 0) <= 255:
            scope.faults.invalid((*path, "partition"), f"{source['partition']} is no partition: 0 to 255")

    return check


def key_to_path(item: Body, path: Path, faults: Faults) -> None:
    """Blame a `{key, path, mode}` that lacks something or leads outside."""
    if not item.get("key"):
        faults.required((*path, "key"))
    where = item.get("path") or ""
    if not where:
        faults.required((*path, "path"))
    else:
        local_path(where, (*path, "path"), faults)
    if "mode" in item:
        mode(item["mode"], (*path, "mode"), faults)


def _keyed(identity: str) -> Check:
    def check(source: Body, path: Path, scope: Scope, name: str) -> None:
        if not source.get(identity):
            scope.faults.required((*path, identity))
        if "defaultMode" in source:
            mode(source["defaultMode"], (*path, "defaultMode"), scope.faults)
        for i, item in enumerate(source.get("items") or ()):
            key_to_path(item, (*path, "items", i), scope.faults)

    return check


def _nfs(source: Body, path: Path, scope: Scope, name: str) -> None:
    _required("server", "path")(source, path, scope, name)
    if not (source.get("path") or "").startswith("/"):
        scope.faults.invalid((*path, "path"), f"{source.get('path') or ''!r} must be an absolute path")


# pkg/apis/core/validation: iscsiInitiatorIqnRegex and its siblings, unanchored where they are
_IQN = re.compile(r"iqn\.[0-9]{4}-[0-9]{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)\Z")
_EUI = re.compile(r"eui.[A-Za-z0-9]{16}\Z")
_NAA = re.compile(r"naa.[A-Za-z0-9]{32}\Z")


def _qualified(value: str) -> str:
    if value.startswith("iqn"):
        fits = _IQN.search(value)
    elif value.startswith("eui"):
        fits = _EUI.match(value)
    elif value.startswith("naa"):
        fits = _NAA.match(value)
    else:
        return f"{value!r} must start with iqn, eui or naa"
    return "" if fits else f"{value!r} is no valid {value[:3]} name"


def iscsi(source: Body, path: Path, scope: Scope, name: str) -> None:
    """Blame what is wrong with an iSCSI source of a Pod."""
    faults = scope.faults
    if not source.get("targetPortal"):
        faults.required((*path, "targetPortal"))
    target = source.get("iqn")
    if not target:
        faults.required((*path, "iqn"))
    elif message := _qualified(target):
        faults.invalid((*path, "iqn"), message)
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        faults.invalid((*path, "lun"), f"{lun} is no logical unit: 0 to 255")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        faults.required((*path, "secretRef"), "CHAP authentication needs a Secret")
    initiator = source.get("initiatorName")
    if initiator is not None and (message := _qualified(initiator)):
        faults.invalid((*path, "initiatorname"), message)


def _flocker(source: Body, path: Path, scope: Scope, name: str) -> None:
    dataset, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not dataset and not uuid:
        scope.faults.required(path, "one of datasetName and datasetUUID must be set")
    if dataset and uuid:
        scope.faults.invalid(path, "datasetName and datasetUUID exclude one another")
    if "/" in dataset:
        scope.faults.invalid((*path, "datasetName"), f"{dataset!r} must not contain '/'")


def _secret_named(source: Body, path: Path, faults: Faults) -> None:
    secret = source.get("secretRef")
    if secret is not None and not secret.get("name"):
        faults.required((*path, "secretRef", "name"))


def _cinder(source: Body, path: Path, scope: Scope, name: str) -> None:
    if not source.get("volumeID"):
        scope.faults.required((*path, "volumeID"))
    _secret_named(source, path, scope.faults)


def _quobyte(source: Body, path: Path, scope: Scope, name: str) -> None:
    registry = source.get("registry") or ""
    pairs = "host:port pairs, separated by commas"
    if not registry:
        scope.faults.required((*path, "registry"), f"must be set: {pairs}")
    elif len(source.get("tenant") or "") >= 65:
        scope.faults.required((*path, "tenant"), "must be a UUID of at most 64 characters")
    else:
        for pair in registry.split(","):
            if not _host_and_port(pair):
                scope.faults.invalid((*path, "registry"), f"{registry!r} must be {pairs}")
    if not source.get("volume"):
        scope.faults.required((*path, "volume"))


def _host_and_port(pair: str) -> bool:
    """Whether Go's net.SplitHostPort takes it."""
    host, colon, port = pair.rpartition(":")
    if not colon:
        return False
    if host.startswith("["):
        return host.endswith("]") and host.count("[") == 1 and host.count("]") == 1 and not set("[]") & set(port)
    return ":" not in host and not set("[]") & set(pair)


VOLUME_FIELDS = frozenset(
    ("metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid")
)


def _downward_file(file: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    where = file.get("path") or ""
    if not where:
        faults.required((*path, "path"))
    else:
        local_path(where, (*path, "path"), faults)
    field, resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if field is not None:
        field_ref(field, VOLUME_FIELDS, (*path, "fieldRef"), faults)
        if resource is not None:
            faults.invalid(path, "fieldRef and resourceFieldRef exclude one another")
    elif resource is not None:
        resource_field_ref(resource, (*path, "resourceFieldRef"), faults, volume=True)
    else:
        faults.required(path, "one of fieldRef and resourceFieldRef must be set")
    if "mode" in file:
        mode(file["mode"], (*path, "mode"), faults)


def _downward(source: Body, path: Path, scope: Scope, name: str) -> None:
    if "defaultMode" in source:
        mode(source["defaultMode"], (*path, "defaultMode"), scope.faults)
    for file in source.get("items") or ():
        _downward_file(file, path, scope)


def _fc(source: Body, path: Path, scope: Scope, name: str) -> None:
    targets, wwids = source.get("targetWWNs"), source.get("wwids")
    if not targets and not wwids:
        scope.faults.required((*path, "targetWWNs"), "either targetWWNs or wwids must be set")
    if targets and wwids:
        scope.faults.invalid((*path, "targetWWNs"), "targetWWNs and wwids exclude one another")
    if targets:
        lun = source.get("lun")
        if lun is None:
            scope.faults.required((*path, "lun"), "targetWWNs needs a lun")
        elif not 0 <= lun <= 255:
            scope.faults.invalid((*path, "lun"), f"{lun} is no logical unit: 0 to 255")


def _flex(source: Body, path: Path, scope: Scope, name: str) -> None:
    if not source.get("driver"):
        scope.faults.required((*path, "driver"))
    for key in source.get("options") or ():
        namespace = "." + key.partition("/")[0].lower() if "/" in key else "." + key.lower()
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            scope.faults.invalid((*path, "options", MapKey(key)), f"{key!r}: Kubernetes keeps these names for itself")


_CACHING = frozenset(("None", "ReadOnly", "ReadWrite"))
_DISK_KINDS = frozenset(("Shared", "Dedicated", "Managed"))


def azure_disk(source: Body, path: Path, scope: Scope, name: str) -> None:
    """Blame what is wrong with an Azure disk."""
    faults = scope.faults
    _required("diskName", "diskURI")(source, path, scope, name)
    uri = source.get("diskURI") or ""
    caching, kind = source.get("cachingMode"), source.get("kind")
    if caching is not None and caching not in _CACHING:
        faults.not_supported((*path, "cachingMode"), caching, _CACHING)
    if kind is None:
        return
    if kind not in _DISK_KINDS:
        faults.not_supported((*path, "kind"), kind, _DISK_KINDS)
    if kind == "Managed":
        if not uri.startswith("/subscriptions/"):
            faults.not_supported((*path, "diskURI"), uri, ("/subscriptions/...",), "a managed disk has a resource path")
    elif not uri.startswith("https://"):
        faults.not_supported((*path, "diskURI"), uri, ("https://...",), "a blob disk has a URL")


def _storage_os(source: Body, path: Path, scope: Scope, name: str) -> None:
    volume = source.get("volumeName")
    if not volume:
        scope.faults.required((*path, "volumeName"))
    else:
        for message in formats.dns_label(volume):
            scope.faults.invalid((*path, "volumeName"), message)
    namespace = source.get("volumeNamespace")
    if namespace:
        for message in formats.dns_label(namespace):
            scope.faults.invalid((*path, "volumeNamespace"), message)
    _secret_named(source, path, scope.faults)


KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_DAY = 24 * 60 * 60


def _projected(source: Body, path: Path, scope: Scope, name: str) -> None:
    faults = scope.faults
    if "defaultMode" in source:
        mode(source["defaultMode"], (*path, "defaultMode"), faults)
    taken: set[str] = set()

    def take(where: str) -> None:
        if where in taken:
            faults.invalid(path, f"two sources write to {where!r}")
        taken.add(where)

    for i, projection in enumerate(source.get("sources") or ()):
        here = (*path, "sources", i)
        count = 0
        for kind in ("secret", "configMap"):
            keyed = projection.get(kind)
            if keyed is None:
                continue
            count += 1
            if not keyed.get("name"):
                faults.required((*here, kind, "name"))
            for j, item in enumerate(keyed.get("items") or ()):
                key_to_path(item, (*here, kind, "items", j), faults)
                if item.get("path"):
                    take(item["path"])
        downward = projection.get("downwardAPI")
        if downward is not None:
            count += 1
            for file in downward.get("items") or ():
                _downward_file(file, (*here, "downwardAPI"), scope)
                if file.get("path"):
                    take(file["path"])
        token = projection.get("serviceAccountToken")
        if token is not None:
            count += 1
            _token(token, (*here, "serviceAccountToken"), path, scope)
        bundle = projection.get("clusterTrustBundle")
        if bundle is not None:
            count += 1
            _trust_bundle(bundle, (*here, "clusterTrustBundle"), scope)
            take(bundle.get("path") or "")
        certificate = projection.get("podCertificate")
        if certificate is not None:
            count += 1
            _pod_certificate(certificate, (*here, "podCertificate"), scope, take)
        if count > 1:
            faults.forbidden(here, "a projection has one source: write the others as further items of the list")


def _token(token: Body, path: Path, volume: Path, scope: Scope) -> None:
    faults = scope.faults
    seconds = token.get("expirationSeconds", 3600)
    if seconds < 600:
        faults.invalid((*path, "expirationSeconds"), f"{seconds}: a token lives 10 minutes at least")
    if seconds > 1 << 32:
        faults.invalid((*path, "expirationSeconds"), f"{seconds}: a token lives 2^32 seconds at most")
    where = token.get("path")
    # The server blames `projected.path`, which does not exist.
    if not where:
        faults.required((*volume, "path"))
    elif not scope.tolerance.token_paths:
        local_path(where, (*volume, "path"), faults)


def _trust_bundle(bundle: Body, path: Path, scope: Scope) -> None:
    faults = scope.faults
    name, signer = bundle.get("name"), bundle.get("signerName")
    selector = bundle.get("labelSelector")
    if name is not None and signer is not None:
        faults.invalid(path, "name and signerName exclude one another")
    elif name is not None:
        if not name:
            faults.required((*path, "name"))
        # What stands before the last colon is taken for the signer, so a name always has the prefix of its own.
        for message in formats.dns_subdomain(name.rpartition(":")[2]):
            faults.invalid((*path, "name"), f"{name!r} is no name of a ClusterTrustBundle: {message}")
        if selector is not None:
            faults.invalid((*path, "labelSelector"), "goes with signerName, not with name")
    elif signer is not None:
        if not signer:
            faults.required((*path, "signerName"))
        signer_name(signer, (*path, "signerName"), faults)
        if selector is not None:
            metadata.label_selector(selector, (*path, "labelSelector"), faults)
    else:
        faults.required(path, "one of name and signerName must be set")
    where = bundle.get("path") or ""
    if not where:
        faults.required((*path, "path"))
    local_path(where, (*path, "path"), faults)


def signer_name(value: str, path: Path, faults: Faults) -> None:
    """Blame what is no `example.com/signer`."""
    if not value:
        faults.required(path)
        return
    domain, *rest = value.split("/")
    if len(rest) != 1:
        faults.invalid(path, f"{value!r} must be a domain and a path, such as example.com/signer")
        return
    if len(domain) > 253:
        faults.too_long(path, 253)
    labels = domain.split(".")
    for label in labels:
        messages = formats.dns_label(label)
        if messages:
            for message in messages:
                faults.invalid(path, f"{label!r} in {domain!r}: {message}")
            break
    if len(labels) < 2:
        faults.invalid(path, f"{domain!r} must be a domain of at least two labels")
    for part in rest[0].split("."):
        messages = formats.dns_subdomain(part)
        if messages:
            for message in messages:
                faults.invalid(path, f"{part!r} in {rest[0]!r}: {message}")
            break
    if len(value) > 253 + 1 + 253 + 1 + 63:
        faults.too_long(path, 253 + 1 + 253 + 1 + 63)


def _prefixed_key(key: str, path: Path, faults: Faults) -> None:
    if not key:
        faults.required(path)
        return
    messages = formats.qualified_name(key)
    for message in messages:
        faults.invalid(path, message)
    if not messages and "/" not in key:
        faults.invalid(path, f"{key!r} must have a domain in front, such as example.com/key")


def _pod_certificate(certificate: Body, path: Path, scope: Scope, take: Callable[[str], None]) -> None:
    faults = scope.faults
    signer = certificate.get("signerName") or ""
    signer_name(signer, (*path, "signerName"), faults)
    for key in certificate.get("userAnnotations") or ():
        _prefixed_key(key.lower(), (*path, "userAnnotations"), faults)
    kind = certificate.get("keyType") or ""
    if kind not in KEY_TYPES:
        faults.not_supported((*path, "keyType"), kind, KEY_TYPES)
    seconds = certificate.get("maxExpirationSeconds")
    if seconds is not None:
        host = signer.partition("/")[0]
        most = _DAY if host == "kubernetes.io" or host.endswith(".kubernetes.io") else 91 * _DAY
        if not 3600 <= seconds <= most:
            faults.invalid((*path, "maxExpirationSeconds"), f"{seconds} must be 3600 to {most}")
    found = False
    for field in ("credentialBundlePath", "keyPath", "certificateChainPath"):
        where = certificate.get(field)
        if where:
            found = True
            local_path(where, (*path, field), faults)
            take(where)
    if not found:
        faults.required(path, "one of credentialBundlePath, keyPath and certificateChainPath must be set")


def csi_driver(value: str, path: Path, faults: Faults) -> None:
    """Blame what is no name of a CSI driver."""
    if not value:
        faults.required(path)
        return
    if len(value) > 63:
        faults.too_long(path, 63)
    for message in formats.dns_subdomain(value.lower()):
        faults.invalid(path, message)


def _csi(source: Body, path: Path, scope: Scope, name: str) -> None:
    csi_driver(source.get("driver") or "", (*path, "driver"), scope.faults)
    secret = source.get("nodePublishSecretRef")
    if secret is not None:
        if not secret.get("name"):
            scope.faults.required((*path, "nodePublishSecretRef", "name"))
        else:
            for message in formats.dns_subdomain(secret["name"]):
                scope.faults.invalid((*path, "name"), message)


def _ephemeral(source: Body, path: Path, scope: Scope, name: str) -> None:
    faults = scope.faults
    template = source.get("volumeClaimTemplate")
    if template is None:
        faults.required((*path, "volumeClaimTemplate"))
    else:
        where = (*path, "volumeClaimTemplate")
        claim_template_metadata(template.get("metadata") or {}, (*where, "metadata"), faults)
        claim_spec(template.get("spec") or {}, (*where, "spec"), scope.context, faults)
    if scope.name and name:
        claim = f"{scope.name}-{name}"
        for message in formats.dns_subdomain(claim):
            faults.invalid((*path[:-1], "name"), f"the claim would be called {claim!r}: {message}")


IMAGE_VOLUMES = (1, 35)
PULL_POLICIES = frozenset(("Always", "IfNotPresent", "Never"))


def _image(source: Body, path: Path, scope: Scope, name: str) -> None:
    asked = scope.is_pod or scope.release >= (1, 36)
    if asked and not source.get("reference") and not scope.tolerance.image_reference:
        scope.faults.required((*path, "reference"))
    policy = source.get("pullPolicy") or "Always"
    if policy not in PULL_POLICIES:
        scope.faults.not_supported((*path, "pullPolicy"), policy, PULL_POLICIES)


# In the order in which the server looks: of several sources the first counts, the others are too many.
SOURCES: dict[str, Check] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": _keyed("secretName"),
    "nfs": _nfs,
    "iscsi": iscsi,
    "glusterfs": _required("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _required("claimName"),
    "rbd": _required("monitors", "image"),
    "cinder": _cinder,
    "cephfs": _required("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": _downward,
    "fc": _fc,
    "flexVolume": _flex,
    "configMap": _keyed("name"),
    "azureFile": _required("secretName", "shareName"),
    "vsphereVolume": _required("volumePath"),
    "photonPersistentDisk": _required("pdID"),
    "portworxVolume": _required("volumeID"),
    "azureDisk": azure_disk,
    "storageos": _storage_os,
    "projected": _projected,
    "scaleIO": _required("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
_ORDER = {name: i for i, name in enumerate(SOURCES)}
# The server's own spelling of two paths, where it is none that a manifest has.
_BLAMED = {"gcePersistentDisk": "persistentDisk"}
_SURPLUS = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}


def volumes(found: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the volumes of a Pod; `scope.volumes` gets the valid ones."""
    faults = scope.faults
    valid = scope.volumes
    created: set[str] = set()
    if scope.name:
        for volume in found:
            if volume.get("ephemeral") is not None:
                created.add(f"{scope.name}-{volume.get('name') or ''}")
    if scope.release < IMAGE_VOLUMES:
        scope.dropped.update(v.get("name") or "" for v in found if v.get("image") is not None)
        found = [v for v in found if v.get("image") is None]
    for i, volume in enumerate(found):
        before = len(faults)
        here = (*path, i)
        name = volume.get("name") or ""
        present = [key for key in volume if key in SOURCES and volume[key] is not None]
        if present:
            if len(present) > 1:
                present.sort(key=_ORDER.__getitem__)
                for extra in present[1:]:
                    faults.forbidden(
                        (*here, _SURPLUS.get(extra, extra)),
                        f"a volume has one source, and `{present[0]}` is set already",
                    )
            source = present[0]
            SOURCES[source](volume[source], (*here, _BLAMED.get(source, source)), scope, name)
            network = volume.get("iscsi")
            if network and network.get("initiatorName") is not None:
                if len(f"{name}:{network.get('targetPortal') or ''}".encode()) > 64:
                    faults.invalid((*here, "name"), "name and targetPortal together must stay below 64 characters")
        if not name:
            faults.required((*here, "name"))
        else:
            for message in formats.dns_label(name):
                faults.invalid((*here, "name"), message)
        if name in valid:
            faults.duplicate((*here, "name"), name)
        if len(faults) == before:
            valid[name] = volume
        if created:
            claim = volume.get("persistentVolumeClaim")
            if claim is not None and claim.get("claimName") in created:
                faults.invalid(
                    (*here, "persistentVolumeClaim", "claimName"),
                    f"{claim['claimName']!r} is the claim that an ephemeral volume of this Pod creates",
                )
