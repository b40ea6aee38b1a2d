"""SOPS: said once a file, and no encrypted value is blamed."""

from __future__ import annotations

from pathlib import Path

from manifold import api
from manifold.model import Severity
from manifold.run import Request, exit_code, report

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
