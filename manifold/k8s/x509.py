"""Certificates and requests for them, as far as the API server looks: structure, keys, signatures.

Formats: ITU-T X.690 (DER), RFC 5280 (certificates), RFC 2986 (PKCS #10), RFC 5480, 8017, 8032 (keys and signatures);
what is refused follows Go's crypto/x509. ValueError says what cannot be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31
_TIMES = (0x17, 0x18)


class Node(NamedTuple):
    """One value of DER: its tag, its content, and the whole as it was written."""

    tag: int
    content: bytes
    raw: bytes


def _read(data: bytes, at: int = 0) -> tuple[Node, int]:
    """The value at an offset, and where the next one begins."""
    start = at
    if at + 2 > len(data):
        raise ValueError("the data ends early")
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag of several bytes")
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or at + count > len(data):
            raise ValueError("a length that cannot be")
        length = int.from_bytes(data[at : at + count])
        at += count
        if length < 0x80 or length >> (8 * (count - 1)) == 0:
            raise ValueError("a length that is longer than it need be")
    if at + length > len(data):
        raise ValueError("the data ends early")
    return Node(tag, data[at : at + length], data[start : at + length]), at + length


def parts(content: bytes) -> Iterator[Node]:
    """The values that follow one another in a content."""
    at = 0
    while at < len(content):
        node, at = _read(content, at)
        yield node


def whole(data: bytes, tag: int = SEQUENCE) -> Node:
    """The one value that data hold. Raises ValueError for another tag, or when something follows."""
    node, end = _read(data)
    if node.tag != tag or end != len(data):
        raise ValueError("not one value of the expected kind")
    return node


class _Reader:
    """The values of a sequence, taken in turn."""

    def __init__(self, content: bytes) -> None:
        self._nodes = list(parts(content))
        self._at = 0

    def take(self, *tags: int) -> Node:
        node = self._nodes[self._at] if self._at < len(self._nodes) else None
        if node is None or node.tag not in tags:
            raise ValueError("a part is missing")
        self._at += 1
        return node

    def maybe(self, tag: int) -> Node | None:
        if self._at < len(self._nodes) and self._nodes[self._at].tag == tag:
            return self.take(tag)
        return None

    @property
    def done(self) -> bool:
        return self._at == len(self._nodes)


def integer(node: Node) -> int:
    """The number in an INTEGER; the shortest spelling only."""
    data = node.content
    if node.tag != INTEGER or not data:
        raise ValueError("not an integer")
    if len(data) > 1 and ((data[0] == 0 and data[1] < 0x80) or (data[0] == 0xFF and data[1] >= 0x80)):
        raise ValueError("an integer that is longer than it need be")
    return int.from_bytes(data, signed=True)


def oid(node: Node) -> str:
    """The dotted spelling of an OBJECT IDENTIFIER."""
    if node.tag != OID or not node.content or node.content[-1] & 0x80:
        raise ValueError("not an object identifier")
    numbers, value = [], 0
    for byte in node.content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _bits(node: Node) -> bytes:
    """The bytes of a BIT STRING; keys and signatures are whole bytes."""
    if node.tag != BIT_STRING or not node.content or node.content[0] > 7:
        raise ValueError("not a bit string")
    spare, data = node.content[0], node.content[1:]
    if spare and (not data or data[-1] & ((1 << spare) - 1)):
        raise ValueError("not a bit string")
    return (int.from_bytes(data) >> spare).to_bytes(len(data)) if spare else data


class Algorithm(NamedTuple):
    """An AlgorithmIdentifier: what, and its parameters as written (empty where there are none)."""

    oid: str
    parameters: bytes


def _algorithm(node: Node) -> Algorithm:
    inside = list(parts(node.content))
    if node.tag != SEQUENCE or not 1 <= len(inside) <= 2:
        raise ValueError("not an algorithm identifier")
    return Algorithm(oid(inside[0]), inside[1].raw if len(inside) > 1 else b"")


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ - 3x + b over a prime field, with its base point and that point's order (FIPS 186-4, appendix D.1.2)."""

    name: str
    prime: int
    b: int
    base: tuple[int, int]
    order: int


def _curve(name: str, prime: str, b: str, base: str, order: str) -> Curve:
    half = len(base) // 2
    return Curve(name, int(prime, 16), int(b, 16), (int(base[:half], 16), int(base[half:], 16)), int(order, 16))


