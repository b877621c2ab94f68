"""What is tried in a shadow: leaves, further CAs and empty lists, signed with its throwaway keys.

Left to others: what is tried and what must come of it (``reach``, ``refusals``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import ParsedCrl, parse_crl
from kernel.randomness import serial_number
from pki.certificates import key_usage
from pki.names import x509_name
from pki.policy_mappings import policy_mappings
from pki.records import Names

_AGE = timedelta(minutes=5)
_LIFE = timedelta(hours=1)
PROBE: Names = (("OU", "探测"), ("CN", "探测证书"))
"""Below whose names a probe stands. Nobody is called so."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who signs in a shadow: a name as it stands in a certificate, the identifier of the key, the key."""

    name: x509.Name
    identifier: bytes
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Wish:
    """What a probe is to say. ``path_length`` counts for a CA only; ``mappings`` make a CA's certificate a cross-certificate."""

    subject: x509.Name
    policies: Sequence[str] = ()
    hosts: Sequence[str] = ()
    is_ca: bool = False
    path_length: int | None = None
    mappings: Sequence[tuple[str, str]] = ()
    not_after: datetime | None = None


def below(name: x509.Name, names: Names) -> x509.Name:
    """Return the name below ``name``."""
    return x509.Name([*name.rdns, *x509_name(names).rdns])


def hand_of(certificate: ParsedCertificate, key: ec.EllipticCurvePrivateKey) -> Hand:
    """Return the hand that signs as the subject of a certificate."""
    return Hand(certificate.x509.subject, certificate.key_identifier or b"", key)


def sign(wish: Wish, hand: Hand, key: ec.EllipticCurvePublicKey, at: datetime) -> ParsedCertificate:
    """Return the certificate that says it, for ``key``, valid at ``at`` unless it is to be over."""
    end = wish.not_after or at + _LIFE
    builder = (
        x509.CertificateBuilder()
        .subject_name(wish.subject)
        .issuer_name(hand.name)
        .public_key(key)
        .serial_number(serial_number())
        .not_valid_before(min(at, end) - _AGE)
        .not_valid_after(end)
    )
    usage = key_usage(("key_cert_sign", "crl_sign") if wish.is_ca else ("digital_signature", "content_commitment"))
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(wish.is_ca, wish.path_length), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]
    if hand.identifier:
        extensions.append((x509.AuthorityKeyIdentifier(hand.identifier, None, None), False))
    if wish.policies:
        found = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in wish.policies]
        extensions.append((x509.CertificatePolicies(found), False))
    if wish.mappings:
        extensions.append((policy_mappings(wish.mappings), True))
    if wish.hosts:
        extensions.append((x509.SubjectAlternativeName([x509.DNSName(host) for host in wish.hosts]), False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return parse_certificate(builder.sign(hand.key, hashes.SHA256()).public_bytes(Encoding.DER))


def empty_list(hand: Hand, at: datetime) -> ParsedCrl:
    """Return a list on which nothing stands."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(hand.name)
        .last_update(at - _AGE)
        .next_update(at + _LIFE)
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    return parse_crl(builder.sign(hand.key, hashes.SHA256()).public_bytes(Encoding.DER))
