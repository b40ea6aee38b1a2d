"""Image references."""

import pytest
from manifold.k8s.images import parse

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("docker.io/library/nginx", "", "")),
        ("index.docker.io/nginx:1", ("docker.io/library/nginx", "1", "")),
        ("localhost:5000/a/b:v1", ("localhost:5000/a/b", "v1", "")),
        (f"Registry/a@{DIGEST}", ("Registry/a", "", DIGEST)),
        (f"example.com/a:1@{DIGEST}", ("example.com/a", "1", DIGEST)),
    ],
)
def test_references_are_taken_apart(text: str, parts: tuple[str, str, str]) -> None:
    """Registry written out, tag and digest apart."""
    assert parse(text) == parts


@pytest.mark.parametrize(
    "text", ["", "UPPER", "a/PROJECT_ID/b", "$REGISTRY/a", "a:b:c", "0" * 64, "a@sha256:12", "a:-b"]
)
def test_what_is_no_reference(text: str) -> None:
    """Templates that were not filled in, upper case, short digests."""
    assert parse(text) is None
