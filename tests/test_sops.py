"""SOPS: said once a file, and no encrypted value is blamed."""

from __future__ import annotations

from pathlib import Path

from manifold import api, sops
from manifold.inputs import Request
from manifold.model import Severity
from manifold.run import exit_code, report

from tests.test_cli import manifold

TEXT = """apiVersion: v1
kind: Secret
metadata:
  name: web
  namespace: shop
type: Opaque
data:
  password: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]
  user: "ENC[AES256_GCM,data:abd=,iv:def=,tag:ghi=,type:str]"
sops:
  kms: []
  mac: ENC[AES256_GCM,data:xyz=,iv:def=,tag:ghi=,type:str]
  encrypted_regex: ^(data|stringData)$
"""


def test_encrypted_objects_are_noted_once_a_file(tmp_path: Path) -> None:
    """However many there are; and that is no failure."""
    (tmp_path / "a.yaml").write_text(TEXT + "---\n" + TEXT.replace("name: web", "name: other"))
    made, incomplete = report(Request([tmp_path], lint=False))
    (note,) = made.diagnostics

    assert (note.rule, note.severity, note.span.line) == ("encrypted", Severity.INFO, 10)
    assert note.message.startswith("2 objects are encrypted by SOPS")
    assert exit_code(made, incomplete) == 0


def test_what_is_not_encrypted_is_looked_at(tmp_path: Path) -> None:
    """Beside encrypted values, and in the documents beside the object."""
    plain = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata: {a: 'ENC[x]'}\nsops: nothing\n"
    (tmp_path / "a.yaml").write_text(TEXT.replace("\ndata:\n", "\ndata:\n  plain: '!'\n", 1) + plain)
    made, incomplete = report(Request([tmp_path], lint=False))
    said = sorted((d.document, d.path) for d in made.diagnostics if d.rule != "encrypted")

    assert said == [(0, "data.plain"), (1, "data.a"), (1, "sops")]
    assert exit_code(made, incomplete) == 1


def test_a_map_of_that_name_alone_is_a_field_that_there_is_not(tmp_path: Path) -> None:
    """Without an encrypted value nobody will take it away."""
    (tmp_path / "a.yaml").write_text(
        "# ENC[\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\nsops: {mac: x}\n"
    )

    assert [d.path for d in report(Request([tmp_path], lint=False))[0].diagnostics] == ["sops"]


def test_the_library_says_what_the_server_would() -> None:
    """Who hands over an object means that object."""
    assert {d.path for d in api.validate(TEXT)} == {"data.password", "data.user", "sops"}


def _written(folder: Path, password: str = "abc=", text: str = TEXT) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_text(text.replace("data:abc=", f"data:{password}"))
    return folder


def test_plan_diff_and_preview_know_what_is_encrypted(tmp_path: Path) -> None:
    """They name it, and answer without its values; what changed is told by the encrypted text."""
    here, there = _written(tmp_path / "here"), _written(tmp_path / "there", "other=")
    plan, preview = manifold("plan", str(here)), manifold("preview", str(here))
    same = manifold("diff", str(here), "--against", str(here))
    other = manifold("diff", str(here), "--against", str(there))

    for done in (plan, preview, same, other):
        assert done.stderr.endswith("a.yaml: encrypted by SOPS, so its values are not looked at: Secret web\n")
    assert (plan.returncode, plan.stdout) == (0, "wave 1  + Secret shop/web\n")
    assert (preview.returncode, "password: '***'" in preview.stdout, "sops" in preview.stdout) == (0, True, False)
    assert (same.returncode, other.returncode) == (0, 1)
    assert "data.password" in other.stdout
    assert "data.user" not in other.stdout


def test_values_in_a_cluster_are_taken_for_the_encrypted_ones() -> None:
    """Of whichever type and place; what is masked there stays unknown."""
    live = {"apiVersion": "v1", "kind": "Secret", "data": {"password": "c2VjcmV0", "user": "<masked>"}}
    (body,) = api.read(TEXT)
    made = sops.plain({**body, "stringData": {"password": "ENC[x]"}}, live)

    assert (made["data"]["password"], made["stringData"]) == ("c2VjcmV0", {"password": "secret"})
    assert not [d for d in api.validate([made]) if d.rejects]
    typed = {"kind": "A", "list": ["ENC[AES256_GCM,data:a,type:int]", "ENC[AES256_GCM,data:a,type:bool]", "b"]}
    assert sops.plain(typed)["list"] == [1, True, "b"]
    assert sops.plain(typed, {"list": [7, False, "c"]})["list"] == [7, False, "b"]


def test_objects_with_encrypted_names_are_left_out(tmp_path: Path) -> None:
    """Nothing can be said of them, and nothing may be pruned beside them."""
    folder = _written(tmp_path / "a", text=TEXT.replace("name: web", 'name: "ENC[x]"'))
    done = manifold("plan", str(folder))

    assert (done.returncode, "left out" in done.stderr) == (0, True)
    assert manifold("plan", str(folder), "--prune", "--prune-all", "--against", str(folder)).returncode == 2
