"""A certificate taken apart for the checks, and what it is held against.

Left to others: the checks themselves (``certificates``, ``extensions``), encodings (``pki.der_reader``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from kernel.errors import Refusal
from kernel.nodes import Node
from pki import der_reader as der
from pki.der import NULL, oid, sequence
from pki.life_errors import LINT_FAULT
from policies.models import CertificatePolicies, KeyAlgorithm, Profile


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a stable code, and in a word where."""

    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is held against: the node's own rules and the CA that signs.

    ``profile`` is None for a CA certificate that follows none (a cross-certificate). The three fields of the issuer are None for
    a certificate that signs itself.
    """

    node: Node
    policies: CertificatePolicies
    profile_name: str
    profile: Profile | None
    subtree: bytes
    """The DER of the node's own names, without the outer tag: every subject of a profile starts with it."""
    signature: KeyAlgorithm
    issuer: bytes | None
    issuer_key_identifier: bytes | None
    issuer_validity: tuple[str, str] | None
    passed: set[tuple[tuple[bytes, bool, bytes], ...]] = field(default_factory=set, compare=False, repr=False)
    """What the certificates of a batch have in common and was found right already."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A certificate's fields, undecoded; moments as fourteen digits."""

    version: bytes
    serial: bytes
    algorithms: tuple[bytes, bytes]
    issuer: bytes
    validity: tuple[tuple[int, bytes], ...]
    subject: bytes
    public_key: bytes
    rest: tuple[int, ...]
    extensions: tuple[tuple[bytes, bool, bytes], ...]
    by_oid: Mapping[bytes, tuple[bool, bytes]]

    def value(self, dotted: str) -> bytes | None:
        """Return the value of an extension, or None."""
        found = self.by_oid.get(tag_of(dotted))
        return None if found is None else found[1]


@lru_cache(maxsize=256)
def tag_of(dotted: str) -> bytes:
    """Return the content of the object identifier."""
    return oid(dotted)[2:]


ALGORITHMS: dict[KeyAlgorithm, bytes] = {
    "P-256": sequence(oid("1.2.840.10045.4.3.2")),
    "P-384": sequence(oid("1.2.840.10045.4.3.3")),
    "RSA-3072": sequence(oid("1.2.840.113549.1.1.11"), NULL),
    "Ed25519": sequence(oid("1.3.101.112")),
}
"""How a signature's algorithm is written for each kind of key (RFC 5758 3.2, RFC 4055 5, RFC 8410 3)."""


def refuse_fault(faults: Iterator[tuple[str, str]]) -> None:
    """Refuse what has a fault: ``Refusal(lint_fault)`` with the code and the detail of the first, or with what cannot be read."""
    try:
        fault = next(faults, None)
    except (ValueError, IndexError) as error:  # DerError, or parts that are not as many as they should be
        fault = "encoding", str(error)
    if fault is not None:
        raise Refusal(LINT_FAULT, finding=fault[0], problem=fault[1])


_CONTEXT_0, _CONTEXT_3 = 0xA0, 0xA3
_TBS_PARTS = 7


def parse(certificate: bytes) -> Parsed:
    """Take a certificate apart; ``DerError`` when it has not the form of RFC 5280 4.1 or is not DER all the way down."""
    outer = der.elements(der.read(certificate, der.SEQUENCE))
    if [tag for tag, _ in outer] != [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]:
        der.refuse("not a Certificate")
    tbs = der.elements(outer[0][1])
    tags = [tag for tag, _ in tbs]
    wanted = [_CONTEXT_0, der.INTEGER, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE]
    if tags[:_TBS_PARTS] != wanted or tags[_TBS_PARTS:][-1:] != [_CONTEXT_3]:
        der.refuse("not a TBSCertificate of version 3 with extensions")
    version, serial, algorithm, issuer, validity, subject, key = (content for _, content in tbs[:_TBS_PARTS])
    # Version, serial and algorithms are compared with what they must be, octet by octet, in the checks.
    der.check(validity)
    der.check(key)
    _check_name(issuer)
    _check_name(subject)
    extensions = tuple(_extension(content) for _, content in der.elements(der.read(tbs[-1][1], der.SEQUENCE)))
    return Parsed(
        version,
        serial,
        (algorithm, outer[1][1]),
        issuer,
        tuple(der.elements(validity)),
        subject,
        key,
        tuple(tags[_TBS_PARTS:-1]),
        extensions,
        {extension: (critical, value) for extension, critical, value in extensions},
    )


def _check_name(name: bytes) -> None:
    for rdn in der.elements(name):
        _check_rdn(*rdn)


@lru_cache(maxsize=4096)
def _check_rdn(tag: int, rdn: bytes) -> None:
    """Check what stands in many names alike when it is first met."""
    if tag != der.SET or len(der.elements(rdn)) != 1:
        der.refuse("an RDN that is not one attribute")
    der.check(rdn)


@lru_cache(maxsize=4096)
def _extension(content: bytes) -> tuple[bytes, bool, bytes]:
    parts = der.elements(content)
    if [tag for tag, _ in parts] == [der.OID, der.BOOLEAN, der.OCTET_STRING] and parts[1][1] == b"\xff":
        critical = True
    elif [tag for tag, _ in parts] == [der.OID, der.OCTET_STRING]:
        critical = False
    else:
        der.refuse("not an Extension")
    value = parts[-1][1]
    der.check(value)
    return parts[0][1], critical, value


def digits(tag: int, moment: bytes) -> str:
    """Return an encoded moment as fourteen digits (RFC 5280 4.1.2.5.1: years below 50 are this century's)."""
    text = moment[:-1].decode("ascii")
    if tag == der.UTC_TIME:
        return ("20" if text < "50" else "19") + text
    return text


def as_digits(moment: datetime) -> str:
    """Return a moment as fourteen digits."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")