CURVES = {
    "1.3.132.0.33": _curve(
        "P-224", "ffffffffffffffffffffffffffffffff000000000000000000000001",
        "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
        "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
        "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
    ),
    "1.2.840.10045.3.1.7": _curve(
        "P-256", "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    "1.3.132.0.34": _curve(
        "P-384", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    "1.3.132.0.35": _curve(
        "P-521", "01" + "f" * 130,
        "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c"
        "34f1ef451fd46b503f00",
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a"
        "429bf97e7e31c2e5bd66"
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272"
        "c24088be94769fd16650",
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c"
        "47aebb6fb71e91386409",
    ),
}  # fmt: skip

_Point = tuple[int, int, int]  # Jacobian; z = 0 is the point at infinity


def _double(point: _Point, prime: int) -> _Point:
    x, y, z = point
    if not y or not z:
        return (0, 1, 0)
    square = z * z % prime
    slope = 3 * (x - square) * (x + square) % prime
    yy = y * y % prime
    s = 4 * x * yy % prime
    new = (slope * slope - 2 * s) % prime
    return new, (slope * (s - new) - 8 * yy * yy) % prime, 2 * y * z % prime


def _add(one: _Point, other: _Point, prime: int) -> _Point:
    if not one[2]:
        return other
    if not other[2]:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, other
    zz1, zz2 = z1 * z1 % prime, z2 * z2 % prime
    u1, u2 = x1 * zz2 % prime, x2 * zz1 % prime
    s1, s2 = y1 * zz2 * z2 % prime, y2 * zz1 * z1 % prime
    if u1 == u2:
        return _double(one, prime) if s1 == s2 else (0, 1, 0)
    h, r = (u2 - u1) % prime, (s2 - s1) % prime
    hh = h * h % prime
    hhh, v = h * hh % prime, u1 * hh % prime
    x = (r * r - hhh - 2 * v) % prime
    return x, (r * (v - x) - s1 * hhh) % prime, h * z1 * z2 % prime


def _times(count: int, point: _Point, prime: int) -> _Point:
    found: _Point = (0, 1, 0)
    for bit in bin(count)[2:]:
        found = _double(found, prime)
        if bit == "1":
            found = _add(found, point, prime)
    return found


@dataclass(frozen=True, slots=True)
class EcKey:
    """A point of a curve; ECDSA (FIPS 186-4, section 6.4.2)."""

    curve: Curve
    point: tuple[int, int]

    def verify(self, digest: bytes, signature: bytes) -> bool:
        try:
            r, s = map(integer, parts(whole(signature).content))
        except ValueError:
            return False
        curve = self.curve
        if not (0 < r < curve.order and 0 < s < curve.order):
            return False
        excess = max(0, 8 * len(digest) - curve.order.bit_length())
        inverse = pow(s, -1, curve.order)
        one = _times((int.from_bytes(digest) >> excess) * inverse % curve.order, (*curve.base, 1), curve.prime)
        x, _, z = _add(one, _times(r * inverse % curve.order, (*self.point, 1), curve.prime), curve.prime)
        return bool(z) and x * pow(z * z, -1, curve.prime) % curve.prime % curve.order == r


# DigestInfo of PKCS #1 v1.5 before the digest itself (RFC 8017, section 9.2, note 1)
_DIGEST_INFO = {
    "sha1": "3021300906052b0e03021a05000414",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A modulus and an exponent."""

    modulus: int
    exponent: int

    @property
    def bits(self) -> int:
        """The size in whole bytes, counted in bits, as Go counts it."""
        return (self.modulus.bit_length() + 7) // 8 * 8

    def _opened(self, signature: bytes) -> bytes | None:
        size = self.bits // 8
        value = int.from_bytes(signature)
        # Go's crypto/rsa takes no key of less than 1024 bits, and no even one.
        if len(signature) != size or value >= self.modulus or self.modulus.bit_length() < 1024 or self.modulus % 2 == 0:
            return None
        return pow(value, self.exponent, self.modulus).to_bytes(size)

    def verify(self, digest: bytes, signature: bytes, hash: str) -> bool:
        """PKCS #1 v1.5 (RFC 8017, section 8.2.2)."""
        opened = self._opened(signature)
        tail = bytes.fromhex(_DIGEST_INFO[hash]) + digest
        return opened is not None and opened == b"\x00\x01" + b"\xff" * (len(opened) - len(tail) - 3) + b"\x00" + tail

    def verify_pss(self, digest: bytes, signature: bytes, hash: str, salt: int | None = None) -> bool:
        """PSS (RFC 8017, section 9.1.2); a salt of any length where none is given."""
        opened = self._opened(signature)
        if opened is None:
            return False
        bits = self.modulus.bit_length() - 1
        length, size = (bits + 7) // 8, len(digest)
        opened = opened[len(opened) - length :]
        masked, hashed = opened[: length - size - 1], opened[length - size - 1 : -1]
        if length < size + 2 or opened[-1] != 0xBC or masked[0] >> (8 - (8 * length - bits)):
            return False
        block = bytes(a ^ b for a, b in zip(masked, _mask(hashed, len(masked), hash), strict=True))
        block = bytes((block[0] & 0xFF >> (8 * length - bits),)) + block[1:]
        salted = block.lstrip(b"\x00")
        if not salted.startswith(b"\x01") or (salt is not None and len(salted) - 1 != salt):
            return False
        return hashlib.new(hash, b"\x00" * 8 + digest + salted[1:]).digest() == hashed


def _mask(seed: bytes, length: int, hash: str) -> bytes:
    out, count = b"", 0
    while len(out) < length:
        out += hashlib.new(hash, seed + count.to_bytes(4)).digest()
        count += 1
    return out[:length]


# Edwards25519 (RFC 8032, section 5.1)
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Extended = tuple[int, int, int, int]


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    return _P - x if x & 1 != sign else x


def _unpacked(data: bytes) -> _Extended | None:
    value = int.from_bytes(data, "little")
    y, sign = value & (1 << 255) - 1, value >> 255
    x = _x_of(y % _P, sign)
    return None if x is None else (x, y % _P, 1, x * y % _P)


def _sum(one: _Extended, other: _Extended) -> _Extended:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiple(count: int, point: _Extended) -> _Extended:
    found: _Extended = (0, 1, 1, 0)
    while count:
        if count & 1:
            found = _sum(found, point)
        point = _sum(point, point)
        count >>= 1
    return found


@dataclass(frozen=True, slots=True)
class EdKey:
    """An Ed25519 key (RFC 8032, section 5.1.7)."""

    data: bytes

    def verify(self, message: bytes, signature: bytes) -> bool:
        point = _unpacked(self.data)
        s = int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or point is None or s >= _L:
            return False
        challenge = int.from_bytes(hashlib.sha512(signature[:32] + self.data + message).digest(), "little") % _L
        y = 4 * pow(5, -1, _P) % _P
        x = _x_of(y, 0)
        assert x is not None
        minus = (_P - point[0], point[1], 1, (_P - point[3]) % _P)
        found = _sum(_multiple(s, (x, y, 1, x * y % _P)), _multiple(challenge, minus))
        inverse = pow(found[2], -1, _P)
        packed = (found[1] * inverse % _P) | (found[0] * inverse % _P & 1) << 255
        return packed.to_bytes(32, "little") == signature[:32]


Key = EcKey | RsaKey | EdKey
RSA, EC, ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"


def _rsa_key(data: bytes, parameters: bytes) -> RsaKey:
    if parameters != b"\x05\x00":
        raise ValueError("an RSA key without its NULL")
    inside = _Reader(_read(data)[0].content)
    modulus, exponent = integer(inside.take(INTEGER)), integer(inside.take(INTEGER))
    if modulus <= 0 or not 0 < exponent < 1 << 63:
        raise ValueError("an RSA key that is none")
    return RsaKey(modulus, exponent)


def _ec_key(data: bytes, parameters: bytes) -> EcKey:
    curve = CURVES.get(oid(_read(parameters)[0]))
    if curve is None:
        raise ValueError("a curve that is not supported")
    size = (curve.prime.bit_length() + 7) // 8
    if len(data) != 1 + 2 * size or data[0] != 4:
        raise ValueError("a point that is none")
    x, y = int.from_bytes(data[1 : 1 + size]), int.from_bytes(data[1 + size :])
    if x >= curve.prime or y >= curve.prime or (y * y - (x * x * x - 3 * x + curve.b)) % curve.prime:
        raise ValueError("a point that is not on its curve")
    return EcKey(curve, (x, y))


def _key(node: Node) -> Key | None:
    """The key in a SubjectPublicKeyInfo; None for one of another kind than those three."""
    inside = list(parts(node.content))
    if node.tag != SEQUENCE or len(inside) != 2:
        raise ValueError("not a public key")
    algorithm, data = _algorithm(inside[0]), _bits(inside[1])
    if algorithm.oid == RSA:
        return _rsa_key(data, algorithm.parameters)
    if algorithm.oid == EC:
        return _ec_key(data, algorithm.parameters)
    if algorithm.oid == ED25519:
        if algorithm.parameters or len(data) != 32:
            raise ValueError("an Ed25519 key that is none")
        return EdKey(data)
    return None


def _name(node: Node) -> None:
    """Refuse what is no distinguished name."""
    for some in parts(node.content):
        if some.tag != SET:
            raise ValueError("not a name")
        for attribute in parts(some.content):
            inside = _Reader(attribute.content)
            oid(inside.take(OID))
            if inside.done:
                raise ValueError("an attribute without a value")


def _extensions(content: bytes) -> dict[str, bytes]:
    """Extensions by their identifiers. Raises ValueError where one stands twice."""
    found: dict[str, bytes] = {}
    for extension in parts(whole(content).content):
        inside = _Reader(extension.content)
        name = oid(inside.take(OID))
        inside.maybe(0x01)
        value = inside.take(OCTET_STRING).content
        if name in found:
            raise ValueError(f"the extension {name} stands there twice")
        found[name] = value
    return found


_BASIC_CONSTRAINTS = "2.5.29.19"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the API server wants to know of one."""

    authority: bool
    """Whether it may sign others: the CA bit."""


def certificate(data: bytes) -> Certificate:
    """Read one certificate. Raises ValueError for what is none, or has something behind it."""
    outer = _Reader(whole(data).content)
    body, signed_by = outer.take(SEQUENCE), outer.take(SEQUENCE)
    _bits(outer.take(BIT_STRING))
    inside = _Reader(body.content)
    given = inside.maybe(0xA0)
    version = integer(whole(given.content, INTEGER)) + 1 if given is not None else 1
    if not 1 <= version <= 3 or integer(inside.take(INTEGER)) < 0:
        raise ValueError("a version or a serial number that cannot be")
    algorithm = inside.take(SEQUENCE)
    _algorithm(algorithm)
    if algorithm.content != signed_by.content:
        raise ValueError("two signature algorithms that differ")
    _name(inside.take(SEQUENCE))
    times = _Reader(inside.take(SEQUENCE).content)
    times.take(*_TIMES), times.take(*_TIMES)
    _name(inside.take(SEQUENCE))
    _key(inside.take(SEQUENCE))
    authority = False
    if version > 1:
        for tag in (0x81, 0xA1, 0x82, 0xA2):
            inside.maybe(tag)
        extra = inside.maybe(0xA3) if version == 3 else None
        constraints = _extensions(extra.content).get(_BASIC_CONSTRAINTS) if extra is not None else None
        if constraints is not None:
            said = _Reader(whole(constraints).content).maybe(0x01)
            authority = said is not None and said.content == b"\xff"
    return Certificate(authority)


# signature algorithm -> (kind of key, hash)
_SIGNATURES: dict[str, tuple[type[RsaKey | EcKey], str]] = {
    "1.2.840.113549.1.1.5": (RsaKey, "sha1"),
    "1.2.840.113549.1.1.11": (RsaKey, "sha256"),
    "1.2.840.113549.1.1.12": (RsaKey, "sha384"),
    "1.2.840.113549.1.1.13": (RsaKey, "sha512"),
    "1.2.840.10045.4.1": (EcKey, "sha1"),
    "1.2.840.10045.4.3.2": (EcKey, "sha256"),
    "1.2.840.10045.4.3.3": (EcKey, "sha384"),
    "1.2.840.10045.4.3.4": (EcKey, "sha512"),
}
_PSS = "1.2.840.113549.1.1.10"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A request for a certificate: the key it is for, and what was signed with it."""

    key: Key | None
    algorithm: Algorithm
    signed: bytes
    signature: bytes

    @cached_property
    def holds(self) -> bool:
        """Whether the signature is that of the key."""
        key, algorithm = self.key, self.algorithm
        if isinstance(key, EdKey):
            return algorithm.oid == ED25519 and key.verify(self.signed, self.signature)
        if algorithm.oid == _PSS and isinstance(key, RsaKey):
            hash = _pss_hash(algorithm.parameters)
            return bool(hash) and key.verify_pss(hashlib.new(hash, self.signed).digest(), self.signature, hash)
        kind, hash = _SIGNATURES.get(algorithm.oid, (None, ""))
        if kind is None or not isinstance(key, kind):
            return False
        digest = hashlib.new(hash, self.signed).digest()
        return (
            key.verify(digest, self.signature, hash) if isinstance(key, RsaKey) else key.verify(digest, self.signature)
        )


def _pss_hash(parameters: bytes) -> str:
    """The hash that PSS parameters name; empty where they name none that is known."""
    try:
        first = next(parts(whole(parameters).content))
        return _HASHES.get(_algorithm(whole(first.content)).oid, "") if first.tag == 0xA0 else ""
    except (ValueError, StopIteration):
        return ""


def request(data: bytes) -> Request:
    """Read one PKCS #10 request. Raises ValueError for what is none, or has something behind it."""
    outer = _Reader(whole(data).content)
    body, algorithm = outer.take(SEQUENCE), _algorithm(outer.take(SEQUENCE))
    signature = _bits(outer.take(BIT_STRING))
    inside = _Reader(body.content)
    integer(inside.take(INTEGER))
    _name(inside.take(SEQUENCE))
    key = _key(inside.take(SEQUENCE))
    inside.take(0xA0)
    if not outer.done or not inside.done:
        raise ValueError("more than a request holds")
    return Request(key, algorithm, body.raw, signature)
