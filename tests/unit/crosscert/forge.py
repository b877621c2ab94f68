"""Certificates and lists of any kind, right or wrong, for the path engine: one line each. Keys are P-256 and made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, ParsedCrl, parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(days=30), NOW + timedelta(days=300)
ARC = "2.25.1"
_serials = count(1000)
_numbers = count(1)


@cache
def key(_name: str) -> ec.EllipticCurvePrivateKey:
    """The key of this name, the same each time."""
    return ec.generate_private_key(ec.SECP256R1())


def name(*parts: str) -> x509.Name:
    """``name("潮州市", "饶平县")``: a country, then organisations and at last a common name."""
    attributes = [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN")]
    attributes += [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, part) for part in parts[:-1]]
    return x509.Name([*attributes, x509.NameAttribute(x509.NameOID.COMMON_NAME, parts[-1])])


def subtree(*parts: str) -> x509.DirectoryName:
    attributes = [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN")]
    attributes += [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, part) for part in parts]
    return x509.DirectoryName(x509.Name(attributes))


@dataclass(frozen=True)
class Plan:
    """What a certificate says. ``policies`` and ``mappings`` are last arcs; ``more`` are further extensions with their criticality."""

    subject: x509.Name
    key: str
    ca: bool = False
    path_length: int | None = None
    not_before: datetime = EARLIER
    not_after: datetime = LATER
    serial: int | None = None
    usage: Sequence[str] | None = None
    policies: Sequence[str] = ()
    mappings: Sequence[tuple[str, str]] = ()
    more: Sequence[tuple[x509.ExtensionType, bool]] = field(default_factory=tuple)
    key_identifier: bytes | None = None
    authority_key_identifier: bytes | None = None
    identifiers: bool = True


@dataclass(frozen=True)
class Signer:
    """Somebody who signs: a name and a key."""

    subject: x509.Name
    key: str

    def issue(self, plan: Plan) -> ParsedCertificate:
        """Sign ``plan``."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(plan.subject)
            .issuer_name(self.subject)
            .public_key(key(plan.key).public_key())
            .serial_number(plan.serial or next(_serials))
            .not_valid_before(plan.not_before)
            .not_valid_after(plan.not_after)
        )
        for extension, critical in _extensions(plan, self.key):
            builder = builder.add_extension(extension, critical)
        return parse_certificate(builder.sign(key(self.key), hashes.SHA256()).public_bytes(Encoding.DER))

    def root(self, **changes: Any) -> ParsedCertificate:
        """This signer's self-signed certificate."""
        return self.issue(replace(Plan(self.subject, self.key, ca=True), **changes))

    def ca(self, other: Signer, **changes: Any) -> ParsedCertificate:
        """A CA certificate for ``other``."""
        return self.issue(replace(Plan(other.subject, other.key, ca=True), **changes))

    def leaf(self, *parts: str, **changes: Any) -> ParsedCertificate:
        """An end entity's certificate."""
        return self.issue(replace(Plan(name(*parts), "leaf"), **changes))

    def crl(
        self,
        *revoked: ParsedCertificate,
        this_update: datetime = NOW - timedelta(hours=1),
        next_update: datetime | None = NOW + timedelta(days=7),
        number: int | None = None,
        signed_by: str | None = None,
        at: datetime = NOW - timedelta(hours=2),
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> ParsedCrl:
        """A revocation list in this signer's name; by another key when ``signed_by`` names one."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject).last_update(this_update)
        builder = builder.next_update(next_update or this_update + timedelta(days=7))
        for extension, critical in ((x509.CRLNumber(number or next(_numbers)), False), *more):
            builder = builder.add_extension(extension, critical)
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial).revocation_date(at)
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return parse_crl(builder.sign(key(signed_by or self.key), hashes.SHA256()).public_bytes(Encoding.DER))


def signer(*parts: str) -> Signer:
    """A signer whose key is called like itself."""
    return Signer(name(*parts), "/".join(parts))


def judge(
    target: ParsedCertificate,
    anchor: ParsedCertificate,
    certificates: Iterable[ParsedCertificate] = (),
    crls: Iterable[ParsedCrl] = (),
    **asked: Any,
) -> PathVerdict:
    """What the engine says, by default without revocation and policies."""
    usual = {"at": NOW, "explicit_policy": False, "check_revocation": False, "budget_seconds": 60.0}
    return find_path(target, anchor, Pool(certificates), CrlSet(crls), PathRequest(**{**usual, **asked}))


def reason(verdict: PathVerdict) -> tuple[str, str | None]:
    """The code of a refusal, and the common name of the certificate at fault."""
    assert not verdict.valid
    assert verdict.reason is not None
    certificate = verdict.reason.certificate
    return verdict.reason.code, None if certificate is None else common_name(certificate)


def common_name(certificate: ParsedCertificate) -> str:
    return str(certificate.asn1.subject.native["common_name"])


def names_on(verdict: PathVerdict) -> list[str]:
    return [common_name(certificate) for certificate in verdict.certificates]


def _extensions(plan: Plan, issuer_key: str) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(plan.ca, plan.path_length), True)]
    usage = plan.usage if plan.usage is not None else (("key_cert_sign", "crl_sign") if plan.ca else ("digital_signature",))
    if usage:
        flags = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        rest = {"encipher_only": False, "decipher_only": False}
        wanted = {flag: flag in usage for flag in (*flags, "key_cert_sign", "crl_sign")}
        found.append((x509.KeyUsage(**wanted, **rest), True))
    if plan.identifiers:
        own = x509.SubjectKeyIdentifier.from_public_key(key(plan.key).public_key()).digest
        issuers = x509.SubjectKeyIdentifier.from_public_key(key(issuer_key).public_key()).digest
        found.append((x509.SubjectKeyIdentifier(plan.key_identifier or own), False))
        found.append((x509.AuthorityKeyIdentifier(plan.authority_key_identifier or issuers, None, None), False))
    if plan.policies:
        found.append((x509.CertificatePolicies([x509.PolicyInformation(_oid(arc), None) for arc in plan.policies]), False))
    if plan.mappings:
        pairs = [
            {"issuer_domain_policy": _oid(ours).dotted_string, "subject_domain_policy": _oid(theirs).dotted_string}
            for ours, theirs in plan.mappings
        ]
        found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), asn1.PolicyMappings(pairs).dump()), True))
    return [*found, *plan.more]


def _oid(arc: str) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier("2.5.29.32.0" if arc == "any" else f"{ARC}.{arc}")


def oid(arc: str) -> str:
    return _oid(arc).dotted_string
