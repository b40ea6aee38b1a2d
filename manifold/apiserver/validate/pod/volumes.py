"""The volumes of a Pod: exactly one source each, and what each source asks for.

Follows kubernetes v1.37.2 pkg/apis/core/validation: ValidateVolumes and what it calls. What one field alone must be, and
which of several sources counts, stands in schemas/constraints/core-volumes.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.apiserver import constraints
from manifold.apiserver import faults as reasons
from manifold.apiserver.faults import Faults
from manifold.apiserver.validate import metadata
from manifold.apiserver.validate.claims import claim_spec, claim_template_metadata
from manifold.apiserver.validate.pod.fields import field_ref, resource_field_ref
from manifold.apiserver.validate.pod.scope import Body, Scope
from manifold.k8s import formats
from manifold.k8s.pods import amount
from manifold.model import MapKey, Path

Check = Callable[[Body, Path, Scope, str], None]


def blame(path: Path, messages: list[str], faults: Faults) -> None:
    """Blame a path for what a format says."""
    for message in messages:
        faults.invalid(path, message)


def mode(value: Any, path: Path, faults: Faults) -> None:
    """Blame a file mode beyond 0777."""
    if value is not None and not 0 <= value <= 0o777:
        faults.invalid(
            path,
            f"{value}: a file mode is 0 to 0777, which is 511 in decimal",
            "write it in octal with a leading zero, such as 0644",
        )


def _empty_dir(source: Body, path: Path, scope: Scope, name: str) -> None:
    limit = source.get("sizeLimit")
    if limit is not None and amount(limit).nanos < 0:
        scope.faults.forbidden((*path, "sizeLimit"), f"{limit} is negative")


HOST_PATH_TYPES = frozenset(
    ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
)


def _host_path(source: Body, path: Path, scope: Scope, name: str) -> None:
    kind = source.get("type")
    if source.get("path") and kind is not None and kind not in HOST_PATH_TYPES:
        scope.faults.not_supported((*path, "type"), kind, HOST_PATH_TYPES)


def _gce(source: Body, path: Path, scope: Scope, name: str) -> None:
    # The server's own spelling, so no table says this.
    here = (*path[:-1], "persistentDisk")
    if not source.get("pdName"):
        scope.faults.add(reasons.REQUIRED, (*here, "pdName"), "must be set", at=(*path, "pdName"))
    if not 0 <= (source.get("partition") or 0) <= 255:
        message = f"{source['partition']} is no partition: 0 to 255"
        scope.faults.add(reasons.INVALID, (*here, "partition"), message, at=(*path, "partition"))


def _nfs(source: Body, path: Path, scope: Scope, name: str) -> None:
    if not (source.get("path") or "").startswith("/"):
        scope.faults.invalid((*path, "path"), f"{source.get('path') or ''!r} must be an absolute path")


def iscsi(source: Body, path: Path, scope: Scope, name: str) -> None:
    """Blame what is wrong with an iSCSI source of a Pod."""
    faults = scope.faults
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        faults.required((*path, "secretRef"), "CHAP authentication needs a Secret")
    initiator = source.get("initiatorName")
    if initiator is not None:
        for message in formats.iscsi_name(initiator):
            # The server's own spelling.
            faults.add(reasons.INVALID, (*path, "initiatorname"), message, at=(*path, "initiatorName"))


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
        blame((*path, "path"), formats.file_path(where), faults)
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
    for key in source.get("options") or ():
        namespace = "." + key.partition("/")[0].lower() if "/" in key else "." + key.lower()
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            scope.faults.invalid((*path, "options", MapKey(key)), f"{key!r}: Kubernetes keeps these names for itself")


def azure_disk(source: Body, path: Path, scope: Scope, name: str) -> None:
    """Blame what is wrong with an Azure disk."""
    faults = scope.faults
    uri, kind = source.get("diskURI") or "", source.get("kind")
    if kind is None:
        return
    if kind == "Managed":
        if not uri.startswith("/subscriptions/"):
            faults.add(
                reasons.NOT_SUPPORTED, (*path, "diskURI"), f"{uri!r} must begin with /subscriptions/: a managed disk"
            )
    elif not uri.startswith("https://"):
        faults.add(reasons.NOT_SUPPORTED, (*path, "diskURI"), f"{uri!r} must begin with https://: a disk in a blob")


def _storage_os(source: Body, path: Path, scope: Scope, name: str) -> None:
    _secret_named(source, path, scope.faults)


_DAY = 24 * 60 * 60


def _projected(source: Body, path: Path, scope: Scope, name: str) -> None:
    faults = scope.faults
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
            for item in keyed.get("items") or ():
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
        blame((*volume, "path"), formats.file_path(where), faults)


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
    blame((*path, "path"), formats.file_path(where), faults)


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
            blame((*path, field), formats.file_path(where), faults)
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


def _image(source: Body, path: Path, scope: Scope, name: str) -> None:
    asked = scope.is_pod or scope.release >= (1, 36)
    if asked and not source.get("reference") and not scope.tolerance.image_reference:
        scope.faults.required((*path, "reference"))


# Those of which tables cannot say all.
SOURCES: dict[str, Check] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gcePersistentDisk": _gce,
    "nfs": _nfs,
    "iscsi": iscsi,
    "flocker": _flocker,
    "cinder": _cinder,
    "quobyte": _quobyte,
    "downwardAPI": _downward,
    "fc": _fc,
    "flexVolume": _flex,
    "azureDisk": azure_disk,
    "storageos": _storage_os,
    "projected": _projected,
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}


def _blamed(path: Path, faults: Faults) -> bool:
    """Whether something at or below a path is blamed already, by a table or here."""
    return any(f.path[: len(path)] == path and not f.warning for f in faults)


def volumes(found: list[Body], path: Path, scope: Scope) -> None:
    """Blame what is wrong with the volumes of a Pod; `scope.volumes` gets the valid ones."""
    faults = scope.faults
    valid = scope.volumes
    order = constraints.members("core.v1.Volume")
    created: set[str] = set()
    if scope.name:
        for volume in found:
            if volume.get("ephemeral") is not None:
                created.add(f"{scope.name}-{volume.get('name') or ''}")
    if scope.release < IMAGE_VOLUMES:
        scope.dropped.update(v.get("name") or "" for v in found if v.get("image") is not None)
        found = [v for v in found if v.get("image") is None]
    for i, volume in enumerate(found):
        here = (*path, i)
        name = volume.get("name") or ""
        present = [key for key in volume if key in order and volume[key] is not None]
        if present:
            source = present[0] if len(present) == 1 else min(present, key=order.__getitem__)
            check = SOURCES.get(source)
            if check is not None:
                check(volume[source], (*here, source), scope, name)
            network = volume.get("iscsi")
            if network and network.get("initiatorName") is not None:
                if len(f"{name}:{network.get('targetPortal') or ''}".encode()) > 64:
                    faults.invalid((*here, "name"), "name and targetPortal together must stay below 64 characters")
        if name in valid:
            faults.duplicate((*here, "name"), name)
        if not faults or not _blamed(here, faults):
            valid[name] = volume
        if created:
            claim = volume.get("persistentVolumeClaim")
            if claim is not None and claim.get("claimName") in created:
                faults.invalid(
                    (*here, "persistentVolumeClaim", "claimName"),
                    f"{claim['claimName']!r} is the claim that an ephemeral volume of this Pod creates",
                )
