"""Certificates as the path engine sees them: parsed once, everything that may fail done at parsing, kept by digest.

Left to others: verifying signatures (``signatures``), what a certificate may do in a path (``checks``, ``constraints``).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, TypeAlias

import asn1crypto.x509
from cryptography import x509

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths import constraints, extensions, signatures
from crosscert.paths.der import check_shape
from crosscert.paths.names import Certificate, key_of, rfc4514
from kernel.canonical import Json
from kernel.errors import Refusal
from pki.der_reader import DerError, is_padded

MAX_CERTIFICATE_BYTES = 64 * 1024
_MAX_SERIAL_OCTETS = 64
"""RFC 5280 4.1.2.2 allows 20; there are older certificates."""
_KEPT = 20_000

Entity: TypeAlias = tuple[str, bytes]
"""Somebody who can issue: a prepared name and the SHA-256 of a public key."""


@dataclass(frozen=True, slots=True, eq=False)
class ParsedCertificate:
    """A certificate whose form has been checked, nothing else. Two are equal when their bytes are.

    ``subject`` and ``issuer`` are prepared names (for comparing, not for showing); ``key`` is the SHA-256 of the public key info;
    ``path_length`` is None where there is no limit; ``may_sign_certificates`` and ``may_sign_crls`` are what keyUsage leaves open;
    ``crl_issuers`` names others that sign lists for it (indirect lists).
    """

    der: bytes = field(repr=False)
    sha256: str
    asn1: asn1crypto.x509.Certificate = field(repr=False)
    subject: str
    issuer: str
    serial: int
    key: bytes = field(repr=False)
    key_identifier: bytes | None
    authority_key_identifier: bytes | None
    not_before: datetime
    not_after: datetime
    is_ca: bool
    path_length: int | None
    may_sign_certificates: bool
    may_sign_crls: bool
    algorithms_agree: bool
    critical: frozenset[str]
    names: tuple[constraints.GeneralName, ...] = field(repr=False)
    limits: constraints.NameLimits | None = field(repr=False)
    crl_issuers: tuple[str, ...] = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParsedCertificate) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def entity(self) -> Entity:
        """Who this certificate speaks of."""
        return self.subject, self.key

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are one name (RFC 5280 3.2): a root, or a link between two of its keys."""
        return self.subject == self.issuer

    @property
    def signature(self) -> signatures.Signature:
        """What was signed, how, and the signature."""
        asn1 = self.asn1
        return signatures.Signature(asn1["tbs_certificate"].dump(), asn1["signature_value"].native, asn1["signature_algorithm"])

    @property
    def x509(self) -> x509.Certificate:
        """The certificate as the cryptography library knows it; ``ValueError`` for the few oddities that it refuses."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def subject_text(self) -> str:
        """The subject as RFC 4514 text, for people."""
        return rfc4514(self.asn1.subject)

    @property
    def issuer_text(self) -> str:
        """The issuer as RFC 4514 text, for people."""
        return rfc4514(self.asn1.issuer)

    def as_json(self) -> dict[str, Json]:
        """Return the form in which a path is told (``chaoxin path``): serial and digest in lower-case hexadecimal."""
        return {
            "subject": self.subject_text,
            "issuer": self.issuer_text,
            "serial": f"{self.serial:x}",
            "sha256": self.sha256,
        }


def parse_certificate(der: bytes) -> ParsedCertificate:
    """Return the certificate in ``der``, parsed once for each content; ``Refusal(certificate_unreadable)`` when it is none.

    RFC 5280 4.1 and 4.2: nothing behind it, no extension twice, every extension that a path depends on well formed.
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"{len(der)} > {MAX_CERTIFICATE_BYTES} bytes")
    digest = hashlib.sha256(der).hexdigest()
    kept = _cache.get(digest)
    if kept is not None:
        return kept
    try:
        parsed = _parse(der, digest)
    except Refusal:
        raise
    except DerError as error:
        raise Refusal(CERTIFICATE_UNREADABLE, problem=str(error)) from None
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes and fails in many ways, all of them the same to us
        raise Refusal(CERTIFICATE_UNREADABLE, problem=f"not well-formed X.509 ({type(error).__name__})") from None
    _cache.put(digest, parsed)
    return parsed


