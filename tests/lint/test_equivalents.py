"""Every check that kube-linter, kube-score and polaris ship has an equivalent among our rules, by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifold import api
from manifold.lint.catalogue import rules

# The built-in checks of kube-linter 0.8.3, kube-score 1.20.0 and polaris 10.2.2.
CHECKS = {
    "kube-linter": """
    access-to-create-pods access-to-secrets cluster-admin-role-binding
    dangling-horizontalpodautoscaler dangling-ingress dangling-networkpolicy
    dangling-networkpolicypeer-podselector dangling-service dangling-servicemonitor
    default-service-account deprecated-service-account-field dnsconfig-options docker-sock
    drop-net-raw-capability duplicate-env-var env-value-from env-var-secret exposed-services
    host-ipc host-network host-pid hpa-minimum-three-replicas invalid-target-ports
    job-ttl-seconds-after-finished latest-tag liveness-port minimum-three-replicas
    mismatching-selector no-anti-affinity no-extensions-v1beta no-liveness-probe no-node-affinity
    no-read-only-root-fs no-readiness-probe no-rolling-update-strategy non-existent-service-account
    non-isolated-pod pdb-max-unavailable pdb-min-available pdb-unhealthy-pod-eviction-policy
    priority-class-name privilege-escalation-container privileged-container privileged-ports
    read-secret-from-env-var readiness-port required-annotation-email required-label-owner
    restart-policy run-as-non-root scc-deny-privileged-container schema-validation
    sensitive-host-mounts sorted-keys ssh-port startup-port unsafe-proc-mount unsafe-sysctls
    unset-cpu-requirements unset-memory-requirements use-namespace wildcard-in-rules
    writable-host-mount
    """,
    "kube-score": """
    container-cpu-requests-equal-limits container-ephemeral-storage-request-and-limit
    container-ephemeral-storage-request-equals-limit container-image-pull-policy container-image-tag
    container-memory-requests-equal-limits container-ports-check
    container-resource-requests-equal-limits container-resources container-seccomp-profile
    container-security-context-privileged container-security-context-readonlyrootfilesystem
    container-security-context-user-group-id cronjob-has-deadline cronjob-restartpolicy
    deployment-has-host-podantiaffinity deployment-has-poddisruptionbudget
    deployment-pod-selector-labels-match-template-metadata-labels deployment-replicas
    deployment-strategy deployment-targeted-by-hpa-does-not-have-replicas-configured
    environment-variable-key-duplication horizontalpodautoscaler-has-target
    horizontalpodautoscaler-replicas ingress-targets-service label-values networkpolicy-targets-pod
    pod-networkpolicy pod-probes pod-probes-identical pod-topology-spread-constraints
    poddisruptionbudget-has-policy service-targets-pod service-type stable-version
    statefulset-has-host-podantiaffinity statefulset-has-poddisruptionbudget
    statefulset-has-servicename statefulset-pod-selector-labels-match-template-metadata-labels
    """,
    "polaris": """
    automountServiceAccountToken clusterrolebindingClusterAdmin clusterrolebindingPodExecAttach
    clusterrolePodExecAttach cpuLimitsMissing cpuRequestsMissing dangerousCapabilities
    deploymentMissingReplicas hostIPCSet hostNetworkSet hostPathSet hostPIDSet hostPortSet
    hostProcess hpaMaxAvailability hpaMinAvailability insecureCapabilities linuxHardening
    livenessProbeMissing memoryLimitsMissing memoryRequestsMissing metadataAndInstanceMismatched
    missingNetworkPolicy missingPodDisruptionBudget notReadOnlyRootFilesystem pdbDisruptionsIsZero
    pdbMinAvailableGreaterThanHPAMinReplicas priorityClassNotSet privilegeEscalationAllowed
    procMount pullPolicyNotAlways readinessProbeMissing rolebindingClusterAdminClusterRole
    rolebindingClusterAdminRole rolebindingClusterRolePodExecAttach rolebindingRolePodExecAttach
    rolePodExecAttach runAsPrivileged runAsRootAllowed sensitiveConfigmapContent
    sensitiveContainerEnvVar tagNotSpecified tlsSettingsMissing topologySpreadConstraint
    """,
}
COUNTS = {"kube-linter": 63, "kube-score": 39, "polaris": 44}


@pytest.mark.parametrize("peer", CHECKS)
def test_every_check_of_a_peer_has_an_equivalent(peer: str) -> None:
    """And the equivalent is there: a rule of the catalogue, or something that the server says."""
    checks = CHECKS[peer].split()
    assert len(set(checks)) == len(checks) == COUNTS[peer]
    same = api.equivalents()
    for check in checks:
        ours = same[f"{peer}:{check}"]
        for name in [ours] if isinstance(ours, str) else ours:
            assert name in rules() or (name.startswith("api/") and "@" in name), check


def test_no_rule_names_a_check_that_no_peer_has() -> None:
    """An alias that is mistyped would select nothing."""
    known = {f"{peer}:{check}" for peer, text in CHECKS.items() for check in text.split()}
    assert set(api.equivalents()) == known | {"pluto:removed", "pluto:deprecated"}


def test_every_difference_that_is_listed_stands_on_the_rules_page() -> None:
    """docs/differences-to-linters.md names checks; the rules that stand for them say how they differ."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "differences-to-linters.md").read_text()
    peer, checked = "", 0
    for line in text.splitlines():
        if line.startswith("## "):
            peer = line[3:].partition(" ")[0]
        elif line.startswith("| ") and not line.startswith("| check"):
            ours = api.equivalents()[f"{peer}:{line.split('|')[1].strip()}"]
            for name in [ours] if isinstance(ours, str) else ours:
                assert "@" in name or peer in rules()[name].differs, line
            checked += 1
    assert checked > 40
