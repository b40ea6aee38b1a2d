"""Quantities parse, compare and are spelled as by the API server."""

import pytest
from manifold.k8s.quantity import ZERO, parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("00", "0"),
        ("0.5", "500m"),
        ("0.0001", "100u"),
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("1.500", "1.500"),
        ("5.", "5."),
        ("2.5Gi", "2560Mi"),
        ("1024Mi", "1Gi"),
        ("0.5Ki", "512"),
        ("1e3", "1e3"),
        ("1E", "1E"),
        ("12e-12", "1e-9"),
        ("+3", "+3"),
        ("-1.5Gi", "-1536Mi"),
        ("100000", "100k"),
        ("9Ei", "9223372036854775807"),
        ("1e400", "10e399"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    """The canonical form is the one in which the server stores an amount."""
    assert str(parse(text)) == canonical


@pytest.mark.parametrize("text", ["", "Gi5", "1.2.3", "1e", "5 Gi", "1mi", "1KiB", "0x10", "1e5i", "١"])
def test_refused(text: str) -> None:
    """What is no number with a known suffix is refused."""
    with pytest.raises(ValueError, match="no quantity"):
        parse(text)


def test_rounds_away_from_zero() -> None:
    """Whole units and thousandths are rounded away from zero."""
    assert parse("1500m").value() == 2
    assert parse("-1500m").value() == -2
    assert parse("1u").milli() == 1


def test_order_and_sums() -> None:
    """Amounts compare by value whatever their format, and sums keep the first format."""
    assert parse("1Gi") > parse("1G")
    assert parse("1000m") == parse("1")
    assert str(ZERO + parse("512Mi") + parse("512Mi")) == "1Gi"
    assert str(parse("1") - parse("250m")) == "750m"


def test_hostile_exponent_is_cheap() -> None:
    """An absurd exponent is a number like any other, without the digits being written out."""
    assert parse("1e2000000000") > parse("1Ei")
