"""Repairs by themselves: what becomes of a text, and that nothing else of it changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from manifold import api
from manifold.apiserver.server import Server
from manifold.fix.engine import Mended, mend
from manifold.model import Document, Source

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: 'web:1' # pinned
{rest}"""


def mended(*texts: str | bytes) -> list[Mended]:
    def server(documents: Sequence[Document]) -> Server:
        return api.server(None, [d.body for d in documents if api.is_crd(d.body)])

    data = [t.encode() if isinstance(t, str) else t for t in texts]
    return mend([Source(f"{i}.yaml", text) for i, text in enumerate(data)], server)


def fixed(text: str) -> str:
    (one,) = mended(text)
    (again,) = mended(one.after)

    assert again.after == one.after
    assert again.done == []
    return one.after.decode()


def changed(text: str) -> list[tuple[str, str]]:
    """The lines that a repair changes one for one."""
    after = fixed(text)
    before = text.split("\n")

    assert len(before) == len(after.split("\n"))
    return [(a, b) for a, b in zip(before, after.split("\n"), strict=True) if a != b]


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        ("      imagepullpolicy: Always\n", "      imagePullPolicy: Always"),
        ("      imagePulPolicy: Always\n", "      imagePullPolicy: Always"),
        ("      image_pull_policy: Always # c\n", "      imagePullPolicy: Always # c"),
        ("      imagePullPolicy: always\n", "      imagePullPolicy: Always"),
        ("      resources: {limits: {memory: 512MB}}\n", "      resources: {limits: {memory: 512M}}"),
        ("      resources: {limits: {memory: '1 GiB'}}\n", "      resources: {limits: {memory: '1Gi'}}"),
        ('      stdin: "true"\n', "      stdin: true"),
        ("      env: [{name: A, value: yes}]\n", '      env: [{name: A, value: "yes"}]'),
        ("      args: [-p, 8080]\n", '      args: [-p, "8080"]'),
        ('      ports: [{containerPort: "80"}]\n', "      ports: [{containerPort: 80}]"),
        ("      args: --verbose # loud\n", "      args: [--verbose] # loud"),
        ("      livenessProbe: {tcpSocket: {port: '80'}}\n", "      livenessProbe: {tcpSocket: {port: 80}}"),
        ("  serviceAccount: bob\n", "  serviceAccountName: bob"),
        ("  nodeSelector: {beta.kubernetes.io/os: linux}\n", "  nodeSelector: {kubernetes.io/os: linux}"),
    ],
)
def test_one_line_is_mended_and_no_other(rest: str, line: str) -> None:
    """Slips that can mean one thing only."""
    assert changed(POD.format(rest=rest)) == [(rest.removesuffix("\n"), line)]


@pytest.mark.parametrize(
    "rest",
    [
        "      resources: {limits: {memory: 128m}}\n",  # thousandths or mega
        "      imag: web\n      command: [a]\n",  # image is there already
        "      porbs: {}\n",  # ports holds a list
        "      foo: 1\n",
        "      args: --a --b\n",
        "      env: [{name: A, value: *x}]\n",
        "      imagePullPolicy: sometimes\n",
        "  replicas: ${REPLICAS}\n",
    ],
)
def test_what_is_not_sure_stays(rest: str) -> None:
    """A guess is no repair."""
    assert fixed(POD.format(rest=rest)) == POD.format(rest=rest)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("v1", "pod"), ("v1", "Pod")),
        (("app/v1", "Deployment"), ("apps/v1", "Deployment")),
        (("v1", "Deployment"), ("apps/v1", "Deployment")),
        (("apps/v1", "Deploymnet"), ("apps/v1", "Deployment")),
        (("apps/v1", "Service"), ("v1", "Service")),
        (("example.com/v1", "Deployment"), ("example.com/v1", "Deployment")),  # somebody's own
        (("v2", "Thing"), ("v2", "Thing")),
    ],
)
def test_mistyped_kinds_and_versions(old: tuple[str, str], new: tuple[str, str]) -> None:
    """Where only one can be meant."""
    text = "apiVersion: {} # c\nkind: {}\nmetadata: {{name: a}}\n"

    assert fixed(text.format(*old)) == text.format(*new)


def test_line_ends_and_a_missing_last_one_are_kept() -> None:
    """Windows files stay Windows files."""
    text = POD.format(rest="  serviceAccount: bob\n  serviceAccountName: bob\n  hostname: a").replace("\n", "\r\n")
    after = fixed(text)

    assert after == text.replace("  serviceAccount: bob\r\n", "")


