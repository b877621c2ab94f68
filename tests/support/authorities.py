"""Throw-away certification authorities: a principal CA, an issuing CA below it, seals, time-stamp certificates, CRLs.

They look like a node's but are made without it, so that a test can have what a node never issues: a namesake of a CA under
another key, a seal that expired, a time-stamp certificate without its extended key usage. Keys are P-256 throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.policy_mappings import policy_mappings

ARC = "2.25.191306484610487963425811083126484103681"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
LONG_AFTER = datetime(2034, 1, 1, tzinfo=UTC)
CITY_NAMES = (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"))
COUNTY_NAMES = (*CITY_NAMES, ("O", "饶平县"))

_OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
}


def distinguished_name(*attributes: tuple[str, str]) -> x509.Name:
    """Return the name with ``attributes`` from the top, e.g. ``("C", "CN"), ("ST", "广东省")``."""
    return x509.Name([x509.NameAttribute(_OIDS[key], value) for key, value in attributes])


@dataclass(frozen=True)
class Credential:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass
class Authority:
    """A node's two CAs, made here unless given. ``revoked`` maps a serial number to the moment and reason of its revocation."""

    names: tuple[tuple[str, str], ...] = CITY_NAMES
    area_code: str = "445100"
    given: tuple[Credential, Credential] | None = None
    revoked: dict[int, tuple[datetime, x509.ReasonFlags]] = field(default_factory=dict)
    principal: Credential = field(init=False)
    issuing: Credential = field(init=False)
    _serial: int = 1000

    def __post_init__(self) -> None:
        if self.given is not None:
            self.principal, self.issuing = self.given
            return
        key = ec.generate_private_key(ec.SECP256R1())
        name = distinguished_name(*self.names, ("CN", "根认证中心"))
        self.principal = Credential(self._ca(name, key, key, name, 3), key)
        key = ec.generate_private_key(ec.SECP256R1())
        name = distinguished_name(*self.names, ("CN", "签发认证中心"))
        self.issuing = Credential(self._ca(name, key, self.principal.key, self.principal.certificate.subject, 0), key)

    def next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def policy(self, level: int = 2) -> x509.PolicyInformation:
        return x509.PolicyInformation(x509.ObjectIdentifier(f"{ARC}.{self.area_code}.{level}"), None)

    def _ca(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: ec.EllipticCurvePrivateKey,
        issuer_name: x509.Name,
        path_length: int,
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer_name)
            .public_key(key.public_key())
            .serial_number(self.next_serial())
            .not_valid_before(LONG_AGO)
            .not_valid_after(LONG_AFTER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
            .add_extension(x509.CertificatePolicies([self.policy(n) for n in (1, 2, 3)]), critical=False)
            .sign(issuer, hashes.SHA256())
        )

    def seal(
        self,
        department: str = "潮州市市场监督管理局",
        *,
        not_before: datetime = LONG_AGO,
        not_after: datetime = LONG_AFTER,
        level: int = 2,
        names: tuple[tuple[str, str], ...] | None = None,
    ) -> Credential:
        """Return a department's seal: OU is the department's name."""
        subject = distinguished_name(*(names or self.names), ("OU", department), ("CN", f"{department}电子印章"))
        return self._leaf(subject, [DOCUMENT_SIGNING], not_before=not_before, not_after=not_after, level=level)

    def time_stamper(
        self,
        *,
        purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.TIME_STAMPING,
        critical: bool = True,
        not_after: datetime = LONG_AFTER,
    ) -> Credential:
        """Return a time-stamp authority's certificate; RFC 3161 2.3 wants the purpose alone and critical."""
        subject = distinguished_name(*self.names, ("CN", "时间戳服务"))
        purposes = [] if purpose is None else [purpose]
        return self._leaf(subject, purposes, critical=critical, not_after=not_after)

    def _leaf(
        self,
        subject: x509.Name,
        purposes: Iterable[x509.ObjectIdentifier],
        *,
        critical: bool = False,
        not_before: datetime = LONG_AGO,
        not_after: datetime = LONG_AFTER,
        level: int = 2,
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.issuing.certificate.subject)
            .public_key(key.public_key())
            .serial_number(self.next_serial())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issuing.key.public_key()), critical=False)
            .add_extension(x509.CertificatePolicies([self.policy(level)]), critical=False)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
        return Credential(builder.sign(self.issuing.key, hashes.SHA256()), key)

    def revoke(self, certificate: x509.Certificate, at: datetime, reason: x509.ReasonFlags = x509.ReasonFlags.superseded) -> None:
        self.revoked[certificate.serial_number] = (at, reason)

    def crls(
        self, at: datetime, *, number: int = 1, valid: timedelta = timedelta(days=7)
    ) -> list[x509.CertificateRevocationList]:
        """Return the revocation lists of both CAs as they stand at ``at``."""
        return [self._crl(issuer, at, number, valid, self.revoked) for issuer in (self.principal, self.issuing)]

    def answer(self, certificate: x509.Certificate, at: datetime, *, valid: timedelta = timedelta(hours=1)) -> ocsp.OCSPResponse:
        """Return what the certificate's CA, which is its own responder, says of it at ``at``."""
        issuer = next(one for one in (self.principal, self.issuing) if one.certificate.subject == certificate.issuer)
        moment, why = self.revoked.get(certificate.serial_number, (None, None))
        status = ocsp.OCSPCertStatus.GOOD if moment is None else ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, issuer.certificate, hashes.SHA256(), status, at, at + valid, moment, why
        )
        return builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate).sign(issuer.key, hashes.SHA256())

    @staticmethod
    def _crl(
        issuer: Credential, at: datetime, number: int, valid: timedelta, revoked: Mapping[int, tuple[datetime, x509.ReasonFlags]]
    ) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at)
            .next_update(at + valid)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        for serial, (moment, reason) in revoked.items():
            if moment <= at:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
                builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
        return builder.sign(issuer.key, hashes.SHA256())


def _key_usage(
    *, digital_signature: bool = False, content_commitment: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def cross_certificate(issuer: Credential, issuer_area: str, subject: Authority) -> x509.Certificate:
    """Return what ``issuer``, the principal CA of ``issuer_area``, certifies of ``subject``: its own names, levels one to one."""
    pairs = [(f"{ARC}.{issuer_area}.{n}", f"{ARC}.{subject.area_code}.{n}") for n in (1, 2, 3)]
    key = subject.principal.key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject.principal.certificate.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(subject.next_serial())
        .not_valid_before(max(LONG_AGO, issuer.certificate.not_valid_before_utc))
        .not_valid_after(LONG_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(ours), None) for ours, _ in pairs]),
            critical=True,
        )
        .add_extension(policy_mappings(pairs), critical=True)
        .add_extension(x509.NameConstraints([x509.DirectoryName(distinguished_name(*subject.names))], None), critical=True)
        .add_extension(x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=0), critical=True)
        .add_extension(x509.InhibitAnyPolicy(0), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