def from_x509(certificate: x509.Certificate) -> ParsedCertificate:
    """Return what the engine knows of a certificate of the cryptography library."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - used here only

    return parse_certificate(certificate.public_bytes(Encoding.DER))


def _parse(der: bytes, digest: str) -> ParsedCertificate:
    left = check_shape(der)
    certificate = Certificate.load(der, strict=True)
    tbs = certificate["tbs_certificate"]
    tbs.dump()  # what was signed, kept before anything is looked at
    serial = tbs["serial_number"].contents
    if is_padded(serial) or len(serial) > _MAX_SERIAL_OCTETS:  # padded, the library would not know it again on a revocation list
        raise Refusal(CERTIFICATE_UNREADABLE, problem="the serial number is not DER or too long")
    extensions.check(tbs["extensions"], left)
    usage = certificate.key_usage_value
    usages: Collection[str] | None = None if usage is None else usage.native
    validity = tbs["validity"]
    _touch(certificate)
    return ParsedCertificate(
        der=der,
        sha256=digest,
        asn1=certificate,
        subject=key_of(certificate.subject),
        issuer=key_of(certificate.issuer),
        serial=tbs["serial_number"].native,
        key=hashlib.sha256(tbs["subject_public_key_info"].dump()).digest(),
        key_identifier=certificate.key_identifier,
        authority_key_identifier=certificate.authority_key_identifier,
        not_before=validity["not_before"].native,
        not_after=validity["not_after"].native,
        is_ca=bool(certificate.ca),
        path_length=certificate.max_path_length,
        may_sign_certificates=usages is None or "key_cert_sign" in usages,
        may_sign_crls=usages is None or "crl_sign" in usages,
        algorithms_agree=tbs["signature"].dump() == certificate["signature_algorithm"].dump(),
        critical=frozenset(certificate.critical_extensions),
        names=constraints.names_in(certificate),
        limits=constraints.limits_in(certificate),
        crl_issuers=_crl_issuers(certificate),
    )


def is_signed_by(certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
    """Tell whether ``issuer``'s key signed the certificate with an algorithm that counts."""
    return signatures.is_signed(certificate, issuer)


def _crl_issuers(certificate: Any) -> tuple[str, ...]:
    return tuple(
        key_of(name.chosen)
        for point in certificate.crl_distribution_points_value or ()
        for name in point["crl_issuer"] or ()
        if name.name == "directory_name"
    )


def _touch(certificate: Any) -> None:
    """Parse now what the library would parse when it is first looked at: parsing fails, and is not safe between threads."""
    key = certificate.public_key
    if key.algorithm in {"rsa", "rsassa_pss", "ec"}:
        key.bit_size  # noqa: B018
    if key.algorithm == "ec":
        key.curve  # noqa: B018
    certificate["signature_value"].native  # noqa: B018
    signatures.is_allowed(certificate["signature_algorithm"], key)
    for value in (
        certificate.basic_constraints_value,
        certificate.certificate_policies_value,
        certificate.policy_mappings_value,
        certificate.policy_constraints_value,
        certificate.inhibit_any_policy_value,
        certificate.name_constraints_value,
        certificate.crl_distribution_points_value,
        certificate.freshest_crl_value,
        certificate.authority_information_access_value,
        certificate.extended_key_usage_value,
    ):
        if value is not None:
            value.native  # noqa: B018 - see above


class _Cache:
    """The last certificates parsed. Bounded; losing one costs time only."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, ParsedCertificate] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: str) -> ParsedCertificate | None:
        return self._entries.get(digest)

    def put(self, digest: str, certificate: ParsedCertificate) -> None:
        with self._lock:
            self._entries[digest] = certificate
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


_cache = _Cache(_KEPT)
