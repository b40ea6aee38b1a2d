"""Changes to manifests at the places that linters look at, and neighbours for what asks who matches whom, drawn by chance."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any

Body = dict[str, Any]
Choices = Mapping[str, Sequence[Any]]

ABSENT = object()
"""Among the values of a field: leave it out."""

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
LABELS: tuple[dict[str, str], ...] = (
    {"app": "web"}, {"app": "api"}, {"app": "web", "tier": "front"}, {"app": "db", "tier": "back"},
    {"app.kubernetes.io/name": "web"}, {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web"},
)  # fmt: skip
SELECTORS: tuple[Any, ...] = (
    *({"matchLabels": labels} for labels in LABELS),
    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]},
    {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]},
    {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
    {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
    {},
)  # fmt: skip
NAMES = ("web", "api", "db", "worker", "agent")
NAMESPACES = (ABSENT, ABSENT, ABSENT, "default", "shop", "kube-system")
IMAGES = (
    "nginx", "nginx:latest", "nginx:1.27", "nginx:Latest", "nginx:LATEST", "nginx:1.27-latest", "nginx:v1.2.3", "library/nginx",
    "registry.example.com/web", "registry.example.com/team/web:1.2", "registry.example.com:5000/web", "localhost:5000/web",
    "registry.example.com:5000/web:1.2", "registry.example.com:5000/web:latest",
    "nginx@sha256:" + "0123456789abcdef" * 4, "nginx:latest@sha256:" + "0123456789abcdef" * 4,
    "registry.example.com:5000/web@sha256:" + "0123456789abcdef" * 4, "registry.example.com/web:1.2@sha256:" + "0123456789abcdef" * 4,
    "", ABSENT,
)  # fmt: skip
CPU = ("0", "1", "500m", "0.5", "2", "2000m", 1, 0.1, "1e0", "100u", "0m", 0)
MEMORY = ("0", "128Mi", "134217728", "1Gi", "1024Mi", "64M", "1e9", "0Mi", 134217728, "1.5Gi", "128974848000m")
STORAGE = ("0", "1Gi", "1024Mi", "500Mi", "2Gi")
PORTS: tuple[Any, ...] = (
    [], [{"containerPort": 8080}], [{"containerPort": 80, "name": "http"}], [{"containerPort": 80, "name": "http", "protocol": "TCP"}],
    [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}], [{"containerPort": 53, "protocol": "UDP"}],
    [{"containerPort": 22}], [{"containerPort": 22, "protocol": "UDP"}], [{"containerPort": 22, "protocol": "TCP", "name": "ssh"}],
    [{"containerPort": 8080, "hostPort": 80}], [{"containerPort": 8080, "hostPort": 0}], [{"containerPort": 1023}], [{"containerPort": 1024}],
    [{"containerPort": 8080, "name": "averyveryverylongname"}], [{"containerPort": 8080, "name": "Http"}], [{"containerPort": 0}],
    [{"containerPort": 8080, "name": "a"}, {"containerPort": 8081, "name": "a"}], [{"containerPort": 8080, "name": "8080"}],
    [{"containerPort": 8080, "name": "a--b"}], [{"containerPort": 70000}], [{"containerPort": 8080, "protocol": "SCTP", "name": "http"}], ABSENT,
)  # fmt: skip
PROBES: tuple[Any, ...] = (
    ABSENT, {"httpGet": {"path": "/", "port": 8080}}, {"httpGet": {"path": "/", "port": "http"}}, {"httpGet": {"path": "/ready", "port": "metrics"}},
    {"httpGet": {"path": "/", "port": 80}}, {"httpGet": {"path": "/", "port": 80, "scheme": "HTTPS"}}, {"httpGet": {"port": 80}},
    {"tcpSocket": {"port": 8080}}, {"tcpSocket": {"port": "http"}}, {"tcpSocket": {"port": 53}}, {"exec": {"command": ["true"]}},
    {"exec": {"command": ["true", "x"]}}, {"grpc": {"port": 8080}}, {"grpc": {"port": 80, "service": "x"}}, {"httpGet": {"path": "/", "port": "8080"}}, {},
    {"httpGet": {"path": "/", "port": 8080}, "initialDelaySeconds": 5}, {"httpGet": {"path": "/", "port": 8080, "host": "x"}},
)  # fmt: skip
CAPABILITIES: tuple[Any, ...] = (
    ABSENT, {}, {"drop": ["ALL"]}, {"drop": ["all"]}, {"drop": ["NET_RAW"]}, {"drop": ["net_raw"]}, {"drop": ["CAP_NET_RAW"]}, {"drop": []},
    {"add": ["SYS_ADMIN"]}, {"add": ["CAP_SYS_ADMIN"]}, {"add": ["NET_ADMIN"], "drop": ["ALL"]}, {"add": ["ALL"]}, {"add": ["NET_RAW"], "drop": ["NET_RAW"]},
    {"add": ["sys_admin"]}, {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}, {"add": ["NET_RAW"], "drop": ["ALL"]}, {"add": ["CHOWN"]},
    {"drop": ["NET_ADMIN", "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"]},
)  # fmt: skip
SECCOMP: tuple[Any, ...] = (
    ABSENT, {"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "x.json"}, {},
)  # fmt: skip
BOOLEANS = (ABSENT, ABSENT, True, False)
IDS = (ABSENT, 0, 1, 1000, 9999, 10000, 65534)
CONTAINER_SECURITY: Choices = {
    "privileged": BOOLEANS,
    "allowPrivilegeEscalation": BOOLEANS,
    "readOnlyRootFilesystem": BOOLEANS,
    "runAsNonRoot": BOOLEANS,
    "runAsUser": IDS,
    "runAsGroup": IDS,
    "capabilities": CAPABILITIES,
    "seccompProfile": SECCOMP,
    "seLinuxOptions": (ABSENT, {}, {"level": "s0:c123"}),
    "appArmorProfile": (ABSENT, {"type": "RuntimeDefault"}, {"type": "Unconfined"}),
    "procMount": (ABSENT, "Default", "Unmasked", ""),
    "windowsOptions": (ABSENT, {"hostProcess": True}, {"hostProcess": False}),
}
POD_SECURITY: Choices = {
    "runAsNonRoot": BOOLEANS,
    "runAsUser": IDS,
    "runAsGroup": IDS,
    "fsGroup": IDS,
    "supplementalGroups": (ABSENT, [0], [1000]),
    "seccompProfile": SECCOMP,
    "seLinuxOptions": (ABSENT, {}, {"level": "s0:c123"}),
    "appArmorProfile": (ABSENT, {"type": "RuntimeDefault"}, {"type": "Unconfined"}),
    "windowsOptions": (ABSENT, {"hostProcess": True}),
    "sysctls": (
        ABSENT,
        [{"name": "kernel.shm_rmid_forced", "value": "1"}],
        [{"name": "net.core.somaxconn", "value": "1024"}],
        [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}],
        [{"name": "kernel.msgmax", "value": "65536"}],
        [{"name": "kernel/sem", "value": "1"}],
        [{"name": "fs.mqueue.msg_max", "value": "1"}],
        [{"name": "vm.swappiness", "value": "1"}],
    ),
}
ENV: tuple[Any, ...] = (
    ABSENT, [], [{"name": "A", "value": "1"}], [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], [{"name": "A", "value": "1"}, {"name": "a", "value": "2"}],
    [{"name": "DB_PASSWORD", "value": "x"}], [{"name": "DB_PASSWORD", "value": ""}], [{"name": "DB_PASSWORD"}], [{"name": "API_TOKEN", "value": "abc"}],
    [{"name": "MY_SECRET", "value": "s3cr3t"}], [{"name": "SECRET_NAME", "value": "web"}], [{"name": "MY_SECRET", "value": ""}], [{"name": "mysecret", "value": "x"}],
    [{"name": "CLIENT_SECRET", "value": "$(OTHER)"}], [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}], [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/x.json"}],
    [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "web", "key": "a"}}}], [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "web", "key": "b", "optional": True}}}],
    [{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "a"}}}], [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "a"}}}],
    [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "zzz"}}}], [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "nowhere", "key": "a"}}}],
    [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}], [{"name": "A", "value": "1"}, {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    [{"name": "KEY", "value": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"}],
)  # fmt: skip
CONTAINER: Choices = {
    "image": IMAGES,
    "imagePullPolicy": (ABSENT, ABSENT, "Always", "IfNotPresent", "Never"),
    "ports": PORTS,
    "readinessProbe": PROBES,
    "livenessProbe": PROBES,
    "startupProbe": PROBES,
    "env": ENV,
    "envFrom": (
        ABSENT,
        [{"secretRef": {"name": "web"}}],
        [{"configMapRef": {"name": "web"}}],
        [{"secretRef": {"name": "no"}}],
    ),
    "securityContext": (ABSENT, {}),
    "resources": (ABSENT, {}, {"requests": {}}, {"limits": {}}),
    "volumeMounts": (
        ABSENT,
        [{"name": "v", "mountPath": "/v"}],
        [{"name": "v", "mountPath": "/v", "readOnly": True}],
        [{"name": "v", "mountPath": "/v", "readOnly": True}, {"name": "v", "mountPath": "/w"}],
        [{"name": "v", "mountPath": "/v", "readOnly": False, "subPath": "x"}],
        [{"name": "other", "mountPath": "/v"}],
    ),
}
HOST_PATHS = (
    "/", "/etc", "/etc/", "/etc/kubernetes", "/proc", "/var/run/docker.sock", "/run/docker.sock", "/var/run/docker.sock/", "/var/run/containerd/containerd.sock",
    "/data", "/dev", "/boot", "/lib", "/lib/modules", "/sys", "/usr", "/sys/fs/cgroup", "/var/lib", "//etc", "/etc/../etc",
)  # fmt: skip
AFFINITIES: tuple[Any, ...] = (
    ABSENT, {}, {"podAntiAffinity": {}}, {"nodeAffinity": {}}, {"podAffinity": {}},
    {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}},
    {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}]}},
)  # fmt: skip
POD: Choices = {
    "hostNetwork": BOOLEANS,
    "hostPID": BOOLEANS,
    "hostIPC": BOOLEANS,
    "hostUsers": BOOLEANS,
    "serviceAccountName": (ABSENT, "", "default", "web", "nowhere"),
    "serviceAccount": (ABSENT, ABSENT, ABSENT, "web", "default", ""),
    "automountServiceAccountToken": BOOLEANS,
    "restartPolicy": (ABSENT, "Always", "OnFailure", "Never"),
    "priorityClassName": (ABSENT, "", "high", "system-cluster-critical", "system-node-critical"),
    "dnsConfig": (
        ABSENT,
        {},
        {"options": []},
        {"options": [{"name": "ndots", "value": "2"}]},
        {"options": [{"name": "ndots", "value": "5"}]},
        {"options": [{"name": "edns0"}]},
        {"options": [{"name": "edns0"}, {"name": "ndots", "value": "2"}]},
        {"nameservers": ["1.1.1.1"]},
    ),
    "securityContext": (ABSENT, {}),
    "affinity": AFFINITIES,
    "topologySpreadConstraints": (
        ABSENT,
        [],
        [{"maxSkew": 1, "topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway"}],
        [{"maxSkew": 1, "topologyKey": HOSTNAME, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}],
        [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}],
        [{"maxSkew": 0, "topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}],
        [{"maxSkew": 1, "topologyKey": "", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}],
        [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "Bogus", "labelSelector": {}}],
        [{"maxSkew": 1, "minDomains": 0, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}],
        [{"maxSkew": 1, "minDomains": 2, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}],
    ),
    "volumes": (
        ABSENT,
        [{"name": "v", "emptyDir": {}}],
        [{"name": "v", "configMap": {"name": "web"}}],
        [{"name": "v", "secret": {"secretName": "web"}}],
        *([{"name": "v", "hostPath": {"path": path}}] for path in HOST_PATHS),
        [{"name": "other", "hostPath": {"path": "/etc"}}],
    ),
    "resources": (ABSENT, ABSENT, ABSENT, ABSENT, {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}),
}  # fmt: skip
METADATA: Choices = {
    "owner": (ABSENT, "", "team"),
    "app": (ABSENT, "web", "api"),
    "app.kubernetes.io/instance": (ABSENT, "web", "other"),
    "tier": (ABSENT, "front", "bad value!", "-x", "a" * 70, ""),
}
ANNOTATIONS: Choices = {
    "email": (ABSENT, "a@b.com", "nobody", "team@example", ""),
    "ignore-check.kube-linter.io/latest-tag": (ABSENT, "why"),
    "ignore-check.kube-linter.io/no-read-only-root-fs": (ABSENT, ""),
    "ignore-check.kube-linter.io/run-as-non-root": (ABSENT, "why"),
    "kube-linter.io/ignore-all": (ABSENT, ABSENT, "why"),
    "kube-score/ignore": (
        ABSENT,
        "container-image-tag",
        "container-resources,pod-networkpolicy",
        "pod-probes, container-seccomp-profile",
        "*",
    ),
    "polaris.fairwinds.com/exempt": (ABSENT, ABSENT, "true", "false"),
    "polaris.fairwinds.com/runAsRootAllowed-exempt": (ABSENT, "true"),
    "container.seccomp.security.alpha.kubernetes.io/web": (ABSENT, ABSENT, "runtime/default"),
    "seccomp.security.alpha.kubernetes.io/pod": (ABSENT, ABSENT, "runtime/default"),
}
ROLLING = {"type": "RollingUpdate"}
SPEC: dict[str, Choices] = {
    "Deployment": {
        "replicas": (ABSENT, ABSENT, 0, 1, 2, 3, 5),
        "strategy": (ABSENT, {}, ROLLING, {"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}, {"rollingUpdate": {"maxSurge": 1}}),
        "paused": (ABSENT, True), "revisionHistoryLimit": (ABSENT, 0),
    },
    "StatefulSet": {
        "replicas": (ABSENT, ABSENT, 0, 1, 2, 3), "updateStrategy": (ABSENT, {}, ROLLING, {"type": "OnDelete"}),
        "serviceName": (ABSENT, "", "web", "web-headless", "nowhere"), "podManagementPolicy": (ABSENT, "Parallel"),
    },
    "DaemonSet": {"updateStrategy": (ABSENT, {}, ROLLING, {"type": "OnDelete"})},
    "ReplicaSet": {"replicas": (ABSENT, 0, 1, 3)},
    "ReplicationController": {"replicas": (ABSENT, 0, 1, 3)},
    "Job": {"ttlSecondsAfterFinished": (ABSENT, 0, 60), "backoffLimit": (ABSENT, 0, 3), "parallelism": (ABSENT, 2), "suspend": (ABSENT, True)},
    "CronJob": {"startingDeadlineSeconds": (ABSENT, 0, 60), "concurrencyPolicy": (ABSENT, "Forbid"), "schedule": ("* * * * *", "@daily")},
    "Service": {
        "type": (ABSENT, "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), "clusterIP": (ABSENT, "None"), "externalName": (ABSENT, "a.example.com"),
        "selector": (ABSENT, {}, *LABELS),
        "ports": (
            ABSENT, [], [{"port": 80}], [{"port": 80, "targetPort": "http"}], [{"port": 80, "targetPort": 8080, "name": "http"}], [{"port": 80, "targetPort": "Http"}],
            [{"port": 80, "targetPort": 0}], [{"port": 80, "targetPort": 70000}], [{"port": 80, "targetPort": "averyveryverylongname"}],
            [{"port": 80, "targetPort": "80"}], [{"port": 80, "targetPort": "a--b"}],
            [{"port": 80, "name": "http"}, {"port": 443, "name": "https", "targetPort": 8443}],
        ),
    },
    "Ingress": {
        "tls": (ABSENT, [], [{"hosts": ["a.example.com"], "secretName": "tls"}], [{}]), "ingressClassName": (ABSENT, "nginx"),
        "defaultBackend": (ABSENT, {"service": {"name": "web", "port": {"number": 80}}}, {"service": {"name": "nowhere", "port": {"number": 80}}}, {"resource": {"apiGroup": "a.io", "kind": "Bucket", "name": "x"}}),
    },
    "NetworkPolicy": {
        "podSelector": (ABSENT, *SELECTORS), "policyTypes": (ABSENT, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"]),
        "ingress": (ABSENT, [], [{}], [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}], [{"from": [{"podSelector": {"matchLabels": {"app": "none"}}}]}],
                    [{"from": [{"podSelector": {"matchLabels": {"app": "none"}}, "namespaceSelector": {}}]}], [{"from": [{"podSelector": {}}]}], [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
        "egress": (ABSENT, [], [{}], [{"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}], [{"to": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["none"]}]}}]}], [{"to": [{"namespaceSelector": {}}]}]),
    },
    "PodDisruptionBudget": {
        "minAvailable": (ABSENT, ABSENT, 0, 1, 2, 3, "0%", "50%", "100%", "51%", "1%"), "maxUnavailable": (ABSENT, ABSENT, 0, 1, "0%", "50%", "100%", "0"),
        "unhealthyPodEvictionPolicy": (ABSENT, "AlwaysAllow", "IfHealthyBudget"), "selector": (ABSENT, *SELECTORS),
    },
    "HorizontalPodAutoscaler": {
        "minReplicas": (ABSENT, 0, 1, 2, 3, 5), "maxReplicas": (1, 2, 3, 5, 10, ABSENT),
        "scaleTargetRef": (
            *({"apiVersion": "apps/v1", "kind": kind, "name": name} for kind in ("Deployment", "StatefulSet", "ReplicaSet") for name in ("web", "nowhere")),
            {"kind": "Deployment", "name": "web"}, {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"}, {"apiVersion": "v1", "kind": "ReplicationController", "name": "web"},
            {"apiVersion": "apps/v1", "kind": "deployment", "name": "web"}, {"apiVersion": "apps/v1beta2", "kind": "Deployment", "name": "web"}, {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "web"}, ABSENT,
        ),
    },
    "ScaledObject": {"minReplicaCount": (ABSENT, 0, 1, 2, 3), "maxReplicaCount": (ABSENT, 3), "scaleTargetRef": ({"name": "web"}, {"kind": "StatefulSet", "name": "web"})},
    "ServiceMonitor": {"selector": (ABSENT, *SELECTORS), "namespaceSelector": (ABSENT, {"any": True}, {"matchNames": ["shop"]}, {"matchNames": ["default"]}, {})},
}  # fmt: skip
RULES: tuple[Any, ...] = (
    [], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}], [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}], [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["delete"]}],
    [{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}],
    [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}], [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]}],
    [{"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["create"]}], [{"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["create"]}],
    [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}], [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}],
    [{"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["create"]}], [{"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["get", "create"]}],
    [{"apiGroups": [""], "resources": ["pods/*"], "verbs": ["create"]}], [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["*"]}],
    [{"nonResourceURLs": ["*"], "verbs": ["*"]}], [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["x"], "verbs": ["get"]}],
    [{"apiGroups": ["apps"], "resources": ["secrets"], "verbs": ["get"]}], [{"apiGroups": ["*"], "resources": ["secrets"], "verbs": ["watch"]}],
    [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"], "resourceNames": ["x"]}], [{"apiGroups": [""], "resources": ["replicationcontrollers"], "verbs": ["create", "patch"]}],
    [{"apiGroups": ["apps"], "resources": ["statefulsets", "daemonsets", "replicasets"], "verbs": ["create"]}], [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["update"]}],
    [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}],
)  # fmt: skip
ROLE_NAMES = ("reader", "cluster-admin", "admin", "edit", "view", "nowhere", "system:node")
RBAC: dict[str, Choices] = {
    "Role": {"rules": RULES},
    "ClusterRole": {"rules": (*RULES, ABSENT), "aggregationRule": (ABSENT, ABSENT, ABSENT, {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})},
    "RoleBinding": {
        "roleRef": tuple({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name} for kind in ("Role", "ClusterRole") for name in ROLE_NAMES),
        "subjects": (ABSENT, [], [{"kind": "ServiceAccount", "name": "web", "namespace": "default"}], [{"kind": "Group", "name": "system:masters", "apiGroup": "rbac.authorization.k8s.io"}]),
    },
    "ClusterRoleBinding": {
        "roleRef": tuple({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name} for name in ROLE_NAMES),
        "subjects": (ABSENT, [{"kind": "ServiceAccount", "name": "web", "namespace": "default"}], [{"kind": "User", "name": "joe", "apiGroup": "rbac.authorization.k8s.io"}]),
    },
    "ServiceAccount": {"automountServiceAccountToken": BOOLEANS},
    "SecurityContextConstraints": {"allowPrivilegedContainer": BOOLEANS},
    "ConfigMap": {"data": (ABSENT, {}, {"a": "b"}, {"password": "x"}, {"a": "-----BEGIN PRIVATE KEY-----"}, {"TOKEN": "x", "a": "b"}, {"aws_secret_access_key": "x"}), "immutable": (ABSENT, True)},
    "Secret": {"data": (ABSENT, {"a": "YQ=="}), "stringData": (ABSENT, {"a": "b"}, {"b": "c"})},
}  # fmt: skip
TEMPLATE = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "DeploymentConfig": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
VERSIONS = {
    "Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
}  # fmt: skip
OLD = {
    "Deployment": ("apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"), "StatefulSet": ("apps/v1beta1", "apps/v1beta2"), "DaemonSet": ("apps/v1beta2", "extensions/v1beta1"),
    "ReplicaSet": ("apps/v1beta2", "extensions/v1beta1"), "CronJob": ("batch/v1beta1",), "Ingress": ("networking.k8s.io/v1beta1", "extensions/v1beta1"),
    "NetworkPolicy": ("extensions/v1beta1",), "PodDisruptionBudget": ("policy/v1beta1",), "HorizontalPodAutoscaler": ("autoscaling/v1", "autoscaling/v2beta2"),
    "Role": ("rbac.authorization.k8s.io/v1beta1",), "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1beta1",),
}  # fmt: skip


class Varier:
    """Draws changes to lists of objects; each says in a few words what it did."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def change(self, bodies: list[Body]) -> str:
        """One change, made in place; empty where the one drawn did not fit."""
        if not bodies:
            return self.beside(bodies)
        draw = self.chance.choices(
            (self.alter, self.beside, self.another_kind, self.remove, self.older), (40, 10, 2, 1, 1)
        )[0]
        if draw == self.alter:
            return self.alter(self.chance.choice(bodies))
        return draw(bodies)

    def alter(self, body: Body) -> str:
        """Change one field of one object."""
        kind = str(body.get("kind"))
        if self.chance.random() < 0.12 or kind not in {*TEMPLATE, *SPEC, *RBAC}:
            return self.metadata(body)
        template = self.template(body)
        if template is not None and self.chance.random() < 0.8:
            return self.pod(template)
        if kind in RBAC:
            return self._field(body, RBAC[kind], kind)
        spec = body.setdefault("spec", {})
        if not isinstance(spec, dict):
            return ""
        draw = self.chance.random()
        if template is not None and draw < 0.3:
            return self.selector(body, spec, template)
        if kind == "Ingress" and draw < 0.5:
            return self.backend(body, spec)
        return self._field(spec, SPEC[kind], kind) if kind in SPEC else ""

    def template(self, body: Body) -> Body | None:
        found: Any = body
        path = TEMPLATE.get(str(body.get("kind")))
        for part in path if path is not None else ("",):
            found = found.get(part) if isinstance(found, dict) else None
        return found if isinstance(found, dict) and isinstance(found.get("spec"), dict) else None

    def metadata(self, body: Body) -> str:
        meta = body.setdefault("metadata", {})
        if not isinstance(meta, dict):
            return ""
        draw = self.chance.random()
        if draw < 0.25:
            return self._field(meta, {"namespace": NAMESPACES}, "metadata")
        if draw < 0.3:
            return self._field(meta, {"name": NAMES}, "metadata")
        part, choices = ("labels", METADATA) if draw < 0.6 else ("annotations", ANNOTATIONS)
        if not isinstance(meta.get(part), dict):
            meta[part] = {}
        return self._field(meta[part], choices, part)

    def pod(self, template: Body) -> str:
        spec, draw = template["spec"], self.chance.random()
        containers = [c for c in spec.get("containers") or () if isinstance(c, dict)]
        if draw < 0.6 and containers:
            inits = [c for c in spec.get("initContainers") or () if isinstance(c, dict)]
            return self.container(self.chance.choice([*containers, *containers, *inits]))
        if draw < 0.68:
            return self._inside(spec, "securityContext", POD_SECURITY)
        if draw < 0.73:
            return self.more_containers(spec, containers)
        if draw < 0.78:
            spec["affinity"] = {"podAntiAffinity": self.anti_affinity()}
            return f"podAntiAffinity {spec['affinity']}"
        if draw < 0.81:
            meta = template.setdefault("metadata", {})
            if isinstance(meta, dict):
                part, choices = self.chance.choice((("labels", METADATA), ("annotations", ANNOTATIONS)))
                if not isinstance(meta.get(part), dict):
                    meta[part] = {}
                return "template " + self._field(meta[part], choices, part)
        if draw < 0.86 and containers:
            return self.mounted(spec, self.chance.choice(containers))
        return self._field(spec, POD, "pod")

    def container(self, container: Body) -> str:
        draw = self.chance.random()
        if draw < 0.3:
            return self._inside(container, "securityContext", CONTAINER_SECURITY)
        if draw < 0.5:
            return self.resources(container)
        if draw < 0.58:
            how = self.chance.choice(PROBES[1:])
            for probe in ("readinessProbe", "livenessProbe"):
                container[probe] = copy.deepcopy(how)
            return f"both probes {how}"
        return self._field(container, CONTAINER, "container")

    def resources(self, container: Body) -> str:
        if not isinstance(container.get("resources"), dict):
            container["resources"] = {}
        part = self.chance.choice(("requests", "limits"))
        if not isinstance(container["resources"].get(part), dict):
            container["resources"][part] = {}
        choices = {"cpu": (*CPU, ABSENT), "memory": (*MEMORY, ABSENT), "ephemeral-storage": (*STORAGE, ABSENT)}
        if self.chance.random() < 0.3:
            resource = self.chance.choice(list(choices))
            amount = self.chance.choice(choices[resource][:-1])
            for both in ("requests", "limits"):
                if not isinstance(container["resources"].get(both), dict):
                    container["resources"][both] = {}
                container["resources"][both][resource] = amount
            return f"{resource} request and limit {amount!r}"
        return self._field(container["resources"][part], choices, part)

    def more_containers(self, spec: Body, containers: list[Body]) -> str:
        draw = self.chance.random()
        one: Body = {"name": f"more{self.chance.randrange(1000)}", "image": self.chance.choice(IMAGES[:-2])}
        if draw < 0.15 and containers:
            spec["containers"] = []
            return "no containers"
        if draw < 0.5:
            spec.setdefault("containers", []).append(
                {**copy.deepcopy(self.chance.choice(containers)), "name": one["name"]}
                if containers and draw < 0.4
                else one
            )
            return "one more container"
        if self.chance.random() < 0.4:
            one["restartPolicy"] = "Always"
        if self.chance.random() < 0.5 and containers:
            one = {
                **{k: v for k, v in copy.deepcopy(self.chance.choice(containers)).items() if not k.endswith("Probe")},
                **one,
            }
        if draw < 0.9:
            spec["initContainers"] = [*(spec.get("initContainers") or ()), one]
            return f"init container {one}"
        spec["ephemeralContainers"] = [
            {k: v for k, v in one.items() if k not in ("ports", "resources", "restartPolicy")}
        ]
        return "ephemeral container"

    def anti_affinity(self) -> Body:
        term = {
            "topologyKey": self.chance.choice(
                (
                    HOSTNAME,
                    HOSTNAME,
                    ZONE,
                    "topology.kubernetes.io/region",
                    "failure-domain.beta.kubernetes.io/zone",
                    "other",
                    "",
                )
            )
        }
        selector = self.chance.choice((ABSENT, *SELECTORS))
        whole = {**term} if selector is ABSENT else {**term, "labelSelector": copy.deepcopy(selector)}
        if self.chance.random() < 0.15:
            whole["namespaces"] = [self.chance.choice(("default", "shop"))]
        if self.chance.random() < 0.5:
            return {"requiredDuringSchedulingIgnoredDuringExecution": [whole]}
        return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": whole}]}

    def mounted(self, spec: Body, container: Body) -> str:
        path = self.chance.choice(HOST_PATHS)
        spec["volumes"] = [
            *(v for v in spec.get("volumes") or () if isinstance(v, dict) and v.get("name") != "v"),
            {"name": "v", "hostPath": {"path": path}},
        ]
        mount = {"name": "v", "mountPath": "/host", **self.chance.choice(({}, {"readOnly": True}, {"readOnly": False}))}
        container["volumeMounts"] = [
            *(m for m in container.get("volumeMounts") or () if isinstance(m, dict) and m.get("name") != "v"),
            mount,
        ]
        return f"{path} mounted {mount}"

    def selector(self, body: Body, spec: Body, template: Body) -> str:
        old = body["kind"] in ("ReplicationController", "DeploymentConfig")
        meta = template.setdefault("metadata", {})
        labels = dict(self.chance.choice(LABELS))
        if self.chance.random() < 0.5 and isinstance(meta, dict) and body["kind"] != "Pod":
            meta["labels"] = labels
            spec["selector"] = dict(labels) if old else {"matchLabels": dict(labels)}
            return f"selector and labels {labels}"
        return self._field(
            spec, {"selector": (ABSENT, {}, *LABELS) if old else (ABSENT, *SELECTORS)}, str(body["kind"])
        )

    def backend(self, body: Body, spec: Body) -> str:
        backends: tuple[Any, ...] = (
            {"service": {"name": "web", "port": {"number": 80}}}, {"service": {"name": "web", "port": {"number": 8080}}}, {"service": {"name": "web", "port": {"name": "http"}}},
            {"service": {"name": "web", "port": {"name": "none"}}}, {"service": {"name": "nowhere", "port": {"number": 80}}}, {"service": {"name": "web"}},
            {"resource": {"apiGroup": "a.io", "kind": "Bucket", "name": "x"}},
        )  # fmt: skip
        if body.get("apiVersion") != "networking.k8s.io/v1":
            backends = (
                {"serviceName": "web", "servicePort": 80},
                {"serviceName": "web", "servicePort": "http"},
                {"serviceName": "nowhere", "servicePort": 80},
            )
        path = {"path": "/", "pathType": "Prefix", "backend": copy.deepcopy(self.chance.choice(backends))}
        spec["rules"] = self.chance.choice(
            (
                [{"http": {"paths": [path]}}],
                [{"host": "a.example.com", "http": {"paths": [path]}}],
                [{"host": "a.example.com"}],
                [{"http": {"paths": [path, {**path, "path": "/b"}]}}],
            )
        )
        return f"rules {spec['rules']}"

    def beside(self, bodies: list[Body]) -> str:
        """One more object, mostly of the name, the namespace and the labels that another has."""
        host = self.chance.choice(bodies) if bodies else {}
        template = self.template(host)
        if template is None and self.chance.random() < 0.5:  # rather beside a workload
            held = [b for b in bodies if self.template(b) is not None]
            host = self.chance.choice(held) if held else host
            template = self.template(host)
        meta = host.get("metadata") if isinstance(host.get("metadata"), dict) else {}
        assert isinstance(meta, dict)
        name = str(meta.get("name") or "web") if self.chance.random() < 0.7 else self.chance.choice(NAMES)
        found = ((template or {}).get("metadata") or {}).get("labels") if template else None
        labels = (
            dict(found)
            if isinstance(found, dict) and found and self.chance.random() < 0.7
            else dict(self.chance.choice(LABELS))
        )
        kind = self.chance.choice((
            "Deployment", "StatefulSet", "DaemonSet", "Pod", "ReplicaSet", "Job", "CronJob", "ReplicationController", "Service", "Service", "Service", "Ingress", "NetworkPolicy", "NetworkPolicy",
            "PodDisruptionBudget", "PodDisruptionBudget", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler", "ServiceAccount", "ConfigMap", "Secret", "Role", "ClusterRole", "RoleBinding",
            "ClusterRoleBinding", "ServiceMonitor", "ScaledObject", "SecurityContextConstraints", "DeploymentConfig",
        ))  # fmt: skip
        body = self.new(kind, name, labels, host)
        if "namespace" in meta and self.chance.random() < 0.8:
            body["metadata"]["namespace"] = meta["namespace"]
        elif self.chance.random() < 0.1:
            body["metadata"]["namespace"] = self.chance.choice(("default", "shop"))
        for _ in range(self.chance.randrange(4)):
            self.alter(body)
        at = self.chance.randrange(len(bodies) + 1)
        bodies.insert(at, body)
        return f"beside: {kind} {body['metadata'].get('name')}"

    def new(self, kind: str, name: str, labels: dict[str, str], host: Body) -> Body:
        pod = {
            "metadata": {"labels": dict(labels)},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "registry.example.com/web:1.2",
                        "ports": [{"containerPort": 80, "name": "http"}],
                    }
                ]
            },
        }
        selector = {"matchLabels": dict(labels)}
        if kind in TEMPLATE and kind != "Pod":
            spec: Body = {"selector": selector, "template": pod}
            if kind in ("ReplicationController", "DeploymentConfig"):
                spec["selector"] = dict(labels)
            if kind in ("Job", "CronJob"):
                del spec["selector"]
                pod["spec"]["restartPolicy"] = "Never"  # type: ignore[index]
            if kind == "StatefulSet":
                spec["serviceName"] = name
            if kind == "CronJob":
                spec = {"schedule": "@daily", "jobTemplate": {"spec": spec}}
            version = VERSIONS.get(kind, "apps.openshift.io/v1")
            return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        if kind == "Pod":
            return {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": dict(labels)},
                "spec": pod["spec"],
            }
        version, rest = {
            "Service": ("v1", {"spec": {"selector": dict(labels), "ports": [{"port": 80, "targetPort": "http"}]}}),
            "Ingress": ("networking.k8s.io/v1", {"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}]}}]}}),
            "NetworkPolicy": ("networking.k8s.io/v1", {"spec": {"podSelector": selector, "ingress": [{}]}}),
            "PodDisruptionBudget": ("policy/v1", {"spec": {"selector": selector, "minAvailable": 1}}),
            "HorizontalPodAutoscaler": ("autoscaling/v2", {"spec": {"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": host["apiVersion"], "kind": host["kind"], "name": name} if host.get("kind") in TEMPLATE else {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}}),
            "ScaledObject": ("keda.sh/v1alpha1", {"spec": {"scaleTargetRef": {"name": name}, "triggers": []}}),
            "ServiceMonitor": ("monitoring.coreos.com/v1", {"spec": {"selector": selector, "endpoints": [{"port": "http"}]}}),
            "ServiceAccount": ("v1", {}),
            "ConfigMap": ("v1", {"data": {"a": "b"}}),
            "Secret": ("v1", {"stringData": {"a": "b"}}),
            "Role": ("rbac.authorization.k8s.io/v1", {"rules": copy.deepcopy(self.chance.choice(RULES))}),
            "ClusterRole": ("rbac.authorization.k8s.io/v1", {"rules": copy.deepcopy(self.chance.choice(RULES))}),
            "RoleBinding": ("rbac.authorization.k8s.io/v1", {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": self.chance.choice(("Role", "ClusterRole")), "name": name}, "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "default"}]}),
            "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1", {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}, "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "default"}]}),
            "SecurityContextConstraints": ("security.openshift.io/v1", {"allowPrivilegedContainer": True}),
        }[kind]  # fmt: skip
        return {
            "apiVersion": version,
            "kind": kind,
            "metadata": {"name": name, **({"labels": dict(labels)} if kind == "Service" else {})},
            **rest,
        }

    def another_kind(self, bodies: list[Body]) -> str:
        """The same Pods, made by another kind."""
        body = self.chance.choice(bodies)
        template = self.template(body)
        if template is None:
            return ""
        kind = self.chance.choice([k for k in VERSIONS if k != body["kind"]])
        labels = dict((template.get("metadata") or {}).get("labels") or {"app": "web"})
        made = self.new(kind, str((body.get("metadata") or {}).get("name") or "web"), labels, body)
        inner = self.template(made)
        assert inner is not None
        inner["spec"] = template["spec"]
        body.update(made)
        return f"made a {kind}"

    def remove(self, bodies: list[Body]) -> str:
        if len(bodies) < 2:
            return ""
        return f"without {bodies.pop(self.chance.randrange(len(bodies))).get('kind')}"

    def older(self, bodies: list[Body]) -> str:
        """An older apiVersion of the kind."""
        body = self.chance.choice(bodies)
        versions = OLD.get(str(body.get("kind")))
        if not versions:
            return ""
        body["apiVersion"] = self.chance.choice(versions)
        return f"{body['kind']} of {body['apiVersion']}"

    def _inside(self, holder: Body, name: str, choices: Choices) -> str:
        if not isinstance(holder.get(name), dict):
            holder[name] = {}
        return self._field(holder[name], choices, name)

    def _field(self, holder: Body, choices: Choices, where: str) -> str:
        field = self.chance.choice(list(choices))
        value = self.chance.choice(choices[field])
        if value is ABSENT:
            return f"{where}.{field} left out" if holder.pop(field, ABSENT) is not ABSENT else ""
        if holder.get(field, ABSENT) == value:
            return ""
        holder[field] = copy.deepcopy(value)
        return f"{where}.{field} {value!r:.120}"
