"""`manifold check`, `validate` and `lint`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cli import manifold

NOTED = """apiVersion: v1
kind: Secret
metadata: {name: a, labels: {a: "${NAME!}"}}
data: {a: "ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]"}
sops: {mac: "ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]"}
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{port: "${PORT}"}]}
"""


@pytest.mark.parametrize(
    "ignored", ["encrypted", "placeholder", "encrypted,placeholder", "api/deprecated, placeholder"]
)
def test_whatever_a_report_names_can_be_ignored(tmp_path: Path, ignored: str) -> None:
    """Notes of the reader among them, several with commas between; a name that there is not is near to one that there is."""
    (tmp_path / "a.yaml").write_text(NOTED)
    notes = {"encrypted", "placeholder"}
    said = manifold("check", "a.yaml", "--ignore", ignored, "-o", "jsonl", cwd=tmp_path).stdout

    assert {n for n in notes if f'"rule":"{n}"' in said} == notes - {n.strip() for n in ignored.split(",")}
    assert "did you mean encrypted?" in manifold("check", "a.yaml", "--ignore", "encryptd", cwd=tmp_path).stderr
