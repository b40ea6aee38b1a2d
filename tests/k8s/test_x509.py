"""Certificates and keys: structure and signatures, by vectors of openssl."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from manifold.k8s import pem, x509

ALGORITHMS = ("rsa:2048", "ec:prime256v1", "ec:secp384r1", "ec:secp521r1", "ec:secp224r1", "ed25519")


def made(folder: Path, algorithm: str, *extra: str) -> bytes:
    """A certificate (with `-x509`) or a request of openssl's, in PEM."""
    kind, _, detail = algorithm.partition(":")
    option = {"rsa": f"rsa:{detail}", "ec": "ec", "ed25519": "ed25519"}[kind]
    curve = ["-pkeyopt", f"ec_paramgen_curve:{detail}"] if kind == "ec" else []
    command = ["openssl", "req", "-new", "-newkey", option, *curve, "-nodes", "-subj", "/O=shop/CN=web", *extra]
    done = subprocess.run([*command, "-keyout", str(folder / "key.pem")], capture_output=True, check=True)
    return done.stdout


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the vectors")


@needs_openssl
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_request_holds(tmp_path: Path, algorithm: str) -> None:
    """The signature of a request is that of its key, and no longer so when a bit of it is turned."""
    (block,) = pem.blocks(made(tmp_path, algorithm))
    assert block.type == "CERTIFICATE REQUEST"
    assert x509.request(block.data).holds
    broken = block.data[:-1] + bytes((block.data[-1] ^ 1,))
    assert not x509.request(broken).holds


@needs_openssl
def test_an_rsa_signature_by_pss_holds(tmp_path: Path) -> None:
    """PSS with SHA-256, as a request names it in its parameters."""
    pss = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-sha256")
    (block,) = pem.blocks(made(tmp_path, "rsa:2048", *pss))
    request = x509.request(block.data)
    assert request.holds
    assert isinstance(request.key, x509.RsaKey)
    assert request.key.bits == 2048
    digest = hashlib.sha256(request.signed).digest()
    assert request.key.verify_pss(digest, request.signature, "sha256")
    assert not request.key.verify_pss(hashlib.sha256(b"").digest(), request.signature, "sha256")


@needs_openssl
@pytest.mark.parametrize(("constraints", "expected"), [("CA:TRUE", True), ("CA:FALSE", False)])
def test_a_certificate_says_whether_it_may_sign(tmp_path: Path, constraints: str, expected: bool) -> None:
    """The CA bit of the basic constraints."""
    text = made(tmp_path, "ec:prime256v1", "-x509", "-addext", f"basicConstraints=critical,{constraints}")
    assert [x509.certificate(b.data).authority for b in pem.blocks(text)][-1] is expected


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x02\x01", b"\x30\x80", b"\x30\x81\x01\x00", b"\x02\x01\x00"])
def test_what_is_no_request_is_said_to_be_none(data: bytes) -> None:
    """Data that end early, or are something else, raise ValueError."""
    with pytest.raises(ValueError):
        x509.request(data)


def test_pem_blocks_are_found_among_other_text() -> None:
    """Text around the blocks does not matter; a block without an end, or with bad base64, is passed over."""
    good = b"-----BEGIN A-----\n" + base64.b64encode(b"one") + b"\n-----END A-----\n"
    text = b"hello\n" + good + b"-----BEGIN B-----\n!!!\n-----END B-----\n-----BEGIN C-----\n" + good
    assert [(b.type, b.data) for b in pem.blocks(text)] == [("A", b"one"), ("A", b"one")]
    assert list(pem.blocks(b"x" + good)) == []