def test_byte_order_mark_is_kept_and_other_encodings_are_left() -> None:
    """Bytes that are not understood are not touched."""
    (one, other) = mended(b"\xef\xbb\xbf" + POD.format(rest="  serviceAccount: b\n").encode(), CONFIG.encode("utf-16"))

    assert one.after.startswith(b"\xef\xbb\xbfapiVersion")
    assert b"serviceAccountName: b" in one.after
    assert not other.changed
    assert other.left


def test_duplicate_keys_leave_the_one_that_counts() -> None:
    """The last, as kubectl reads it; comments of other lines stay."""
    text = CONFIG + "# first\ndata:\n  a: one # old\n  # about a\n  a: two\n"

    assert fixed(text) == CONFIG + "# first\ndata:\n  # about a\n  a: two\n"


def test_ingress_moves_to_v1() -> None:
    """Backends get their new shape, comments stay, flow stays flow."""
    text = """apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: i}
spec:
    # all of it
    rules:
        - http:
              paths:
                  - path: /
                    backend:
                        serviceName: web # the shop
                        servicePort: 80
                  - backend: {serviceName: api, servicePort: http}
"""
    assert (
        fixed(text)
        == """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i}
spec:
    # all of it
    rules:
        - http:
              paths:
                  - path: /
                    pathType: ImplementationSpecific
                    backend:
                        service:  # the shop
                            name: web
                            port:
                                number: 80
                  - backend: {service: {name: api, port: {name: http}}}
                    pathType: ImplementationSpecific
"""
    )


def test_budget_with_an_empty_selector_is_not_migrated() -> None:
    """It selected nothing, and would select everything."""
    text = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {selector: {}, minAvailable: 1}\n"

    assert fixed(text) == text
    assert fixed(text.replace("{}", "{matchLabels: {a: b}}")).startswith("apiVersion: policy/v1\n")


def test_mistyped_selector_is_mended_where_the_pods_tell() -> None:
    """Across files; the Service's own name votes as well."""
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: frontend}\nspec:\n  selector: {app: frontent}\n  ports: [{port: 80}]\n"
    pod = POD.format(rest="").replace("  name: web\nspec", "  name: web\n  labels: {app: frontend}\nspec")
    one, other = mended(service, pod)

    assert one.after.decode() == service.replace("frontent", "frontend")
    assert not other.changed
    assert not mended(service.replace("name: frontend", "name: other"), pod)[0].changed


def test_encrypted_manifests_and_alias_targets_are_left() -> None:
    """An edit would break a checksum, or change more than was meant."""
    sops = CONFIG + "data: {a: 1}\nsops: {mac: x}\n"
    alias = CONFIG + "data:\n  a: &v 1\n  b: *v\n"

    assert fixed(sops) == sops
    assert fixed(alias) == alias


def test_items_of_lists_and_json_are_mended() -> None:
    """Each in its own manner."""
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  data: {a: 1}\n"
    json = (
        '{\n\t"apiVersion": "v1", "kind": "ConfigMap",\n  "metadata": {"name": "a"},\n  "data": {"a": 1}\n}\n'.replace(
            "\t", "  "
        )
    )

    assert fixed(text) == text.replace("{a: 1}", '{a: "1"}')
    assert fixed(json) == json.replace('{"a": 1}', '{"a": "1"}')


def test_protocol_is_said_beside_ports_that_say_theirs() -> None:
    """And nowhere else."""
    text = POD.format(
        rest="      ports:\n        - containerPort: 53\n          protocol: UDP\n        - containerPort: 53\n"
    )

    assert fixed(text) == text + "          protocol: TCP\n"
    assert fixed(POD.format(rest="      ports: [{containerPort: 1}]\n")).endswith("[{containerPort: 1}]\n")


def test_apparmor_annotations_become_fields() -> None:
    """Container by container; what says something else stays."""
    notes = "  annotations:\n    container.apparmor.security.beta.kubernetes.io/web: localhost/tight\n    a: b\n"
    text = POD.format(rest="").replace("  name: web\nspec", f"  name: web\n{notes}spec")

    assert fixed(text) == POD.format(
        rest="      securityContext:\n        appArmorProfile:\n          type: Localhost\n          localhostProfile: tight\n"
    ).replace("  name: web\nspec", "  name: web\n  annotations:\n    a: b\nspec")
    assert fixed(text.replace("localhost/tight", "what/ever")) == text.replace("localhost/tight", "what/ever")
    assert "annotations" not in fixed(text.replace("    a: b\n", ""))
